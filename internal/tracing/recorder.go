// Package tracing keeps traces: a flight recorder in memory holds the failed
// and the slowest ones of the last hour, and an exporter sends spans to a
// collector where the standard environment names one. The stack makes both and
// hands them to the services and users; the console reads the recorder. The
// package never decides what a request does, and a request never waits for it
// longer than for a mutex.
package tracing

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"goldensignals/internal/trace"
)

// Spans is told of spans that have ended.
type Spans interface{ Record(trace.Span) }

// Tee tells several.
type Tee []Spans

// Record tells each in turn.
func (t Tee) Record(s trace.Span) {
	for _, next := range t {
		next.Record(s)
	}
}

// What a Recorder keeps unless it is told otherwise.
const (
	DefaultRing = 1 << 14 // spans; a minute and a half of 40 requests a second
	DefaultKeep = 50      // traces of each kind
	DefaultFor  = time.Hour
)

// maxSpans bounds what is kept of one trace: whoever sends many requests under
// one id gets no more.
const maxSpans = 64

// apart is the least time between two kept failed traces of the same request
// and outcome: in an outage they are all alike, and would be out of the list
// again before somebody has followed the link to one.
const apart = 10 * time.Second

// checkEvery is how often a busy Recorder looks for what is too old.
const checkEvery = 10 * time.Second

// Options are what a Recorder is made from. Zeros mean the defaults above.
type Options struct {
	// Entry is the service that users call: its server spans end a trace, as
	// do spans without a parent.
	Entry string
	Ring  int           // spans that are remembered until their trace ends; rounded up to a power of two
	Keep  int           // failed traces (not all of those that are alike), and as many of the slowest
	For   time.Duration // how long a trace is kept
}

// Recorder is a bounded flight recorder. Every span goes into a ring; when the
// trace that it belongs to ends failed, or slower than others did, its spans
// are gathered from there and kept. Spans that come later, such as those of a
// service that was slower than its caller's patience, are added. Times are
// those of the spans. It is safe for concurrent use and owns no goroutine.
type Recorder struct {
	options Options

	mu      sync.Mutex
	ring    []slot
	heads   []uint64 // :: hash of a trace -> number of its last span
	last    uint64   // number of the last span; the first one is 1
	kept    map[trace.ID]*kept
	failed  []*kept // oldest first
	slowest []*kept // slowest first; those that did not fail
	spare   []*kept // memory of traces that are no longer kept
	checked time.Time
}

// slot is a span in the ring. Spans whose traces have the same hash make a
// list, the newest first.
type slot struct {
	span   trace.Span
	before uint64 // number of the next older one in the list
}

// kept is a trace that is kept.
type kept struct {
	root  trace.Span // at whose end it was decided to keep it
	spans []trace.Span
}

// New makes an empty Recorder.
func New(o Options) *Recorder {
	if o.Ring <= 0 {
		o.Ring = DefaultRing
	}
	if o.Keep <= 0 {
		o.Keep = DefaultKeep
	}
	if o.For <= 0 {
		o.For = DefaultFor
	}
	size := 1
	for size < o.Ring {
		size *= 2
	}
	return &Recorder{
		options: o,
		ring:    make([]slot, size),
		heads:   make([]uint64, size),
		kept:    make(map[trace.ID]*kept, 2*o.Keep),
	}
}

// Record remembers s, and keeps its trace if s says that the trace is worth it.
func (r *Recorder) Record(s trace.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.kept[s.Trace]; ok {
		k.add(s)
		return
	}
	r.remember(s)
	if s.Parent == 0 || s.Kind == trace.Server && s.Service == r.options.Entry {
		r.judge(s)
	}
}

func (r *Recorder) remember(s trace.Span) {
	r.last++
	head := r.head(s.Trace)
	r.ring[r.last&r.mask()] = slot{span: s, before: *head}
	*head = r.last
}

func (r *Recorder) mask() uint64 { return uint64(len(r.ring) - 1) }

// head is where the list begins that the trace's spans are in.
func (r *Recorder) head(id trace.ID) *uint64 {
	h := uint64(0)
	for _, b := range id[8:] { // ours differ there; whoever sends others costs us longer lists
		h = h<<8 | uint64(b)
	}
	return &r.heads[trace.Mix(h)&r.mask()]
}

