//go:build race

package stack

// RaceDetector tells tests that everything is ten times slower.
const RaceDetector = true
