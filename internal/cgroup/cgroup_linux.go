package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// readGroup fills in what the control group tells. It reports whether there is
// one: false outside of a container.
func readGroup(root string, s *Stats) (inside bool, err error) {
	switch {
	case exists(root, "cgroup.controllers"):
		// Only the group that is the root of all has no type.
		if !exists(root, "cgroup.type") {
			return false, nil
		}
		return true, readV2(root, s)
	case exists(root, "memory", "cgroup.procs"):
		// Only the group that is the root of all has a release agent.
		if exists(root, "memory", "release_agent") {
			return false, nil
		}
		return true, readV1(root, s)
	default:
		return false, nil
	}
}

func exists(elem ...string) bool {
	_, err := os.Stat(filepath.Join(elem...))
	return err == nil
}

// files reads the files of a control group and keeps the first error. A file that
// is missing, as every file of a controller that is not switched on is, has no text.
type files struct {
	root string
	err  error
}

func (f *files) text(name string) string {
	text, err := os.ReadFile(filepath.Join(f.root, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.fail(err)
	}
	return strings.TrimSpace(string(text))
}

// number reads a file of one number; "max" is more than there can be.
func (f *files) number(name string) uint64 {
	text := f.text(name)
	switch text {
	case "":
		return 0
	case "max":
		return math.MaxUint64
	}
	return f.parse(name, text)
}

// pairs reads a file whose lines are a name and a number each.
func (f *files) pairs(name string) map[string]uint64 {
	pairs := map[string]uint64{}
	for line := range strings.Lines(f.text(name)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		pairs[key] = f.parse(name+": "+key, value)
	}
	return pairs
}

// parse reads what the kernel counts. Some kernels let a counter that was read
// while it changed fall below zero.
func (f *files) parse(where, text string) uint64 {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n < 0 {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		f.fail(fmt.Errorf("%s: %w", filepath.Join(f.root, where), err))
	}
	return n
}

func (f *files) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// startOf is when the calling process started. Its container started then, too:
// it has no other process that lives longer.
func startOf(proc string) (time.Time, error) {
	files, err := procfs.NewFS(proc)
	if err != nil {
		return time.Time{}, err
	}
	self, err := files.Self()
	if err != nil {
		return time.Time{}, err
	}
	stat, err := self.Stat()
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := stat.StartTime()
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(int64(seconds * 1000)), nil
}

// network adds up the interfaces, without the loopback.
func network(proc string) (received, sent uint64, err error) {
	files, err := procfs.NewFS(proc)
	if err != nil {
		return 0, 0, err
	}
	devices, err := files.NetDev()
	if err != nil {
		return 0, 0, err
	}
	delete(devices, "lo")
	total := devices.Total()
	return total.RxBytes, total.TxBytes, nil
}

// fileSystem says how large the file system of a folder is and what is free.
func fileSystem(dir string) (total, free int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(st.Blocks) * st.Bsize, int64(st.Bfree) * st.Bsize, nil
}