// judge decides about a trace at its end.
func (r *Recorder) judge(root trace.Span) {
	now := root.End()
	if now.Sub(r.checked) >= checkEvery {
		r.expire(now)
	}
	if root.Failed {
		if slices.ContainsFunc(r.failed, func(k *kept) bool { return k.tells(root) }) {
			return
		}
		if len(r.failed) >= r.options.Keep {
			r.forget(r.failed[0])
			r.failed = slices.Delete(r.failed, 0, 1)
		}
		r.failed = append(r.failed, r.keep(root))
		return
	}
	n := len(r.slowest)
	if n >= r.options.Keep {
		if r.slowest[n-1].root.Took >= root.Took {
			return
		}
		r.forget(r.slowest[n-1])
		r.slowest = r.slowest[:n-1]
	}
	at, _ := slices.BinarySearchFunc(r.slowest, root.Took, func(k *kept, took time.Duration) int {
		return cmp.Compare(took, k.root.Took)
	})
	r.slowest = slices.Insert(r.slowest, at, r.keep(root))
}

// keep gathers what the ring has of a trace.
func (r *Recorder) keep(root trace.Span) *kept {
	var k *kept
	if n := len(r.spare); n > 0 {
		k, r.spare = r.spare[n-1], r.spare[:n-1]
	} else {
		k = &kept{}
	}
	k.root = root
	k.spans = r.gather(k.spans, root.Trace)
	r.kept[root.Trace] = k
	return k
}

// gather adds what the ring has of a trace to spans.
func (r *Recorder) gather(spans []trace.Span, id trace.ID) []trace.Span {
	for n := *r.head(id); n > 0 && r.last-n < uint64(len(r.ring)) && len(spans) < maxSpans; {
		slot := &r.ring[n&r.mask()]
		if slot.span.Trace == id {
			spans = append(spans, slot.span)
		}
		n = slot.before
	}
	return spans
}

// tells reports whether k tells all there is to know of a trace that failed
// just now.
func (k *kept) tells(root trace.Span) bool {
	return k.root.Name == root.Name && k.root.Status == root.Status && k.root.Error == root.Error && root.End().Sub(k.root.End()) < apart
}

func (k *kept) add(s trace.Span) {
	if len(k.spans) < maxSpans {
		k.spans = append(k.spans, s)
	}
}

// forget drops a trace and keeps its memory for another.
func (r *Recorder) forget(k *kept) {
	delete(r.kept, k.root.Trace)
	k.spans = k.spans[:0]
	r.spare = append(r.spare, k)
}

// expire forgets what is too old at now.
func (r *Recorder) expire(now time.Time) {
	old := func(k *kept) bool {
		if now.Sub(k.root.End()) <= r.options.For {
			return false
		}
		r.forget(k)
		return true
	}
	r.failed = slices.DeleteFunc(r.failed, old)
	r.slowest = slices.DeleteFunc(r.slowest, old)
	r.checked = now
}

// Failed lists the failed traces that are kept at now, newest first.
func (r *Recorder) Failed(now time.Time) []trace.Trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(now)
	list := copies(r.failed)
	slices.Reverse(list)
	return list
}

// Slowest lists the slowest traces of those that did not fail and are kept at
// now, slowest first.
func (r *Recorder) Slowest(now time.Time) []trace.Trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(now)
	list := copies(r.slowest)
	slices.SortStableFunc(list, func(a, b trace.Trace) int { // spans that came later may have a longer one around it all
		return cmp.Compare(b.Root().Took, a.Root().Took)
	})
	return list
}

// Trace finds the trace with an id, if it is kept at now or so recent that its
// spans are still remembered: ids in logs and exemplars are mostly of those.
func (r *Recorder) Trace(now time.Time, id trace.ID) (trace.Trace, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(now)
	if k, ok := r.kept[id]; ok {
		return k.copy(), true
	}
	spans := slices.DeleteFunc(r.gather(nil, id), func(s trace.Span) bool { return now.Sub(s.End()) > r.options.For })
	return trace.Trace{Spans: spans}, len(spans) > 0
}

func copies(list []*kept) []trace.Trace {
	all := make([]trace.Trace, 0, len(list))
	for _, k := range list {
		all = append(all, k.copy())
	}
	return all
}

// copy is what others may see: the memory of k is used again.
func (k *kept) copy() trace.Trace { return trace.Trace{Spans: slices.Clone(k.spans)} }
