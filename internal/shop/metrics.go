package shop

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// other stands in labels for whatever is outside their closed set.
const other = "other"

// exemplarEvery is how often a quick, successful request leaves an exemplar:
// a scrape keeps only the last per bucket, and exemplars cost more than the
// observation itself. Slow and failed requests always leave one; those whose
// client went away never do, because many of them end in the same instant, and
// which of them is the last would differ from run to run.
const (
	exemplarEvery = time.Second
	exemplarSlow  = 300 * time.Millisecond
)

// metrics are those of one service.
type metrics struct {
	server   *prometheus.HistogramVec
	client   *prometheus.HistogramVec
	releases *prometheus.CounterVec
	usual    [2]prometheus.Counter // requests of the usual release: those that were served, and those that failed
}

func newMetrics(release string) *metrics {
	m := &metrics{
		server: prometheus.NewHistogramVec(histogram(
			"http_server_request_duration_seconds",
			"Time from the arrival of a request to its answer, in seconds. Status 499: the client went away first.",
			[]float64{.005, .01, .025, .05, .075, .1, .25, .3, .5, .75, 1, 2.5, 5, 7.5, 10},
		), []string{"http_route", "http_request_method", "http_response_status_code"}),
		// Fewer classic buckets: they cost a series each at every scrape, and
		// the native histogram has the details.
		client: prometheus.NewHistogramVec(histogram(
			"http_client_request_duration_seconds",
			"Time that calls to other services took, in seconds. The error_type is empty for calls that succeeded.",
			[]float64{.01, .05, .1, .3, 1, 2.5},
		), []string{"peer_service", "http_response_status_code", "error_type"}),
		// What a canary is compared by; routes and times would multiply the series.
		releases: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "service_requests_total",
			Help: "Requests by the release that served them and what became of them: ok or failed (5xx).",
		}, []string{"version", "outcome"}),
	}
	for i, failed := range []bool{false, true} {
		m.usual[i] = m.release(release, failed)
	}
	return m
}

// release finds the counter of a release; its name comes from a closed set.
func (m *metrics) release(name string, failed bool) prometheus.Counter {
	if failed {
		return m.releases.WithLabelValues(name, "failed")
	}
	return m.releases.WithLabelValues(name, "ok")
}

// releaseServed counts a request. The canary is the release that served it
// beside the usual one; empty: the usual one did.
func (m *metrics) releaseServed(canary string, failed bool) {
	switch {
	case canary != "":
		m.release(canary, failed).Inc()
	case failed:
		m.usual[1].Inc()
	default:
		m.usual[0].Inc()
	}
}

func histogram(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name:                            name,
		Help:                            help,
		Buckets:                         buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}
}

// register adds the metrics to reg, and what has a level.
func (m *metrics) register(reg prometheus.Registerer, l *levels) error {
	for _, c := range []prometheus.Collector{m.server, m.client, m.releases, l} {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// served resolves the series of one route and status. The series of every
// answer exists from the start: a rate then sees the first error. Those of
// clients who went away and of robots turned away, which are no errors, would
// cost every scrape and every rule more than they tell.
func (m *metrics) served(rs routeSpec, status int) *observed {
	if status == statusGone || status == http.StatusTooManyRequests {
		return &observed{gone: func() prometheus.Observer { return m.rare(rs.path, rs.method, status) }}
	}
	h := m.server.WithLabelValues(rs.path, rs.method, strconv.Itoa(status))
	return &observed{
		histogram: h,
		exemplars: h.(prometheus.ExemplarObserver), // every histogram of the library is one
		failed:    status >= http.StatusInternalServerError,
	}
}

// rare finds the series of requests that no user of the shop makes; it exists
// only once there was one. The labels must come from closed sets.
func (m *metrics) rare(route, method string, status int) prometheus.Observer {
	return m.server.WithLabelValues(route, method, strconv.Itoa(status))
}

// knownMethod keeps made-up methods out of the labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return other
}

// observed is the series of one route and status.
type observed struct {
	histogram prometheus.Observer
	exemplars prometheus.ExemplarObserver
	failed    bool
	gone      func() prometheus.Observer // makes a histogram that is rarely needed; nil for all others
	last      atomic.Int64               // when it left an exemplar, in Unix nanoseconds
}

func (o *observed) observe(now time.Time, took time.Duration, traceID string) {
	if o.gone != nil {
		o.gone().Observe(took.Seconds())
		return
	}
	if !o.tells(now, took) {
		o.histogram.Observe(took.Seconds())
		return
	}
	o.last.Store(now.UnixNano())
	o.exemplars.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": traceID})
}

// tells reports whether a request is to leave an exemplar.
func (o *observed) tells(now time.Time, took time.Duration) bool {
	return o.failed || took > exemplarSlow || now.UnixNano()-o.last.Load() >= int64(exemplarEvery)
}

// called resolves the series of one call.
func (m *metrics) called(cs callSpec) *calledMetrics {
	c := &calledMetrics{client: m.client, peer: cs.service, status: statusOf(cs)}
	c.ok = m.client.WithLabelValues(cs.service, strconv.Itoa(c.status), "")
	return c
}

// statusOf finds the status that the called route answers when all is well.
func statusOf(cs callSpec) int {
	for _, sp := range table() {
		for _, rs := range sp.routes {
			if sp.name == cs.service && rs.method == cs.method && rs.path == cs.path {
				return rs.status
			}
		}
	}
	return http.StatusOK
}

// calledMetrics observes calls to one other service. Only success is resolved
// beforehand: the failures would double what every scrape carries.
type calledMetrics struct {
	client *prometheus.HistogramVec
	peer   string
	status int // when all is well
	ok     prometheus.Observer
}

// answered observes a call that got an answer.
func (c *calledMetrics) answered(status int, took time.Duration) {
	switch status {
	case c.status:
		c.ok.Observe(took.Seconds())
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable:
		text := strconv.Itoa(status)
		c.client.WithLabelValues(c.peer, text, text).Observe(took.Seconds())
	default:
		c.client.WithLabelValues(c.peer, other, other).Observe(took.Seconds())
	}
}

// failed observes a call that got no answer: reason is timeout, canceled or
// connection.
func (c *calledMetrics) failed(reason string, took time.Duration) {
	c.client.WithLabelValues(c.peer, "", reason).Observe(took.Seconds())
}
