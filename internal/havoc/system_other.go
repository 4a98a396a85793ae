//go:build !linux

package havoc

import (
	"os"
	"time"
)

// Work uses about so much processor time on the caller's goroutine: without the
// clock of a thread, the time that passes stands for it.
func Work(cpu time.Duration) {
	for start := time.Now(); time.Since(start) < cpu; {
		spin()
	}
}

// fileSystem knows nothing of the file system but that it is large enough.
func fileSystem(string) (total, free int64, err error) { return 1 << 62, 1 << 62, nil }

func grow(file *os.File, from, to int64) error { return write(file, from, to) }
