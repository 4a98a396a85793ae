package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/deadline"
	"goldensignals/internal/fault"
)

// ProbeTimeout is how long one walk of a Prober may take.
const ProbeTimeout = 4 * time.Second

// ProberOptions are what a Prober is made from.
type ProberOptions struct {
	Target    string            // base URL of the shop, such as http://shop:8080; required
	Transport http.RoundTripper // required
	// Faults are those of the service that users call: a probe goes the same way
	// as users. Nil: nothing happens on it.
	Faults *fault.Set
	Seed   uint64 // of the trace ids, and of which probes are lost
}

// Prober walks the shop as a user would, from outside: front page, product,
// checkout. It does so whenever it is collected, as blackbox_exporter does when
// it is scraped, and its metrics have the names of blackbox_exporter's. It is
// safe for concurrent use and has no goroutine.
type Prober struct {
	options ProberOptions
	steps   []*http.Request
	seq     atomic.Uint64

	success, duration, status *prometheus.Desc
}

// NewProber checks o and returns a Prober. Register it to have it walk.
func NewProber(o ProberOptions) (*Prober, error) {
	if o.Transport == nil {
		return nil, errors.New("option Transport is missing: the prober needs a way to the shop")
	}
	journeys, err := newJourneys(o.Target)
	if err != nil {
		return nil, fmt.Errorf("option Target: %w", err)
	}
	if o.Faults == nil {
		o.Faults = fault.NewSet("shop")
	}
	p := &Prober{
		options:  o,
		success:  prometheus.NewDesc("probe_success", "Whether the walk through the shop succeeded: 1 or 0.", nil, nil),
		duration: prometheus.NewDesc("probe_duration_seconds", "How long the walk took, in seconds.", nil, nil),
		status:   prometheus.NewDesc("probe_http_status_code", "Status of the last answer on the walk; 0 where there was none.", nil, nil),
	}
	for _, name := range []string{"browse", "product", "checkout"} {
		for _, j := range journeys {
			if j.name == name {
				p.steps = append(p.steps, j.pages[0])
			}
		}
	}
	return p, nil
}

// Describe implements prometheus.Collector.
func (p *Prober) Describe(out chan<- *prometheus.Desc) {
	out <- p.success
	out <- p.duration
	out <- p.status
}

// Collect implements prometheus.Collector: it walks once.
func (p *Prober) Collect(out chan<- prometheus.Metric) {
	start := time.Now()
	status, err := p.walk(start)
	success := 1.0
	if err != nil {
		success = 0
	}
	gauge := func(d *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	gauge(p.success, success)
	gauge(p.duration, time.Since(start).Seconds())
	gauge(p.status, float64(status))
}

// walk goes step by step until one fails and returns the last status.
func (p *Prober) walk(start time.Time) (status int, err error) {
	ctx := deadline.With(context.Background(), start.Add(ProbeTimeout))
	defer ctx.Close()
	visitor := user{seed: mix(p.options.Seed ^ proberStream), seq: p.seq.Add(1)}
	for _, step := range p.steps {
		req := step.WithContext(ctx)
		req.Header = http.Header{"Traceparent": {visitor.parent()}}
		status, err = roundTrip(p.options.Transport, p.options.Faults, req, visitor.random(lostStream))
		switch {
		case err != nil:
			return status, err
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case status < 200 || status > 299:
			return status, fmt.Errorf("%s %s answered %d", req.Method, req.URL, status)
		}
	}
	return status, nil
}
