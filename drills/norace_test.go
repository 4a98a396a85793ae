//go:build !race

package drills_test

const raceDetector = false
