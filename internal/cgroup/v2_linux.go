package cgroup

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/containerd/cgroups/v3/cgroup2"
)

// readV2 reads the group of a container under version 2, whose root is the
// container's own group. containerd's package reads statistics; of the quota it
// has only the writing.
func readV2(root string, s *Stats) error {
	group, err := cgroup2.Load("/", cgroup2.WithMountpoint(root))
	if err != nil {
		return err
	}
	m, err := group.StatFiltered(cgroup2.StatCPU | cgroup2.StatMemory | cgroup2.StatMemoryEvents)
	if err != nil {
		return err
	}
	cpu, memory := m.GetCPU(), m.GetMemory()
	s.CPUUsage = time.Duration(cpu.GetUsageUsec()) * time.Microsecond
	s.CPUPeriods, s.CPUThrottledPeriods = cpu.GetNrPeriods(), cpu.GetNrThrottled()
	s.CPUThrottled = time.Duration(cpu.GetThrottledUsec()) * time.Microsecond
	s.MemoryWorkingSet = workingSet(memory.GetUsage(), memory.GetInactiveFile())
	s.MemoryLimit = limit(memory.GetUsageLimit())
	s.OOMKills = m.GetMemoryEvents().GetOomKill()

	text, err := readText(root, "cpu.max")
	if err != nil {
		return err
	}
	quota, period, _ := strings.Cut(strings.TrimSpace(text), " ")
	s.CPUQuota, err = cores(filepath.Join(root, "cpu.max"), quota, period)
	return err
}
