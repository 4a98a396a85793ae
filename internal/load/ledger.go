package load

import (
	"maps"
	"slices"
	"sync"
	"time"

	"goldensignals/internal/drill"
)

// chunkSeconds is how many seconds a chunk of the ledger holds.
const chunkSeconds = 600

// ledger remembers what users saw, per second of arrival and journey. It is
// kept in chunks, so that it costs 36 bytes a second for three journeys and
// old chunks can be dropped whole. It is safe for concurrent use.
type ledger struct {
	journeys  []journey
	retention int64 // seconds

	mu     sync.Mutex
	newest int64             // the latest chunk number
	chunks map[int64][]tally // :: Unix seconds / chunkSeconds -> chunkSeconds x journeys
}

// tally counts the users of one second and journey.
type tally struct{ requests, failed, slow uint32 }

func newLedger(journeys []journey, retention time.Duration) *ledger {
	return &ledger{
		journeys:  journeys,
		retention: int64(retention / time.Second),
		chunks:    make(map[int64][]tally),
	}
}

// add counts one user of the jth journey.
func (l *ledger) add(arrival time.Time, j int, o outcome) {
	sec := arrival.Unix()
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.chunk(sec / chunkSeconds)
	t := &c[int(sec%chunkSeconds)*len(l.journeys)+j]
	t.requests++
	switch o {
	case failed:
		t.failed++
	case slow:
		t.slow++
	default: // fine: counted as a request only
	}
}

// chunk finds the nth chunk or makes it, which drops those that are too old.
func (l *ledger) chunk(n int64) []tally {
	if c, ok := l.chunks[n]; ok {
		return c
	}
	c := make([]tally, chunkSeconds*len(l.journeys))
	l.chunks[n] = c
	l.newest = max(l.newest, n)
	maps.DeleteFunc(l.chunks, func(k int64, _ []tally) bool {
		return (l.newest-k-1)*chunkSeconds >= l.retention
	})
	return c
}

// between lists what is known of from <= At < to, by time and journey.
func (l *ledger) between(from, to time.Time) []drill.Second {
	first, last := ceilSecond(from), ceilSecond(to)
	l.mu.Lock()
	defer l.mu.Unlock()
	var seen []drill.Second
	for _, n := range slices.Sorted(maps.Keys(l.chunks)) {
		if n < first/chunkSeconds || n > last/chunkSeconds {
			continue
		}
		for i, t := range l.chunks[n] {
			sec := n*chunkSeconds + int64(i/len(l.journeys))
			if t.requests == 0 || sec < first || sec >= last {
				continue
			}
			seen = append(seen, drill.Second{
				At:       time.Unix(sec, 0).UTC(),
				Journey:  l.journeys[i%len(l.journeys)].name,
				Requests: int(t.requests),
				Failed:   int(t.failed),
				Slow:     int(t.slow),
			})
		}
	}
	return seen
}

// ceilSecond is the first whole second that is not before t.
func ceilSecond(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}
