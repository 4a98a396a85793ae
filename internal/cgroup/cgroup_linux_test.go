package cgroup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/cgroup"
)

// started is what testdata/proc says: 1,268.86 s after the boot.
var started = time.UnixMilli(1_700_001_268_860)

func read(t *testing.T, o cgroup.Options) (cgroup.Stats, error) {
	t.Helper()
	o.Proc = "testdata/proc"
	r, err := cgroup.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r.Stats()
}

func TestStats(t *testing.T) {
	t.Parallel()
	limited := cgroup.Stats{
		CPUPeriods: 120, CPUThrottledPeriods: 30, CPUThrottled: 2500 * time.Millisecond, CPUQuota: 0.5,
		MemoryWorkingSet: 24 << 20, MemoryLimit: 64 << 20, OOMKills: 3,
		NetworkReceived: 2500, NetworkSent: 1300, Started: started,
	}
	v1, v2 := limited, limited
	v1.CPUUsage, v2.CPUUsage = 32378636*time.Nanosecond, 5*time.Second
	inside := func(s cgroup.Stats) cgroup.Stats {
		s.NetworkReceived, s.NetworkSent, s.Started = 2500, 1300, started
		return s
	}
	for _, tt := range []struct {
		root string
		want cgroup.Stats
	}{
		{"v1", v1},
		{"v2", v2},
		{"v1-unlimited", inside(cgroup.Stats{MemoryWorkingSet: 24 << 20})},
		{"v1-memory-only", inside(cgroup.Stats{MemoryWorkingSet: 24 << 20, MemoryLimit: 64 << 20})},
		{"v1-host", cgroup.Stats{Started: started}},
		{"v2-unlimited", inside(cgroup.Stats{CPUUsage: 5 * time.Second})},
		{"v2-no-controllers", inside(cgroup.Stats{})},
		{"v2-host", cgroup.Stats{Started: started}},
		{"no-such-folder", cgroup.Stats{Started: started}},
	} {
		t.Run(tt.root, func(t *testing.T) {
			t.Parallel()
			got, err := read(t, cgroup.Options{Root: filepath.Join("testdata", tt.root)})
			if err != nil {
				t.Fatalf("Stats() = %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Stats() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatsSaysWhatItCannotRead(t *testing.T) {
	t.Parallel()
	_, err := read(t, cgroup.Options{Root: "testdata/v2-broken"})
	if err == nil || !strings.Contains(err.Error(), "cpu.max") {
		t.Errorf("Stats() = %v, want an error that names cpu.max", err)
	}
	if _, err := cgroup.New(cgroup.Options{Proc: "testdata/no-such-folder"}); err == nil {
		t.Error("New without /proc succeeded")
	}
}

func TestVolume(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, size := range map[string]int{"a": 1000, "sub/b": 500} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := read(t, cgroup.Options{Root: "testdata/v2", Volume: dir, VolumeSize: 4096})
	if err != nil || s.DiskUsed != 1500 || s.DiskLimit != 4096 {
		t.Errorf("used %d of %d, %v; want 1500 of 4096: a part of the file system", s.DiskUsed, s.DiskLimit, err)
	}
	s, err = read(t, cgroup.Options{Root: "testdata/v2", Volume: dir})
	if err != nil || s.DiskUsed <= 1500 || s.DiskLimit <= s.DiskUsed {
		t.Errorf("used %d of %d, %v; want the whole file system", s.DiskUsed, s.DiskLimit, err)
	}
	if _, err := read(t, cgroup.Options{Root: "testdata/v2", Volume: filepath.Join(dir, "gone")}); err == nil {
		t.Error("a volume that is gone was read")
	}
}

// TestHere reads whatever this machine has.
func TestHere(t *testing.T) {
	t.Parallel()
	r, err := cgroup.New(cgroup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(s.Started); age < -2*time.Second || age > time.Hour {
		t.Errorf("the process started at %v, %v ago", s.Started, age)
	}
}
