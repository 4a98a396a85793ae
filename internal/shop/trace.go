package shop

import (
	"net/http"
	"time"

	"goldensignals/internal/trace"
)

// Spans is told of every span when it ends. Record must be safe for concurrent
// use and quick: requests wait for it.
type Spans interface{ Record(trace.Span) }

// trace reads the request's trace context or starts one.
func (rt *route) trace(r *http.Request) trace.Context {
	if v := r.Header[trace.HeaderName]; len(v) == 1 {
		if tr, ok := trace.Parse(v[0], rt.salt); ok {
			return tr
		}
	}
	return trace.New(rt.service.seed, rt.service.untraced.Add(1), rt.salt)
}

// record tells of a request that this service has answered.
func (rt *route) record(tr trace.Context, status int, start time.Time, took time.Duration) {
	s := rt.service
	if s.spans == nil {
		return
	}
	span := trace.Span{
		Trace: tr.Trace(), ID: tr.Span(), Parent: tr.Parent(),
		Kind: trace.Server, Service: s.name, Name: rt.name,
		Start: start, Took: took, Status: status, Failed: status >= statusGone,
	}
	if status == statusGone { // which nobody has received
		span.Status, span.Error = 0, trace.Canceled
	}
	s.spans.Record(span)
}

// record tells of the nth call of a request; reason is why there was no
// answer, or empty.
func (c *call) record(tr trace.Context, n int, span trace.Span) {
	if c.spans == nil {
		return
	}
	span.Trace, span.ID, span.Parent = tr.Trace(), tr.Call(n), tr.Span()
	span.Kind, span.Service, span.Name, span.Peer = trace.Client, c.service, c.name, c.metrics.peer
	if span.Error != "" {
		span.Status = 0 // an answer that came too late counts as none
	}
	c.spans.Record(span)
}

func hash(s string) uint64 { return trace.Hash(s) }
