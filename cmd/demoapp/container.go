package main

import (
	"time"

	"goldensignals/internal/cgroup"
	"goldensignals/internal/havoc"
	"goldensignals/internal/shop"
)

// container is the one that this process runs in, as the shop wants it.
type container struct {
	reader  *cgroup.Reader
	earlier int64 // kills before the control group began to count
}

// Stats implements shop.Container.
func (c container) Stats() (shop.ContainerStats, error) {
	s, err := c.reader.Stats()
	if err != nil {
		return shop.ContainerStats{}, err
	}
	s.OOMKills = uint64(max(0, int64(s.OOMKills)+c.earlier))
	return shop.ContainerStats(s), nil
}

// Work implements shop.Container.
func (container) Work(cpu time.Duration) { havoc.Work(cpu) }
