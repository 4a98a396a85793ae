package tracing_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/trace"
	"goldensignals/internal/tracing"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func id(n int) trace.ID { return trace.NewID(7, uint64(n)<<1) }

// number undoes id.
func number(id trace.ID) int { return int(id[14])<<7 | int(id[15])>>1 }

// inner is a span within the nth trace; server ends that trace.
func inner(n, i int, at time.Time) trace.Span {
	return trace.Span{
		Trace: id(n), ID: trace.SpanID(i + 2), Parent: 1, Kind: trace.Client, Service: "shop", Peer: "orders",
		Name: "POST /orders", Start: at, Took: time.Millisecond, Status: 201,
	}
}

func server(n int, at time.Time, took time.Duration, status int) trace.Span {
	return trace.Span{
		Trace: id(n), ID: 1, Parent: 99, Kind: trace.Server, Service: "shop",
		Name: "POST /checkout", Start: at, Took: took, Status: status, Failed: status >= 500,
	}
}

func numbers(list []trace.Trace) []int {
	all := []int{}
	for _, t := range list {
		all = append(all, number(t.Root().Trace))
	}
	return all
}

func want(t *testing.T, what string, got []trace.Trace, traces ...int) {
	t.Helper()
	if diff := cmp.Diff(append([]int{}, traces...), numbers(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestKeepsTheFailedAndTheSlowest(t *testing.T) {
	t.Parallel()
	r := tracing.New(tracing.Options{Entry: "shop", Keep: 3, Ring: 16})
	for n := range 10 {
		at := noon.Add(time.Duration(n) * 10 * time.Second)
		status := 200
		if n%2 == 1 {
			status = 502
		}
		r.Record(inner(n, 0, at))
		r.Record(inner(n, 1, at))
		r.Record(server(n, at, time.Duration(10+n*3%7)*time.Millisecond, status))
	}
	now := noon.Add(2 * time.Minute)
	want(t, "failed: the newest", r.Failed(now), 9, 7, 5)
	want(t, "slowest: of 0, 2, 4, 6, 8 those with 6, 5 and 4", r.Slowest(now), 2, 4, 6)

	whole, ok := r.Trace(now, id(4))
	if !ok || len(whole.Spans) != 3 || whole.Root().Name != "POST /checkout" {
		t.Errorf("Trace = %+v, %v, want the three spans of trace 4", whole, ok)
	}
	for _, n := range []int{0, 1, 11} {
		if _, ok := r.Trace(now, id(n)); ok {
			t.Errorf("trace %d is kept", n)
		}
	}
	if whole, ok := r.Trace(now, id(8)); !ok || len(whole.Spans) != 3 {
		t.Errorf("Trace = %+v, %v, want the recent one, though it is not kept", whole, ok)
	}
}

// TestKeepsFewOfThoseAlike: an outage does not push its own traces out of the
// list in seconds, nor what else fails meanwhile.
func TestKeepsFewOfThoseAlike(t *testing.T) {
	t.Parallel()
	r := tracing.New(tracing.Options{Entry: "shop", Keep: 5})
	other := server(1000, noon.Add(9*time.Second), 0, 500)
	r.Record(other)
	for n := range 300 { // ten a second
		r.Record(server(n, noon.Add(time.Duration(n)*100*time.Millisecond), 0, 502))
	}
	want(t, "failed", r.Failed(noon.Add(30*time.Second)), 200, 100, 0, 1000)
}

func TestLateSpansAreAdded(t *testing.T) {
	t.Parallel()
	r := tracing.New(tracing.Options{Entry: "shop"})
	r.Record(server(1, noon, time.Second, 502))
	late := inner(1, 0, noon)
	late.Took = 5 * time.Second
	r.Record(late)
	user := trace.Span{Trace: id(1), ID: 99, Kind: trace.Client, Service: "users", Peer: "shop", Start: noon, Took: time.Second, Failed: true}
	r.Record(user)
	whole, _ := r.Trace(noon, id(1))
	if len(whole.Spans) != 3 || whole.Root().Service != "users" {
		t.Errorf("trace = %+v, want three spans and the user's as root", whole)
	}
	want(t, "failed", r.Failed(noon), 1)

	// What users waited for counts, though it is known later.
	for n, took := range map[int]time.Duration{3: 30 * time.Millisecond, 4: 20 * time.Millisecond} {
		r.Record(server(n, noon, took, 200))
		r.Record(trace.Span{Trace: id(n), ID: 99, Kind: trace.Client, Service: "users", Start: noon, Took: time.Second - took, Status: 200})
	}
	want(t, "slowest", r.Slowest(noon), 4, 3)

	// Nobody but the user knows of a shop that is not there.
	alone := trace.Span{Trace: id(2), ID: 99, Kind: trace.Client, Service: "users", Peer: "shop", Start: noon, Error: trace.Connection, Failed: true}
	r.Record(alone)
	want(t, "failed", r.Failed(noon), 2, 1)
}

func TestExpires(t *testing.T) {
	t.Parallel()
	r := tracing.New(tracing.Options{Entry: "shop", Keep: 2, For: time.Hour})
	r.Record(server(1, noon, time.Second, 500))
	r.Record(server(2, noon, time.Second, 200))
	r.Record(server(3, noon, time.Second, 200))
	want(t, "failed at the hour", r.Failed(noon.Add(time.Hour)), 1)
	later := noon.Add(time.Hour + 20*time.Second)
	// Nobody has looked: what is too old makes room by itself.
	r.Record(server(4, later, time.Millisecond, 200))
	want(t, "slowest after the hour", r.Slowest(later), 4)
	want(t, "failed after the hour", r.Failed(later))
	if _, ok := r.Trace(later, id(1)); ok {
		t.Error("a trace is kept beyond the hour")
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	r := tracing.New(tracing.Options{Entry: "shop", Ring: 7}) // 8 in fact
	for i := range 20 {
		r.Record(inner(1, i, noon))
	}
	r.Record(server(1, noon, time.Second, 500))
	if whole, _ := r.Trace(noon, id(1)); len(whole.Spans) != 8 {
		t.Errorf("%d spans of a ring of 8", len(whole.Spans))
	}
	for i := range 1000 { // one id for everything
		r.Record(inner(1, i, noon))
		r.Record(server(1, noon, time.Second, 500))
	}
	if whole, _ := r.Trace(noon, id(1)); len(whole.Spans) > 64 {
		t.Errorf("%d spans of one trace are kept", len(whole.Spans))
	}
	want(t, "failed", r.Failed(noon), 1)
}

// TestMemoryIsUsedAgain: a copy that somebody holds does not change when the
// trace is forgotten and its memory used for another.
func TestMemoryIsUsedAgain(t *testing.T) {
	t.Parallel()
	r := tracing.New(tracing.Options{Entry: "shop", Keep: 1})
	r.Record(server(1, noon, time.Second, 500))
	held := r.Failed(noon)
	for n := 2; n < 10; n++ {
		r.Record(inner(n, 0, noon))
		r.Record(server(n, noon, time.Second, 500+n))
	}
	want(t, "what is held", held, 1)
	want(t, "failed", r.Failed(noon), 9)
}

// TestConcurrent is for the race detector.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	r := tracing.New(tracing.Options{Entry: "shop", Ring: 64, Keep: 5})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				n := g*500 + i
				r.Record(inner(n, 0, noon))
				r.Record(server(n, noon, time.Duration(n), 200+i%2*(300+n)))
				r.Failed(noon)
				for _, s := range r.Slowest(noon) {
					if _, ok := r.Trace(noon, s.Root().Trace); ok && len(s.Spans) == 0 {
						t.Error("a trace without spans")
					}
				}
			}
		})
	}
	wg.Wait()
	if n := len(r.Failed(noon)); n != 5 {
		t.Errorf("%d failed traces, want 5", n)
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	var spans tracing.Spans = tracing.Tee{tracing.New(tracing.Options{Entry: "shop", Ring: 256, Keep: 5})}
	n := 0
	record := func(status func(n int) int, took func(n int) time.Duration) func() {
		return func() {
			n++
			at := noon.Add(time.Duration(n) * time.Millisecond)
			spans.Record(inner(n, 0, at))
			spans.Record(server(n, at, took(n), status(n)))
		}
	}
	for name, f := range map[string]func(){
		"answers of all kinds": record(func(int) int { return 200 }, func(n int) time.Duration { return time.Duration(n * 7919 % 1000) }),
		"failures, all alike":  record(func(int) int { return 500 }, func(int) time.Duration { return time.Second }),
		"failures, all kept":   record(func(n int) int { return 500 + n }, func(int) time.Duration { return time.Second }),
	} {
		for range 50 {
			f() // makes the memory that is used from then on
		}
		if got := testing.AllocsPerRun(1000, f); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

// BenchmarkRecord is a span that is remembered, and whole traces of seven spans.
func BenchmarkRecord(b *testing.B) {
	for _, bb := range []struct {
		name   string
		inner  int
		status func(n int) int // of the root; nil: none
	}{
		{"span", 1, nil},
		{"trace", 6, func(int) int { return 200 }},
		{"failed trace like others", 6, func(int) int { return 500 }},
		{"failed trace that is kept", 6, func(n int) int { return 500 + n }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := tracing.New(tracing.Options{Entry: "shop"})
			for i := range 100 {
				r.Record(server(i, noon, time.Hour, 200))
			}
			b.ReportAllocs()
			n := 1000
			for b.Loop() {
				n++
				for i := range bb.inner {
					r.Record(inner(n, i, noon))
				}
				if bb.status != nil {
					r.Record(server(n, noon, time.Millisecond, bb.status(n)))
				}
			}
		})
	}
}
