package stack

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
	"github.com/prometheus/common/expfmt"

	"goldensignals/internal/bubble"
	"goldensignals/internal/drill"
	"goldensignals/internal/engine"
	"goldensignals/internal/fault"
	"goldensignals/internal/lint"
)

// Exported returns the names of all series that the targets of a stack export,
// with the names of their labels, as Prometheus would store them. It asks the
// targets themselves: a stack is built in memory, its engines are started, all is
// scraped once and thrown away. Nothing is left behind.
func Exported(ctx context.Context) (*lint.Series, error) {
	s, err := New(ctx, Options{PublicURL: replayURL(), Network: &bubble.Network{}, Volatile: true})
	if err != nil {
		return nil, fmt.Errorf("build a stack to ask for its series: %w", err)
	}
	client := &http.Client{Transport: s.transport()}
	series := &lint.Series{}
	err = s.exportLater()
	if err == nil {
		err = s.parts.engine.Start() // rules have series once they are loaded
	}
	for _, t := range append(s.targets(), engine.Target{Address: laterAddr}) {
		err = errors.Join(err, scrapeOnce(ctx, client, t, series))
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return series, nil
}

// laterAddr serves examples of the series that come with the first event of
// their kind.
const laterAddr = "later:8080"

func (s *Stack) exportLater() error {
	suppressed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "alertmanager_notifications_suppressed_total", Help: "As Alertmanager has it once something is muted.",
	}, []string{"reason"})
	suppressed.WithLabelValues("silence")
	seconds := 1.0
	return s.serveMetrics(laterAddr, prometheus.NewRegistry(), suppressed, newGameDay(gameDayOptions{
		Active:  func() []fault.Active { return []fault.Active{{}} },
		Applied: func() []fault.Applied { return nil },
		Running: func() bool { return false },
		Scored: func() (drill.Result, time.Time, bool) {
			return drill.Result{Incidents: []drill.IncidentResult{{TimeToDetectSeconds: &seconds, ResetSeconds: &seconds}}}, time.Time{}, true
		},
	}))
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
