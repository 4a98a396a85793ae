package cgroup

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/cgroups/v3/cgroup1"
)

// readV1 reads the group of a container under version 1, where every controller
// has a tree of its own and the container sees its own place as the root of
// each. containerd's package reads statistics; of the quota it has only the
// writing.
func readV1(root string, s *Stats) error {
	group, err := cgroup1.Load(cgroup1.StaticPath("/"), cgroup1.WithHierarchy(func() ([]cgroup1.Subsystem, error) {
		return []cgroup1.Subsystem{
			cgroup1.NewCpu(root),
			cgroup1.NewCpuacct(root),
			cgroup1.NewMemory(root, cgroup1.OptionalSwap(), cgroup1.IgnoreModules("kmem", "kmem.tcp")),
		}, nil
	}))
	if err != nil {
		return err
	}
	m, err := group.Stat(cgroup1.IgnoreNotExist)
	if err != nil {
		return err
	}
	s.CPUUsage = time.Duration(m.GetCPU().GetUsage().GetTotal())
	s.CPUPeriods = m.GetCPU().GetThrottling().GetPeriods()
	s.CPUThrottledPeriods = m.GetCPU().GetThrottling().GetThrottledPeriods()
	s.CPUThrottled = time.Duration(m.GetCPU().GetThrottling().GetThrottledTime())
	memory := m.GetMemory()
	s.MemoryWorkingSet = workingSet(memory.GetUsage().GetUsage(), memory.GetTotalInactiveFile())
	s.MemoryLimit = limit(memory.GetUsage().GetLimit())
	s.OOMKills = m.GetMemoryOomControl().GetOomKill()
	s.CPUQuota, err = quotaV1(root)
	return err
}

func quotaV1(root string) (float64, error) {
	quota, err := readText(root, "cpu", "cpu.cfs_quota_us")
	if err != nil {
		return 0, err
	}
	period, err := readText(root, "cpu", "cpu.cfs_period_us")
	if err != nil {
		return 0, err
	}
	return cores(filepath.Join(root, "cpu"), quota, period)
}

// cores works out a quota from the kernel's words. A quota that is missing or
// not a number above zero ("max", "-1") means none.
func cores(where, quota, period string) (float64, error) {
	q, err := strconv.ParseFloat(strings.TrimSpace(quota), 64)
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
