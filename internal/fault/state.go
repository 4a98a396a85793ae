package fault

import "time"

// Effect is what the active faults of a service do to one request. The zero
// value is a request that nothing happens to.
type Effect struct {
	Fail   bool          // answer 500
	Delay  time.Duration // wait this long first
	Cut    bool          // the services behind cannot be reached
	Canary bool          // the other release serves it: see State.Release
	Lost   bool          // it never reaches the service
}

// State is what the active faults and repairs of a service make of it as a
// whole. The zero value is a service that nothing happens to, except that Scale
// and Pool are zero where 1 is meant: read them with ScaleOr1 and PoolOr1.
type State struct {
	Down     bool          // its process does not run
	Restart  time.Time     // its process must not be older than this
	Release  string        // the release that is rolled out; empty: the usual one
	Canary   string        // a second release that serves a share of the requests; empty: none
	Burn     float64       // share of its processor quota that something else in its container uses
	Cost     float64       // processor time of a request is as many times higher, plus 1
	Pause    time.Duration // everything in it stands still for this long from now on
	Leaked   Bytes         // memory that its process has lost since it started
	Written  Bytes         // disk space that is wasted
	Stalled  bool          // its queue is not worked on
	PoolLost float64       // share of its connections that are lost
	Hidden   bool          // it cannot be scraped
	HostBurn float64       // share of the host's processors that something beside it uses
	Crowd    float64       // requests of robots for each request of a user

	Scale   float64   // as many replicas share its load
	Pool    float64   // its connection pool is as many times larger
	Shed    bool      // requests of robots are turned away
	Drained time.Time // jobs queued before this were set aside
}

// ScaleOr1 is how many replicas share the load.
func (s State) ScaleOr1() float64 { return max(s.Scale, 1) }

// PoolOr1 is how many times larger than usual the connection pool is.
func (s State) PoolOr1() float64 { return max(s.Pool, 1) }

// CostOr1 is how many times more processor time than usual a request needs.
func (s State) CostOr1() float64 { return 1 + s.Cost }
