// Package cgroup reads the figures of the container that the process runs in:
// processor time and throttling, memory and kills, network, volume, start. It
// knows version 2 of control groups and, where that is not in use, version 1.
// cmd/demoapp calls it at every scrape. It never changes a control group, keeps
// nothing but what it was made with, and starts no goroutine.
//
// Outside of a container, and on systems without control groups, the figures
// are zero: those of the whole machine would look like a container's.
package cgroup

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Stats are the figures of a container. A zero limit or quota means that there
// is none.
type Stats struct {
	CPUUsage            time.Duration // processor time used since the start
	CPUPeriods          uint64        // of the quota
	CPUThrottledPeriods uint64        // in which somebody had to wait
	CPUThrottled        time.Duration
	CPUQuota            float64 // cores
	MemoryWorkingSet    int64   // bytes; what the kernel can take back at once is not in it
	MemoryLimit         int64   // bytes
	OOMKills            uint64  // since the control group was made: a restart begins at 0
	DiskUsed            int64   // bytes of the volume
	DiskLimit           int64   // bytes
	NetworkReceived     uint64  // bytes, without the loopback
	NetworkSent         uint64  // bytes, without the loopback
	Started             time.Time
}

// Options say where to read. The zero value reads the container of the calling
// process, and no volume.
type Options struct {
	Root string // where control groups are mounted; empty: /sys/fs/cgroup
	Proc string // empty: /proc
	// Volume is the folder that the service keeps its data in; empty: none.
	Volume string
	// VolumeSize is what may be used of the volume, in bytes. 0: all that its
	// file system has.
	VolumeSize int64
}

// Reader reads the figures. It is safe for concurrent use.
type Reader struct {
	o       Options
	started time.Time
}

// New returns a reader.
func New(o Options) (*Reader, error) {
	if o.Root == "" {
		o.Root = "/sys/fs/cgroup"
	}
	if o.Proc == "" {
		o.Proc = "/proc"
	}
	started, err := startOf(o.Proc)
	if err != nil {
		return nil, fmt.Errorf("read start of process: %w", err)
	}
	// Kept: the kernel works the start out from the time of day, and a start
	// that moves looks like a restart.
	return &Reader{o: o, started: started}, nil
}

// Stats reads the figures as they are now.
func (r *Reader) Stats() (Stats, error) {
	s := Stats{Started: r.started}
	inside, err := readGroup(r.o.Root, &s)
	if err != nil {
		return Stats{}, fmt.Errorf("read control group: %w", err)
	}
	if inside {
		if s.NetworkReceived, s.NetworkSent, err = network(r.o.Proc); err != nil {
			return Stats{}, fmt.Errorf("read network: %w", err)
		}
	}
	if r.o.Volume == "" {
		return s, nil
	}
	if s.DiskUsed, s.DiskLimit, err = r.volume(); err != nil {
		return Stats{}, fmt.Errorf("read volume: %w", err)
	}
	return s, nil
}

// volume says how much of the volume is used and may be used. A size that is
// smaller than the file system counts the files of the folder: the rest of the
// file system is somebody else's.
func (r *Reader) volume() (used, limit int64, err error) {
	total, free, err := fileSystem(r.o.Volume)
	if err != nil {
		return 0, 0, err
	}
	if r.o.VolumeSize == 0 || r.o.VolumeSize >= total {
		return total - free, total, nil
	}
	used, err = sizeOf(r.o.Volume)
	return used, r.o.VolumeSize, err
}

// sizeOf adds up the files in a folder. One that goes away meanwhile counts
// nothing.
func sizeOf(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case os.IsNotExist(err) && path != dir:
			return nil
		case err != nil:
			return err
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		} else if !os.IsNotExist(err) {
			return err
		}
		return nil
	})
	return sum, err
}
