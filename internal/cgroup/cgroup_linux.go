package cgroup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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

// readText reads a file that may be missing, as every file of a controller that
// is not switched on is; its text is then empty.
func readText(elem ...string) (string, error) {
	text, err := os.ReadFile(filepath.Join(elem...))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
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
