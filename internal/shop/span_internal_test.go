package shop // internal: whole requests allocate now more, now less

import (
	"testing"
	"time"

	"goldensignals/internal/trace"
)

type tally struct{ n int }

func (c *tally) Record(trace.Span) { c.n++ }

func TestSpansAllocateNothing(t *testing.T) {
	var c tally
	rt := &route{service: &Service{name: "shop", spans: &c}, name: "POST /checkout"}
	call := &call{service: "shop", name: "POST /orders", spans: &c, metrics: &calledMetrics{peer: "orders"}}
	tr, ok := trace.Parse(benchParent, 1)
	if !ok {
		t.Fatal("a good header is refused")
	}
	now := time.Now()
	if got := testing.AllocsPerRun(100, func() {
		call.record(tr, 1, trace.Span{Start: now, Took: time.Second, Error: trace.Timeout, Failed: true})
		rt.record(tr, statusGone, now, time.Second)
	}); got != 0 {
		t.Errorf("%v allocations for two spans", got)
	}
	if c.n != 202 {
		t.Errorf("%d spans, want 202", c.n)
	}
}
