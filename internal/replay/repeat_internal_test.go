package replay // internal: it simulates whole what would be copied

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/stack"
	"goldensignals/internal/tier"
)

// TestRepeatedHistoryScoresAlike holds a long history of copies against one that
// is simulated whole: same verdicts, by the same alerts, at the same time.
func TestRepeatedHistoryScoresAlike(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	tier.Full(t) // seven hours
	content := fmt.Appendf(nil, `name: test
title: Test
brief: Test.
history: 6h
duration: 40m
load: {rps: 5}
timeline:
  - {at: 5m, fault: errors, service: payments, ratio: 0.4, for: 10m}
incidents:
  - {name: checkout fails, from: 5m, to: 15m, page_within: 5m}
`)
	scenario, err := drill.Parse("test.yaml", content)
	if err != nil {
		t.Fatal(err)
	}
	const interval = 30 // seconds
	var results [2]drill.Result
	for i, whole := range []bool{true, false} {
		began := time.Now()
		synctest.Test(t, func(t *testing.T) {
			results[i], err = Run(t.Context(), Options{Scenario: scenario, Seed: 1, Interval: interval * time.Second, wholeHistory: whole})
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("whole %v: %v", whole, time.Since(began))
	}
	want, got := results[0], results[1]
	if want.VirtualSeconds != got.VirtualSeconds || len(want.Notifications) != len(got.Notifications) || want.Score.Pages != got.Score.Pages {
		t.Errorf("repeated: %v s, %d notifications, %d pages; simulated: %v s, %d, %d", got.VirtualSeconds, len(got.Notifications),
			got.Score.Pages, want.VirtualSeconds, len(want.Notifications), want.Score.Pages)
	}
	a, b := want.Incidents[0], got.Incidents[0]
	if a.Verdict != b.Verdict || a.Alert != b.Alert || a.Verdict != drill.Detected {
		t.Fatalf("repeated: %+v; simulated: %+v", b, a)
	}
	// The users are the same, but come at another time of their sequence.
	if math.Abs(*a.TimeToDetectSeconds-*b.TimeToDetectSeconds) > interval || math.Abs(*a.ResetSeconds-*b.ResetSeconds) > 60 {
		t.Errorf("repeated: detected after %gs, reset after %gs; simulated: %gs, %gs",
			*b.TimeToDetectSeconds, *b.ResetSeconds, *a.TimeToDetectSeconds, *a.ResetSeconds)
	}
}

// TestRepeatCopiesEverything looks at copies of six minutes: as many samples of each
// kind, and rates as if it had been so. No rate is lower where one copy ends and the
// next begins, only where they end.
func TestRepeatCopiesEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const period, warmUp, copied = 6 * time.Minute, 4 * time.Minute, 25 * time.Minute
		opts := stack.Options{PublicURL: replayURL(), Interval: 15 * time.Second, Seed: 1}
		err := inVirtualTime(t.Context(), opts, func(ctx context.Context, s *stack.Stack) error {
			start := time.Now()
			time.Sleep(warmUp + period)
			if err := s.Engine().Repeat(ctx, period, warmUp-time.Minute, start.Add(-copied)); err == nil {
				t.Error("Repeat of less than there is: no error")
			}
			if err := s.Engine().Repeat(ctx, period, warmUp, start.Add(-copied)); err != nil {
				return err
			}
			if err := s.Engine().Repeat(ctx, period, warmUp, start.Add(-2*copied)); err == nil {
				t.Error("Repeat of what has copies already: no error")
			}
			for expr, want := range map[string]float64{
				`sum(count_over_time(up{job="shop"}[35m]))`:                                                            4 * 35 * 4,
				`count(count_over_time(http_server_request_duration_seconds{job="shop"}[10m] offset 20m))`:             24,
				`sum(increase(http_server_request_duration_seconds_count{service="shop"}[35m]))`:                       40 * 35 * 60,
				`sum(increase(http_server_request_duration_seconds_count{service="shop"}[24m] offset 10m))`:            40 * 24 * 60,
				`sum(histogram_count(increase(http_server_request_duration_seconds{service="shop"}[35m])))`:            40 * 35 * 60,
				`sum(histogram_count(increase(http_server_request_duration_seconds{service="shop"}[24m] offset 10m)))`: 40 * 24 * 60,
				`sum(resets(http_server_request_duration_seconds_count{service="shop"}[35m]) > 1) or vector(0)`:        0,
				`sum(count_over_time(service:http_requests:rate1m[20m] offset 10m))`:                                   4 * 20 * 4,
				`sum(service:http_requests:rate1m) / sum(service:http_requests:rate1m offset 20m)`:                     1,
			} {
				if got := instant(ctx, t, s, expr); math.Abs(got-want) > want*0.05 {
					t.Errorf("%s = %g, want about %g", expr, got, want)
				}
			}
			const least = `min(min_over_time(service:http_requests:rate1m{service="shop"}[24m] offset 10m))`
			if got := instant(ctx, t, s, least); got < 30 {
				t.Errorf("%s = %g, want about 40: a copy begins with less traffic", least, got)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func instant(ctx context.Context, t *testing.T, s *stack.Stack, expr string) float64 {
	t.Helper()
	target := s.Game().Prometheus.JoinPath("api/v1/query")
	target.RawQuery = url.Values{"query": {expr}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Game().Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || len(answer.Data.Result) != 1 {
		t.Fatalf("%s: %v, %v", expr, answer, err)
	}
	v, err := strconv.ParseFloat(fmt.Sprint(answer.Data.Result[0].Value[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
