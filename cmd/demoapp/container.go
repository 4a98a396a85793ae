package main

import (
	"sync"
	"time"

	"goldensignals/internal/cgroup"
	"goldensignals/internal/havoc"
	"goldensignals/internal/shop"
)

// fullFor is how long an answer to Full holds: requests ask more often than a
// volume changes.
const fullFor = 200 * time.Millisecond

// container is the one that this process runs in, as the shop wants it.
type container struct {
	reader  *cgroup.Reader
	earlier int64 // kills before the control group began to count

	mu     sync.Mutex
	looked time.Time
	full   bool
}

// Stats implements shop.Container.
func (c *container) Stats() (shop.ContainerStats, error) {
	s, err := c.reader.Stats()
	if err != nil {
		return shop.ContainerStats{}, err
	}
	s.OOMKills = uint64(max(0, int64(s.OOMKills)+c.earlier))
	return shop.ContainerStats(s), nil
}

// Work implements shop.Container.
func (*container) Work(cpu time.Duration) { havoc.Work(cpu) }

// Full implements shop.Container. A volume that cannot be looked at counts as
// full: what has to be stored there would be lost.
func (c *container) Full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= fullFor {
		s, err := c.reader.Stats()
		c.full = err != nil || s.DiskLimit > 0 && s.DiskUsed >= s.DiskLimit
		c.looked = now
	}
	return c.full
}
