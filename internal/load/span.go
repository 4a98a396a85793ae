package load

import (
	"context"
	"errors"
	"time"

	"goldensignals/internal/trace"
)

// Service is whose the spans of users are.
const Service = "users"

// Spans is told of every visit when it ends. Record must be safe for
// concurrent use and quick.
type Spans interface{ Record(trace.Span) }

// record tells what a visit was like for the user: where the trace begins.
func (g *Generator) record(u user, status int, err error, took time.Duration) {
	if g.options.Spans == nil {
		return
	}
	id, span := u.trace()
	s := trace.Span{
		Trace: id, ID: span, Kind: trace.Client, Service: Service, Name: g.journeys[u.journey].span, Peer: g.target,
		Start: u.arrival, Took: took, Status: status, Failed: judge(status, err, took) == failed,
	}
	if err != nil {
		s.Status, s.Error = 0, trace.Connection
		if errors.Is(err, context.DeadlineExceeded) {
			s.Error = trace.Timeout
		}
	}
	g.options.Spans.Record(s)
}
