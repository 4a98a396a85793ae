package shop

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"goldensignals/internal/deadline"
)

// maxDrain is how much of an answer's body is read, so that its connection can
// be used again; answers of the shop are far smaller.
const maxDrain = 4 << 10

// call is one call of a route to another service.
type call struct {
	transport http.RoundTripper
	template  *http.Request // never sent: each call sends a copy
	timeout   time.Duration
	metrics   *calledMetrics
}

func (p *process) newCall(cs callSpec) *call {
	host := cs.service + ":8080"
	return &call{
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
	}
}

// do makes the call. It answers done when the other service did what it was
// asked to, gone when ctx ended first, and badGateway in every other case.
func (c *call) do(ctx context.Context, parent string) outcome {
	start := time.Now()
	callCtx := deadline.With(ctx, start.Add(c.timeout))
	defer callCtx.Close()

	req := c.template.WithContext(callCtx)
	req.Header = http.Header{parentHeader: {parent}}
	status := c.roundTrip(req)

	// A call that was cut short counts as such even where an answer came: the
	// other service saw the same end and may have answered because of it.
	took := time.Since(start)
	switch {
	case ctx.Err() != nil:
		c.metrics.failed("canceled", took)
		return gone
	case callCtx.Err() != nil:
		c.metrics.failed("timeout", took)
		return badGateway
	case status == 0:
		c.metrics.failed("connection", took)
		return badGateway
	}
	c.metrics.answered(status, took)
	if status < 200 || status > 299 {
		return badGateway
	}
	return done
}

// refused is a call that finds nobody: the way to the other service is cut.
func (c *call) refused() outcome {
	c.metrics.failed("connection", 0)
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
