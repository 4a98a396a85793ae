package shop

import (
	"sync"
	"sync/atomic"
	"time"

	"goldensignals/internal/fault"
)

// Container is a real container that a service runs in. It must be safe for
// concurrent use.
type Container interface {
	// Stats reads the container's figures; it is called at every scrape.
	Stats() (ContainerStats, error)
	// Work uses that much processor time, for real, on the caller's goroutine.
	Work(cpu time.Duration)
	// Full reports whether nothing more can be stored on the service's volume;
	// requests that store something ask it, so it must be quick.
	Full() bool
}

// ContainerStats are the figures of a container, as cAdvisor names them. A zero
// limit or quota means that there is none.
type ContainerStats struct {
	CPUUsage            time.Duration // processor time used since the start
	CPUPeriods          uint64        // of the quota, 100 ms each
	CPUThrottledPeriods uint64        // in which somebody had to wait
	CPUThrottled        time.Duration
	CPUQuota            float64 // cores
	MemoryWorkingSet    int64   // bytes
	MemoryLimit         int64   // bytes
	OOMKills            uint64
	DiskUsed            int64  // bytes of the service's volume
	DiskLimit           int64  // bytes
	NetworkReceived     uint64 // bytes
	NetworkSent         uint64 // bytes
	Started             time.Time
}

// The sizes of a modelled container.
const (
	cpuShare    = 0.3 // of the work of a request is processor time
	cpuHeadroom = 2.5 // times the processor time that its load needs is its quota
	cpuPeriod   = 100 * time.Millisecond
	cpuClump    = 6 // requests at once that an idle container never throttles

	memoryBase    = 48 << 20
	memoryRequest = 256 << 10 // held by each request that is worked on
	memoryLimit   = 128 << 20

	diskBase  = 300 << 20
	diskLimit = 1 << 30

	bytesReceived = 600 // per request, headers included
	bytesSent     = 900
)

// leastCores keeps a throttled container from standing still for good.
const leastCores = 0.02

// box is the model of a container, worked out when somebody looks: a quota of
// processor time that refills steadily, memory up to a limit, a volume. It is
// safe for concurrent use and has no goroutine.
type box struct {
	quota   float64 // cores
	burst   int64   // nanoseconds: how far the use of the quota may run ahead
	started time.Time

	busyUntil atomic.Int64 // Unix nanoseconds: when the quota has caught up with what was asked for
	used      atomic.Int64 // nanoseconds of processor time
	requests  atomic.Int64

	mu             sync.Mutex
	throttled      int64     // nanoseconds in which somebody waited
	throttledUntil int64     // Unix nanoseconds
	burnt          float64   // seconds of processor time that faults used
	looked         time.Time // when burnt was worked out last
}

// newBox makes a container of which a request needs, at most, the given
// processor time.
func newBox(now time.Time, quota float64, largest time.Duration) *box {
	clump := cpuClump * float64(largest) / quota
	return &box{quota: quota, burst: max(int64(cpuPeriod), int64(clump)), started: now, looked: now}
}

// loan is processor time that a request has asked for.
type loan struct {
	need int64 // nanoseconds of processor time
	cost int64 // nanoseconds in which the quota refills by as much
	wait time.Duration
}

// take asks for processor time from now on; the loan says how long the request
// waits because the quota is used up. Time that is used faster than the quota
// refills is owed, first come, first served.
func (b *box) take(now time.Time, need time.Duration, st fault.State) loan {
	need = time.Duration(float64(need) * st.CostOr1())
	b.used.Add(int64(need))
	b.requests.Add(1)
	cores := max(b.quota*(st.ScaleOr1()-st.Burn), leastCores*b.quota)
	cost := int64(float64(need) / cores)
	at := now.UnixNano()
	for {
		until := b.busyUntil.Load()
		next := max(until, at-b.burst) + cost
		if !b.busyUntil.CompareAndSwap(until, next) {
			continue
		}
		l := loan{need: int64(need), cost: cost, wait: time.Duration(max(0, next-at))}
		if l.wait > 0 {
			b.throttle(at, next)
		}
		return l
	}
}

// giveBack returns what a request has asked for and not used, because nobody
// waits for it any more.
func (b *box) giveBack(l loan) {
	b.used.Add(-l.need)
	b.busyUntil.Add(-l.cost)
}

// throttle counts the time from from to to once, however many wait in it.
func (b *box) throttle(from, to int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	from = max(from, b.throttledUntil)
	if to > from {
		b.throttled += to - from
		b.throttledUntil = to
	}
}

// memory is the working set in bytes.
func (b *box) memory(busy int, st fault.State) int64 {
	return min(memoryBase+int64(busy)*memoryRequest+int64(st.Leaked), memoryLimit)
}

// outOfMemory reports whether the kernel would kill the process.
func outOfMemory(st fault.State) bool { return memoryBase+int64(st.Leaked) >= memoryLimit }

// disk is what is used of the volume, in bytes.
func disk(st fault.State) int64 { return min(diskBase+int64(st.Written), diskLimit) }

// stats are the figures at now.
func (b *box) stats(now time.Time, busy int, st fault.State) ContainerStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.burnt += st.Burn * b.quota * now.Sub(b.looked).Seconds()
	b.looked = now
	throttled := max(0, b.throttled-max(0, b.throttledUntil-now.UnixNano())) // not the part to come
	requests := uint64(b.requests.Load())
	return ContainerStats{
		CPUUsage:            time.Duration(b.used.Load()) + time.Duration(b.burnt*float64(time.Second)),
		CPUPeriods:          uint64(now.Sub(b.started) / cpuPeriod),
		CPUThrottledPeriods: uint64(time.Duration(throttled) / cpuPeriod),
		CPUThrottled:        time.Duration(throttled),
		CPUQuota:            b.quota * st.ScaleOr1(),
		MemoryWorkingSet:    b.memory(busy, st),
		MemoryLimit:         memoryLimit,
		DiskUsed:            disk(st),
		DiskLimit:           diskLimit,
		NetworkReceived:     requests * bytesReceived,
		NetworkSent:         requests * bytesSent,
		Started:             b.started,
	}
}
