package trace_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"goldensignals/internal/trace"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// span makes one that begins and ends at milliseconds.
func span(id, parent uint64, kind trace.Kind, service, peer string, from, to int) trace.Span {
	return trace.Span{
		ID: trace.SpanID(id), Parent: trace.SpanID(parent), Kind: kind, Service: service, Peer: peer,
		Start: noon.Add(time.Duration(from) * time.Millisecond), Took: time.Duration(to-from) * time.Millisecond,
	}
}

func failed(s trace.Span) trace.Span { s.Failed = true; return s }

// checkout is a checkout whose payment fails, in the order in which it ends.
func checkout() trace.Trace {
	return trace.Trace{Spans: []trace.Span{
		span(4, 3, trace.Server, "auth", "", 5, 12),
		span(3, 2, trace.Client, "shop", "auth", 5, 13),
		failed(span(8, 7, trace.Server, "payments", "", 30, 40)),
		failed(span(7, 6, trace.Client, "orders", "payments", 30, 41)),
		failed(span(6, 5, trace.Server, "orders", "", 13, 42)),
		failed(span(5, 2, trace.Client, "shop", "orders", 13, 43)),
		failed(span(2, 1, trace.Server, "shop", "", 1, 44)),
		failed(span(1, 0, trace.Client, "users", "shop", 0, 45)),
	}}
}

func TestRowsReadAsPeopleDo(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range checkout().Rows() {
		got = append(got, fmt.Sprintf("%s%s %s %s", strings.Repeat(" ", r.Depth), r.Kind, r.Service, r.Peer))
	}
	want := []string{
		"client users shop", " server shop ", "  client shop auth", "   server auth ",
		"  client shop orders", "   server orders ", "    client orders payments", "     server payments ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if root := checkout().Root(); root.Service != "users" {
		t.Errorf("root = %+v, want that of the user", root)
	}
}

func TestFirstFailed(t *testing.T) {
	t.Parallel()
	lost := trace.Trace{Spans: checkout().Spans[3:]} // the span of payments never came
	lost.Spans[0].Error = trace.Timeout
	fine := trace.Trace{Spans: checkout().Spans[:2]}
	twice := trace.Trace{Spans: []trace.Span{
		failed(span(3, 1, trace.Client, "shop", "orders", 20, 30)),
		failed(span(2, 1, trace.Client, "shop", "auth", 0, 10)),
	}}
	for name, tt := range map[string]struct {
		trace   trace.Trace
		culprit string
	}{
		"a service fails":             {checkout(), "payments"},
		"a service does not answer":   {lost, "payments"},
		"two fail, neither in other":  {twice, "auth"},
		"nothing fails":               {fine, ""},
		"there is nothing that could": {trace.Trace{}, ""},
	} {
		if first, ok := tt.trace.FirstFailed(); ok != (tt.culprit != "") || first.Culprit() != tt.culprit {
			t.Errorf("%s: first to fail is %q, want %q", name, first.Culprit(), tt.culprit)
		}
	}
}

// TestRowsHaveEverySpanOnce holds for nonsense, too: spans within themselves,
// and ids that several have.
func TestRowsHaveEverySpanOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var whole trace.Trace
		for range rapid.IntRange(0, 12).Draw(t, "spans") {
			whole.Spans = append(whole.Spans, span(
				rapid.Uint64Range(1, 6).Draw(t, "id"), rapid.Uint64Range(0, 6).Draw(t, "parent"),
				trace.Server, "shop", "", rapid.IntRange(0, 9).Draw(t, "from"), 10))
		}
		if rows := whole.Rows(); len(rows) != len(whole.Spans) {
			t.Errorf("%d rows for %d spans", len(rows), len(whole.Spans))
		}
		whole.FirstFailed()
		from, to := whole.Bounds()
		if to.Before(from) {
			t.Errorf("bounds %v to %v", from, to)
		}
	})
}

func TestBusiest(t *testing.T) {
	t.Parallel()
	lost := trace.Trace{Spans: checkout().Spans[3:]} // the span of payments never came
	for name, tt := range map[string]struct {
		trace   trace.Trace
		service string
		alone   time.Duration
	}{
		"orders is busy before its call": {checkout(), "orders", 18 * time.Millisecond},
		"an unknown other side":          {trace.Trace{Spans: lost.Spans[:1]}, "payments", 11 * time.Millisecond},
		"nothing":                        {trace.Trace{}, "", 0},
	} {
		if service, alone := tt.trace.Busiest(); service != tt.service || alone != tt.alone {
			t.Errorf("%s: busiest is %s with %v, want %s with %v", name, service, alone, tt.service, tt.alone)
		}
	}
}
