package havoc

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// FillFile is the name of the file that fills the volume.
const FillFile = "fill"

// hostReserve is what is left free of a file system that is not the service's
// alone, in bytes.
const hostReserve = 1 << 30

// filler wastes space on the volume.
type filler struct {
	dir    string // empty: there is none
	size   int64  // what the service may use of the volume
	log    *slog.Logger
	last   int64 // what was asked for last
	failed bool  // it was said that it does not work
	began  bool
}

// set grows or shrinks the file that fills the volume.
func (f *filler) set(written int64) {
	if f.dir == "" || f.began && written == f.last {
		return
	}
	f.began, f.last = true, written
	err := f.resize(written)
	if err != nil && !errors.Is(err, syscall.ENOSPC) && !f.failed { // a full volume is what was wanted
		f.failed = true
		f.log.Warn("the volume cannot be filled", "err", err)
	}
}

func (f *filler) resize(written int64) (err error) {
	path := filepath.Join(f.dir, FillFile)
	if written <= 0 { // also at the start: what was killed could not clean up
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	total, free, err := fileSystem(f.dir)
	if err != nil {
		return err
	}
	want := fill(written, volume{own: info.Size(), size: f.size, total: total, free: free})
	if want < info.Size() {
		return file.Truncate(want)
	}
	return grow(file, info.Size(), want)
}

// volume is where there is room; all in bytes.
type volume struct {
	own   int64 // that the file has already
	size  int64 // that the service may use
	total int64 // of the file system
	free  int64 // of the file system
}

// fill is how large the file shall be. A file system that is larger than what
// the service may use of it is not the service's alone, and is never filled.
func fill(written int64, v volume) int64 {
	reserve := int64(0)
	if v.total > v.size {
		reserve = hostReserve
	}
	room := v.own + max(v.free-reserve, 0)
	return max(0, min(written, v.size, room))
}

// block is how much is written at a time, where space cannot be had otherwise.
const block = 1 << 20

// write grows the file by writing zeroes.
func write(file *os.File, from, to int64) error {
	zeroes := make([]byte, block)
	for from < to {
		n, err := file.WriteAt(zeroes[:min(block, to-from)], from)
		if err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}
