//go:build race

package runbooks_test

const raceDetector = true
