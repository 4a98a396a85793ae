package havoc

import (
	"os"
	"runtime/debug"
)

// chunk is how much memory is lost at a time.
const chunk = 1 << 20

// leak is memory that the process has lost: on its own heap, where a program
// that forgets to let go of something has it, and touched, so that the kernel
// counts it.
type leak struct {
	chunks [][]byte
}

// set loses memory, or finds it again, until it is so many bytes, rounded down
// to whole chunks.
func (l *leak) set(bytes int64) {
	want := int(max(bytes, 0) / chunk)
	if want < len(l.chunks) {
		clear(l.chunks[want:])
		l.chunks = l.chunks[:want]
		debug.FreeOSMemory() // the heap would keep it for minutes
	}
	for len(l.chunks) < want {
		c := make([]byte, chunk)
		for i := 0; i < len(c); i += os.Getpagesize() {
			c[i] = 1
		}
		l.chunks = append(l.chunks, c)
	}
}

// bytes is how much is lost.
func (l *leak) bytes() int64 { return int64(len(l.chunks)) * chunk }
