//go:build !race

package designs_test

const raceDetector = false
