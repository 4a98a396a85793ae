package shop

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"goldensignals/internal/deadline"
	"goldensignals/internal/trace"
)

// maxDrain is how much of an answer's body is read, so that its connection can
// be used again; answers of the shop are far smaller.
const maxDrain = 4 << 10

// call is one call of a route to another service.
type call struct {
	service   string // who calls
	name      string // of its spans
	transport http.RoundTripper
	template  *http.Request // never sent: each call sends a copy
	timeout   time.Duration
	metrics   *calledMetrics
	spans     Spans // nil: nobody hears of them
}

func (p *process) newCall(cs callSpec) *call {
	host := cs.service + ":8080"
	return &call{
		service:   p.service.name,
		name:      cs.method + " " + cs.path,
		transport: p.service.transport,
		template: &http.Request{
			Method:     cs.method,
			URL:        &url.URL{Scheme: "http", Host: host, Path: cs.path},
			Host:       host,
			Proto:      "HTTP/1.1",
			ProtoMajor: 1,
			ProtoMinor: 1,
		},
		timeout: cs.timeout,
		metrics: p.metrics.called(cs),
		spans:   p.service.spans,
	}
}

// do makes the request's nth call. It answers done when the other service did
// what it was asked to, gone when ctx ended first, and badGateway in every
// other case.
func (c *call) do(ctx context.Context, tr trace.Context, n int) outcome {
	start := time.Now()
	callCtx := deadline.With(ctx, start.Add(c.timeout))
	defer callCtx.Close()

	req := c.template.WithContext(callCtx)
	req.Header = http.Header{trace.HeaderName: {tr.Header(n)}}
	status := c.roundTrip(req)

	// A call that was cut short counts as such even where an answer came: the
	// other service saw the same end and may have answered because of it.
	took := time.Since(start)
	o, reason := done, ""
	switch {
	case ctx.Err() != nil:
		o, reason = gone, trace.Canceled
	case callCtx.Err() != nil:
		o, reason = badGateway, trace.Timeout
	case status == 0:
		o, reason = badGateway, trace.Connection
	case status < 200 || status > 299:
		o = badGateway
	}
	if reason == "" {
		c.metrics.answered(status, took)
	} else {
		c.metrics.failed(reason, took)
	}
	c.record(tr, n, trace.Span{Start: start, Took: took, Status: status, Error: reason, Failed: o != done})
	return o
}

// refused is a call that finds nobody: the way to the other service is cut.
func (c *call) refused(tr trace.Context, n int) outcome {
	c.metrics.failed(trace.Connection, 0)
	c.record(tr, n, trace.Span{Start: time.Now(), Error: trace.Connection, Failed: true})
	return badGateway
}

// roundTrip sends req and returns the status of the answer, or 0 where there
// was none. The error itself is of no use to the client of this service, and
// the metrics keep its kind.
func (c *call) roundTrip(req *http.Request) int {
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return 0
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxDrain))
	if closeErr := resp.Body.Close(); err != nil || closeErr != nil {
		return 0
	}
	return resp.StatusCode
}
