package load

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics show what users see. They are for people: the score uses the ledger.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	dropped  prometheus.Counter
	offered  prometheus.Gauge
	robots   prometheus.Counter

	counters  [][outcomes]prometheus.Counter // by journey
	durations []prometheus.Observer          // by journey
}

func newMetrics(journeys []journey) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "load_user_requests_total",
			Help: "Requests that users made, by what they saw: ok, failed (5xx or no answer), slow (succeeded after 300 ms).",
		}, []string{"journey", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "load_user_request_duration_seconds",
			Help:    "Time that users waited, in seconds, failures included.",
			Buckets: []float64{.05, .1, .3, 1, 3, 10},
		}, []string{"journey"}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "load_dropped_users_total",
			Help: "Users who failed at once because too many were under way; also counted as failed requests.",
		}),
		offered: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "load_offered_requests_per_second",
			Help: "Users who are meant to arrive per second.",
		}),
		robots: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "load_robot_requests_total",
			Help: "Requests of robots, whatever became of them; no user is among them.",
		}),
	}
	names := [outcomes]string{ok: "ok", failed: "failed", slow: "slow"}
	for _, j := range journeys {
		var c [outcomes]prometheus.Counter
		for o, name := range names {
			c[o] = m.requests.WithLabelValues(j.name, name)
		}
		m.counters = append(m.counters, c)
		m.durations = append(m.durations, m.duration.WithLabelValues(j.name))
	}
	return m
}

// register adds the metrics to reg, and a gauge that reads inFlight.
func (m *metrics) register(reg prometheus.Registerer, inFlight *atomic.Int64) error {
	users := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "load_active_users",
		Help: "Users who wait for an answer now.",
	}, func() float64 { return float64(inFlight.Load()) })
	for _, c := range []prometheus.Collector{m.requests, m.duration, m.dropped, m.offered, m.robots, users} {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// observe counts one user of the jth journey.
func (m *metrics) observe(j int, o outcome, took time.Duration) {
	m.counters[j][o].Inc()
	m.durations[j].Observe(took.Seconds())
}
