package trace

import (
	"slices"
	"time"
)

// Trace is what is known of one request's way through the services: spans of
// one id, in no order. It may lack some, such as those still under way.
type Trace struct{ Spans []Span }

// Row is one span in the order in which people read a trace.
type Row struct {
	Span
	Depth int // how many known spans it is within
}

// Rows lists the spans, callers before those that they called, and what began
// earlier first. It ends for every set of spans, even one in which each claims
// to be within the other.
func (t Trace) Rows() []Row {
	spans := slices.Clone(t.Spans)
	slices.SortStableFunc(spans, func(a, b Span) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return int(b.Kind) - int(a.Kind) // in the same instant the client sends first
	})
	known := make(map[SpanID]bool, len(spans))
	within := make(map[SpanID][]int, len(spans)) // :: parent -> indices of spans
	for i, s := range spans {
		known[s.ID] = true
		within[s.Parent] = append(within[s.Parent], i)
	}
	rows, seen := make([]Row, 0, len(spans)), make([]bool, len(spans))
	var descend func(i, depth int)
	descend = func(i, depth int) {
		if seen[i] {
			return
		}
		seen[i] = true
		rows = append(rows, Row{Span: spans[i], Depth: depth})
		for _, child := range within[spans[i].ID] {
			descend(child, depth+1)
		}
	}
	for i, s := range spans {
		if !known[s.Parent] {
			descend(i, 0)
		}
	}
	for i := range spans { // what is left is within itself
		descend(i, 0)
	}
	return rows
}

// Root is the first of the spans whose parent is not known: what the trace is
// about. It is the zero Span where there are no spans.
func (t Trace) Root() Span {
	if rows := t.Rows(); len(rows) > 0 {
		return rows[0].Span
	}
	return Span{}
}

// FirstFailed is where the failure began: the failed span that has no failed
// one within it, and the one that ended first where there are several. A
// failure travels from there to the root.
func (t Trace) FirstFailed() (first Span, ok bool) {
	inner := make(map[SpanID]bool, len(t.Spans)) // :: span -> a failed one is within it
	for _, s := range t.Spans {
		if s.Failed {
			inner[s.Parent] = true
		}
	}
	for _, s := range t.Spans {
		if s.Failed && !inner[s.ID] && (!ok || s.End().Before(first.End())) {
			first, ok = s, true
		}
	}
	return first, ok
}

// Bounds are the start of the earliest span and the end of the last.
func (t Trace) Bounds() (from, to time.Time) {
	for i, s := range t.Spans {
		if i == 0 || s.Start.Before(from) {
			from = s.Start
		}
		if end := s.End(); i == 0 || end.After(to) {
			to = end
		}
	}
	return from, to
}

// Busiest is the service that took most of the time by itself, without the
// calls it made, and how long that was. A call whose other side is not known
// counts for the service called.
func (t Trace) Busiest() (service string, alone time.Duration) {
	inner := make(map[SpanID]time.Duration, len(t.Spans)) // :: span -> time of the spans within it
	answered := make(map[SpanID]bool, len(t.Spans))       // :: call -> its other side is known
	for _, s := range t.Spans {
		inner[s.Parent] += s.Took
		answered[s.Parent] = answered[s.Parent] || s.Kind == Server
	}
	for _, s := range t.Spans {
		if s.Kind == Client && answered[s.ID] {
			continue // what is left is the way there and back
		}
		if own := s.Took - inner[s.ID]; own > alone {
			service, alone = s.Culprit(), own
		}
	}
	return service, alone
}
