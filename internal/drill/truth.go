// Package drill holds the words of practising: the scenario of a drill, the
// truth about it (what users saw) and the score. It does no I/O.
package drill

import "time"

// Second is what the users of one journey saw of the requests that they sent
// within one second of the clock. It is the truth that alerts are judged by.
type Second struct {
	At       time.Time // start of the second
	Journey  string    // browse, product, checkout
	Requests int
	Failed   int // answered 5xx, or not at all
	Slow     int // succeeded, but slower than the latency objective (300 ms)
}
