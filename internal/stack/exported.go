package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/prometheus/common/expfmt"

	"goldensignals/internal/bubble"
	"goldensignals/internal/engine"
	"goldensignals/internal/lint"
)

// Exported returns the names of all series that the targets of a stack export,
// with the names of their labels, as Prometheus would store them. It asks the
// targets themselves: a stack is built in memory, scraped once and thrown away
// without having run. Nothing is left behind.
func Exported(ctx context.Context) (*lint.Series, error) {
	s, err := New(ctx, Options{PublicURL: replayURL(), Network: &bubble.Network{}, Volatile: true})
	if err != nil {
		return nil, fmt.Errorf("build a stack to ask for its series: %w", err)
	}
	client := &http.Client{Transport: s.transport()}
	series := &lint.Series{}
	for _, t := range targets() {
		err = errors.Join(err, scrapeOnce(ctx, client, t, series))
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return series, nil
}

func scrapeOnce(ctx context.Context, client *http.Client, t engine.Target, series *lint.Series) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.Address+"/metrics", http.NoBody)
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
