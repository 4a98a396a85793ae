package havoc

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// window is how often a burner burns and rests: short enough that requests are
// slowed down evenly.
const window = 20 * time.Millisecond

// spread says how many burners use so many processors, and how much of one each
// of them uses.
func spread(cores float64) (n int, duty float64) {
	if cores <= 0 {
		return 0, 0
	}
	n = int(math.Ceil(cores))
	return n, cores / float64(n)
}

// burners use processor time, each on a goroutine of its own.
type burners struct {
	work  func(time.Duration)
	duty  atomic.Uint64 // bits of a float64
	stops []context.CancelFunc
	ended sync.WaitGroup
}

// set has n burners use a share of a processor each. It waits for those that
// are too many.
func (b *burners) set(n int, duty float64) {
	b.duty.Store(math.Float64bits(duty))
	if n < len(b.stops) {
		for _, stop := range b.stops {
			stop()
		}
		b.ended.Wait()
		b.stops = nil
	}
	for len(b.stops) < n {
		ctx, stop := context.WithCancel(context.Background())
		b.stops = append(b.stops, stop)
		b.ended.Go(func() { b.burn(ctx) })
	}
}

func (b *burners) burn(ctx context.Context) {
	next := time.NewTicker(window)
	defer next.Stop()
	for {
		b.work(time.Duration(math.Float64frombits(b.duty.Load()) * float64(window)))
		select {
		case <-ctx.Done():
			return
		case <-next.C: // has passed already, if the work was throttled
		}
	}
}
