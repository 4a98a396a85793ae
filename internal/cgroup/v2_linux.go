package cgroup

import (
	"path/filepath"
	"strings"
	"time"
)

// readV2 reads the group of a container under version 2, whose root is the
// container's own group.
func readV2(root string, s *Stats) (err error) {
	f := &files{root: root}
	cpu, memory := f.pairs("cpu.stat"), f.pairs("memory.stat")
	s.CPUUsage = time.Duration(cpu["usage_usec"]) * time.Microsecond
	s.CPUPeriods, s.CPUThrottledPeriods = cpu["nr_periods"], cpu["nr_throttled"]
	s.CPUThrottled = time.Duration(cpu["throttled_usec"]) * time.Microsecond
	s.MemoryWorkingSet = workingSet(f.number("memory.current"), memory["inactive_file"])
	s.MemoryLimit = limit(f.number("memory.max"))
	s.OOMKills = f.pairs("memory.events")["oom_kill"]
	quota, period, _ := strings.Cut(f.text("cpu.max"), " ")
	if f.err != nil {
		return f.err
	}
	s.CPUQuota, err = cores(filepath.Join(root, "cpu.max"), quota, period)
	return err
}
