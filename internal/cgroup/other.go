//go:build !linux

package cgroup

import "time"

// Only Linux has control groups.

func readGroup(string, *Stats) (bool, error) { return false, nil }

func startOf(string) (time.Time, error) { return time.Now(), nil }

func network(string) (received, sent uint64, err error) { return 0, 0, nil }

// fileSystem knows nothing of the file system but that it is large enough.
func fileSystem(string) (total, free int64, err error) { return 1 << 62, 1 << 62, nil }
