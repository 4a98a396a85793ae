package cgroup

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// readV1 reads the group of a container under version 1, where every controller
// has a tree of its own and the container sees its own place as the root of
// each.
func readV1(root string, s *Stats) (err error) {
	f := &files{root: root}
	cpu, memory := f.pairs("cpu/cpu.stat"), f.pairs("memory/memory.stat")
	s.CPUUsage = time.Duration(f.number("cpuacct/cpuacct.usage"))
	s.CPUPeriods, s.CPUThrottledPeriods = cpu["nr_periods"], cpu["nr_throttled"]
	s.CPUThrottled = time.Duration(cpu["throttled_time"])
	s.MemoryWorkingSet = workingSet(f.number("memory/memory.usage_in_bytes"), memory["total_inactive_file"])
	s.MemoryLimit = limit(f.number("memory/memory.limit_in_bytes"))
	s.OOMKills = f.pairs("memory/memory.oom_control")["oom_kill"]
	quota, period := f.text("cpu/cpu.cfs_quota_us"), f.text("cpu/cpu.cfs_period_us")
	if f.err != nil {
		return f.err
	}
	s.CPUQuota, err = cores(filepath.Join(root, "cpu"), quota, period)
	return err
}

// cores works out a quota from the kernel's words. A quota that is missing or
// not a number above zero ("max", "-1") means none.
func cores(where, quota, period string) (float64, error) {
	q, err := strconv.ParseFloat(quota, 64)
	if err != nil || q <= 0 {
		return 0, nil
	}
	p, err := strconv.ParseFloat(strings.TrimSpace(period), 64)
	if err != nil || p <= 0 {
		return 0, fmt.Errorf("processor quota in %s: period %q is not a number above zero", where, period)
	}
	return q / p, nil
}

// workingSet is what cAdvisor calls so: memory that the kernel cannot take back
// as soon as it is needed.
func workingSet(usage, inactiveFile uint64) int64 {
	if inactiveFile > usage {
		return 0
	}
	return int64(usage - inactiveFile)
}

// limit is a memory limit, or 0 where the kernel says "as much as there can be".
func limit(bytes uint64) int64 {
	if bytes >= math.MaxInt64/2 {
		return 0
	}
	return int64(bytes)
}
