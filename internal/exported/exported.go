// Package exported lists the series that a stack has. `gameday lint` holds rules
// against the list.
package exported

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"goldensignals/internal/bubble"
	"goldensignals/internal/drill"
	"goldensignals/internal/engine"
	"goldensignals/internal/fault"
	"goldensignals/internal/lint"
	"goldensignals/internal/scoreboard"
	"goldensignals/internal/stack"
)

// Series returns the names of all series that the targets of a stack export,
// with the names of their labels, as Prometheus would store them. It asks the
// targets themselves: a stack is built in memory, its engines are started, all is
// scraped once and thrown away. Nothing is left behind.
func Series(ctx context.Context) (*lint.Series, error) {
	network := &bubble.Network{}
	s, err := stack.New(ctx, stack.Options{PublicURL: &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}, Network: network, Volatile: true})
	if err != nil {
		return nil, fmt.Errorf("build a stack to ask for its series: %w", err)
	}
	stopLater, err := serveLater(network)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	client := &http.Client{Transport: s.Transport()}
	series := &lint.Series{}
	err = s.Engine().Start() // rules have series once they are loaded
	for _, t := range append(s.Targets(), engine.Target{Address: laterAddr}) {
		err = errors.Join(err, scrapeOnce(ctx, client, t, series))
	}
	if err = errors.Join(err, s.Close(), stopLater(context.WithoutCancel(ctx))); err != nil {
		return nil, err
	}
	return series, nil
}

// laterAddr serves examples of the series that come with the first event of
// their kind.
const laterAddr = "later:8080"

func serveLater(network *bubble.Network) (stop func(context.Context) error, err error) {
	suppressed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "alertmanager_notifications_suppressed_total", Help: "As Alertmanager has it once something is muted.",
	}, []string{"reason"})
	suppressed.WithLabelValues("silence")
	seconds := 1.0
	board := scoreboard.New(scoreboard.Options{
		Active:  func() []fault.Active { return []fault.Active{{}} },
		Applied: func() []fault.Applied { return nil },
		Running: func() bool { return false },
		Scored: func() (drill.Result, time.Time, bool) {
			return drill.Result{Incidents: []drill.IncidentResult{{TimeToDetectSeconds: &seconds, ResetSeconds: &seconds}}}, time.Time{}, true
		},
	})
	registry := prometheus.NewRegistry()
	if err := errors.Join(registry.Register(suppressed), registry.Register(board)); err != nil {
		return nil, fmt.Errorf("register examples of series: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return network.Serve(laterAddr, mux)
}

func scrapeOnce(ctx context.Context, client *http.Client, t engine.Target, series *lint.Series) error {
	u := &url.URL{Scheme: "http", Host: t.Address, Path: cmp.Or(t.Path, "/metrics"), RawQuery: url.Values{"name[]": t.Names}.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("scrape %s: %w", t.Address, err)
	}
	req.Header.Set("Accept", string(expfmt.FmtProtoDelim)) // text does not tell native histograms
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("scrape %s: %w", t.Address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("scrape %s: it answered %s", t.Address, resp.Status)
	}
	if err := series.AddTarget(resp.Body, expfmt.ResponseFormat(resp.Header), slices.Collect(maps.Keys(t.Labels))...); err != nil {
		return fmt.Errorf("scrape %s: %w", t.Address, err)
	}
	return nil
}
