package router

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

// scrapeTimeout bounds the reads that a scrape causes.
const scrapeTimeout = 2 * time.Second

type metrics struct {
	webhooks *prometheus.CounterVec   // code
	sent     *prometheus.CounterVec   // receiver, status, state
	failed   *prometheus.CounterVec   // receiver
	unsure   *prometheus.CounterVec   // receiver
	reports  *prometheus.CounterVec   // receiver, report
	replies  *prometheus.CounterVec   // outcome
	delay    *prometheus.HistogramVec // receiver
}

// newMetrics registers everything, or nothing and returns an error.
func newMetrics(reg prometheus.Registerer, rt *Router) (*metrics, error) {
	m := &metrics{
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alertrouter_webhooks_total",
			Help: "Webhooks answered, by HTTP status code.",
		}, []string{"code"}),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alertrouter_notifications_total",
			Help: "Notifications that reached their final state: delivered or dead.",
		}, []string{"receiver", "status", "state"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alertrouter_delivery_failures_total",
			Help: "Attempts to deliver a notification that failed.",
		}, []string{"receiver"}),
		unsure: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alertrouter_delivery_unsure_total",
			Help: "Attempts whose answer was lost: what they sent may have arrived, and is sent again.",
		}, []string{"receiver"}),
		reports: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alertrouter_delivery_reports_total",
			Help: "What providers said later of messages that they took.",
		}, []string{"receiver", "report"}),
		replies: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alertrouter_replies_total",
			Help: "Text messages that people sent back, by what came of them.",
		}, []string{"outcome"}),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "alertrouter_delivery_delay_seconds",
			Help:    "Time from the accepted webhook to the delivered notification.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600},
		}, []string{"receiver"}),
	}
	for _, code := range []int{http.StatusNoContent, http.StatusBadRequest, http.StatusUnauthorized, http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable} {
		m.webhooks.WithLabelValues(strconv.Itoa(code)) // from 0, so that the first one is an increase
	}
	all := []prometheus.Collector{m.webhooks, m.sent, m.failed, m.unsure, m.reports, m.replies, m.delay, newOutbox(rt.store),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "alertrouter_watchdog_last_seen_timestamp_seconds",
			Help: "When the watchdog alert last arrived; 0 if never.",
		}, func() float64 {
			if seen := rt.watchdog.lastSeen(); !seen.IsZero() {
				return float64(seen.UnixNano()) / 1e9
			}
			return 0
		})}
	var errs []error
	for _, c := range all {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}

// expect starts the series of a receiver at 0, so that its first failure is an
// increase.
func (m *metrics) expect(receiver string) {
	m.failed.WithLabelValues(receiver)
	m.unsure.WithLabelValues(receiver)
	m.delay.WithLabelValues(receiver)
	for _, status := range []alert.Status{alert.Firing, alert.Resolved} {
		m.sent.WithLabelValues(receiver, string(status), string(alert.Delivered))
		m.sent.WithLabelValues(receiver, string(status), string(alert.Dead))
	}
}

// done counts a notification that reached its final state at the given time.
func (m *metrics) done(n alert.Notification, state alert.State, at time.Time) {
	m.sent.WithLabelValues(n.Receiver, string(n.Status), string(state)).Inc()
	if state == alert.Delivered {
		m.delay.WithLabelValues(n.Receiver).Observe(at.Sub(n.FreshAt).Seconds())
	}
}

// outbox reads the state of the outbox at every scrape, so that the figures
// are right after a restart too.
type outbox struct {
	store              *store.Store
	pending, age, dead *prometheus.Desc
}

func newOutbox(st *store.Store) *outbox {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	return &outbox{
		store:   st,
		pending: desc("alertrouter_pending_notifications", "Notifications that are not delivered yet."),
		age:     desc("alertrouter_oldest_pending_age_seconds", "How long the oldest notification that may be sent has waited, quiet hours aside; 0 if none is late."),
		dead:    desc("alertrouter_dead_notifications", "Notifications that were given up."),
	}
}

// Describe implements prometheus.Collector.
func (o *outbox) Describe(ch chan<- *prometheus.Desc) {
	ch <- o.pending
	ch <- o.age
	ch <- o.dead
}

// Collect implements prometheus.Collector.
func (o *outbox) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	c, err := o.store.Counts(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(o.age, err)
		return
	}
	age := 0.0
	if !c.OldestPending.IsZero() {
		age = max(0, time.Since(c.OldestPending).Seconds())
	}
	ch <- prometheus.MustNewConstMetric(o.pending, prometheus.GaugeValue, float64(c.Pending))
	ch <- prometheus.MustNewConstMetric(o.age, prometheus.GaugeValue, age)
	ch <- prometheus.MustNewConstMetric(o.dead, prometheus.GaugeValue, float64(c.Dead))
}
