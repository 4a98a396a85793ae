package havoc

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Work uses so much processor time on the caller's goroutine. Processor time is
// not time: where others need the processor, or the container's quota is used
// up, it takes longer.
func Work(cpu time.Duration) {
	runtime.LockOSThread() // the clock is the thread's
	defer runtime.UnlockOSThread()
	for end := threadTime() + cpu; threadTime() < end; {
		spin()
	}
}

func threadTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic("read the thread's processor time: " + err.Error()) // every Linux has this clock
	}
	return time.Duration(ts.Nano())
}

// fileSystem says how large the file system of a folder is and what is free.
func fileSystem(dir string) (total, free int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(st.Blocks) * st.Bsize, int64(st.Bavail) * st.Bsize, nil
}

// grow takes space for the file. It does not write it: what is written would
// pass through the memory that the container may have.
func grow(file *os.File, from, to int64) error {
	if from >= to {
		return nil
	}
	err := unix.Fallocate(int(file.Fd()), 0, from, to-from)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return write(file, from, to)
	}
	return err
}
