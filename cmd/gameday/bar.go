package main

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// newBar shows progress on stderr if that is a terminal.
func newBar(stderr io.Writer, drills int) *bar {
	b := &bar{parts: make([]float64, drills), show: func(float64) {}, end: func() {}}
	f, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return b
	}
	const steps = 1000
	p := progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(f),
		progressbar.OptionSetDescription(fmt.Sprintf("replaying %d drills", drills)),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
	)
	// A bar that cannot be drawn is no reason to stop a replay.
	b.show = func(ratio float64) { _ = p.Set(int(ratio * steps)) }
	b.end = func() { _ = p.Finish() }
	return b
}
