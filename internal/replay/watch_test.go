package replay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/referee"
	"goldensignals/internal/replay"
)

const watchedDrill = `name: watched
brief: Something is broken.
history: 0s
duration: 9m
load: {rps: 5}
timeline:
  - {at: 1m, fault: errors, service: shop, ratio: 0.5, for: 3m}
incidents:
  - {name: the shop fails, from: 1m, to: 4m, page_within: 3m}
`

// playWatched plays that drill with few rules, while the observers watch.
func playWatched(t *testing.T, observers ...replay.Observer) (result drill.Result, err error) {
	t.Helper()
	scenario, err := drill.Parse("watched.yaml", []byte(watchedDrill))
	if err != nil {
		t.Fatal(err)
	}
	rules, config := replay.Design(design(t, fmt.Sprintf(simpleRule, ""), plainAlertmanager))
	synctest.Test(t, func(t *testing.T) {
		result, err = replay.Run(t.Context(), replay.Options{Scenario: scenario, Seed: 1, Rules: rules, Alertmanager: config, Observers: observers})
	})
	return result, err
}

// pollster asks Prometheus between all evaluations of a drill whether its alert fires.
type pollster struct {
	asked, fired int
}

func (p *pollster) watch(ctx context.Context, game referee.Options) error {
	last := game.Start.Add(game.Scenario.Duration - time.Second)
	for ; time.Now().Before(last); time.Sleep(time.Until(time.Now().Truncate(game.Sample).Add(game.Sample + time.Second/2))) {
		answer, err := ask(ctx, game, `/api/v1/query?query=ALERTS{alertname="Failing",alertstate="firing"}`)
		if err != nil {
			return err
		}
		p.asked++
		if strings.Contains(answer, "Failing") {
			p.fired++
		}
	}
	return nil
}

func ask(ctx context.Context, game referee.Options, query string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, game.Prometheus.String()+query, nil)
	if err != nil {
		return "", err
	}
	resp, err := game.Transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return string(answer), err
}

// TestWatchedDrillIsTheSame: whoever watches sees all of the drill, and not a byte of
// its result differs.
func TestWatchedDrillIsTheSame(t *testing.T) {
	t.Parallel()
	alone, err := playWatched(t)
	if err != nil {
		t.Fatal(err)
	}
	var a, b pollster
	watched, err := playWatched(t, a.watch, b.watch)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bytesOf(t, alone), bytesOf(t, watched)); diff != "" {
		t.Errorf("result (-alone +watched):\n%s", diff)
	}
	if a != b || a.asked < 36 || a.fired < 10 {
		t.Errorf("the observers asked and saw the alert %+v and %+v times, want 36 times at least, and ten", a, b)
	}
}

func bytesOf(t *testing.T, r drill.Result) string {
	t.Helper()
	r.WallSeconds = 0
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestObserversEndAReplay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		watch replay.Observer
		want  string
	}{
		{"that they cannot watch", func(context.Context, referee.Options) error { return errors.New("no electricity") }, "no electricity"},
		{"that is over before they are done", func(ctx context.Context, _ referee.Options) error { <-ctx.Done(); return context.Cause(ctx) }, "ended before its observer was done"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := playWatched(t, tt.watch)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}
