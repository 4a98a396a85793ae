package load_test

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"goldensignals/internal/fault"
	"goldensignals/internal/load"
)

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	used := prometheus.NewRegistry()
	good := load.Options{Target: "http://shop:8080", Transport: mesh{}}
	with := func(change func(*load.Options)) load.Options { o := good; change(&o); return o }
	if _, err := load.New(with(func(o *load.Options) { o.Registry = used })); err != nil {
		t.Fatalf("New of good options: %v", err)
	}
	tests := []struct {
		name    string
		options load.Options
		want    string
	}{
		{"no transport", with(func(o *load.Options) { o.Transport = nil }), "option Transport"},
		{"no target", with(func(o *load.Options) { o.Target = "" }), "option Target"},
		{"a target without scheme", with(func(o *load.Options) { o.Target = "shop:8080" }), "option Target"},
		{"a target that is no URL", with(func(o *load.Options) { o.Target = "http://shop:80 80" }), "option Target"},
		{"negative rps", with(func(o *load.Options) { o.RPS = -1 }), "rps: -1"},
		{"rps not a number", with(func(o *load.Options) { o.RPS = math.NaN() }), "rps: NaN"},
		{"too many rps", with(func(o *load.Options) { o.RPS = math.Inf(1) }), "rps: +Inf"},
		{"negative in flight", with(func(o *load.Options) { o.MaxInFlight = -1 }), "option MaxInFlight"},
		{"negative patience", with(func(o *load.Options) { o.Patience = -1 }), "option Patience"},
		{"negative retention", with(func(o *load.Options) { o.Retention = -1 }), "option Retention"},
		{"a registry in use", with(func(o *load.Options) { o.Registry = used }), "register metrics"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := load.New(tt.options); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestHealthyShop(t *testing.T) {
	t.Parallel()
	took := virtually(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1})
		w.open(t, 10*time.Minute, nil)
		all := w.sum("", 0, 10*time.Minute)
		if want := 40.0 * 600; math.Abs(float64(all.Requests)-want) > want*0.02 { // 3 standard deviations
			t.Errorf("%d requests in 10 minutes, want about %v", all.Requests, want)
		}
		if all.Failed != 0 || all.Slow != 0 {
			t.Errorf("a healthy shop had %d failed and %d slow requests", all.Failed, all.Slow)
		}
		for journey, share := range map[string]float64{"browse": 0.5, "product": 0.3, "checkout": 0.2} {
			got := float64(w.sum(journey, 0, 10*time.Minute).Requests) / float64(all.Requests)
			if math.Abs(got-share) > 0.015 {
				t.Errorf("%s is %.3f of all, want %.3f", journey, got, share)
			}
		}
	})
	t.Logf("10 minutes at 40 requests a second took %v: %.0f times real time", took, 600/took.Seconds())
}

// TestOfferedRateHolds: users arrive as planned whatever the shop does, so two
// runs with the same seed, one against a shop on its knees, count the same.
func TestOfferedRateHolds(t *testing.T) {
	t.Parallel()
	count := func(fails bool) (n int) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, load.Options{Seed: 3})
			steps := map[time.Duration]func(){}
			if fails {
				steps[time.Minute] = w.inject(t, fault.Fault{Kind: "latency", Service: "shop", Delay: fault.Duration(5 * time.Second)})
			}
			w.open(t, 10*time.Minute+15*time.Second, steps)
			n = w.sum("", 0, 10*time.Minute).Requests
			hurt := w.sum("", 2*time.Minute, 10*time.Minute)
			if fails && hurt.Failed+hurt.Slow < hurt.Requests*9/10 {
				t.Errorf("only %d + %d of %d users were hurt", hurt.Failed, hurt.Slow, hurt.Requests)
			}
		})
		return n
	}
	healthy, slow := count(false), count(true)
	if healthy != slow {
		t.Errorf("%d users came to the healthy shop, %d to the slow one", healthy, slow)
	}
	if math.Abs(float64(slow)-24_000) > 240 {
		t.Errorf("%d users in 10 minutes, want 24,000 within 1 %%", slow)
	}
}

func TestUsersSeeErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1})
		w.open(t, 8*time.Minute, map[time.Duration]func(){
			time.Minute: w.inject(t, fault.Fault{Kind: "errors", Service: "payments", Ratio: 0.3, For: fault.Duration(6 * time.Minute)}),
		})
		during := w.sum("checkout", time.Minute, 7*time.Minute-time.Second)
		if share := float64(during.Failed) / float64(during.Requests); math.Abs(share-0.3) > 0.03 { // 3.5 standard deviations
			t.Errorf("%d of %d checkouts failed, want 30 %%", during.Failed, during.Requests)
		}
		if other := w.sum("", 0, 8*time.Minute); other.Failed != w.sum("checkout", 0, 8*time.Minute).Failed {
			t.Error("journeys that need no payment failed too")
		}
		if before, after := w.sum("", 0, time.Minute-time.Second), w.sum("", 7*time.Minute, 8*time.Minute); before.Failed+after.Failed != 0 {
			t.Errorf("%d requests failed before the fault, %d after it", before.Failed, after.Failed)
		}
	})
}

func TestUsersSeeLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1})
		w.open(t, 3*time.Minute, map[time.Duration]func(){
			time.Minute: w.inject(t, fault.Fault{
				Kind: "latency", Service: "auth", Delay: fault.Duration(400 * time.Millisecond), Ratio: 0.5, For: fault.Duration(time.Minute),
			}),
		})
		during := w.sum("product", time.Minute, 2*time.Minute-time.Second)
		if share := float64(during.Slow) / float64(during.Requests); during.Failed != 0 || math.Abs(share-0.5) > 0.06 {
			t.Errorf("%d of %d product pages were slow and %d failed, want half slow", during.Slow, during.Requests, during.Failed)
		}
		if browse := w.sum("browse", 0, 3*time.Minute); browse.Slow != 0 {
			t.Errorf("%d front pages were slow, though they need no token", browse.Slow)
		}
		if after := w.sum("", 2*time.Minute, 3*time.Minute); after.Slow != 0 {
			t.Errorf("%d requests were slow after the fault", after.Slow)
		}
	})
}

func TestUsersLosePatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1, RPS: 1})
		w.inject(t, fault.Fault{Kind: "latency", Service: "shop", Delay: fault.Duration(time.Minute)})()
		w.open(t, 2*time.Minute, nil)
		all := w.sum("", 0, 2*time.Minute)
		if all.Requests == 0 || all.Failed != all.Requests {
			t.Errorf("%d of %d failed, want all", all.Failed, all.Requests)
		}
		// Those of the last 10 s were sent away by the end of the run.
		if last := w.sum("", 110*time.Second, 2*time.Minute); last.Requests != 0 {
			t.Errorf("%d users who were still waiting at the end are counted", last.Requests)
		}
	})
}

func TestShopIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1})
		delete(w.mesh, "shop")
		w.open(t, time.Minute, nil)
		if all := w.sum("", 0, time.Minute); all.Requests < 2000 || all.Failed != all.Requests {
			t.Errorf("%d of %d failed, want all", all.Failed, all.Requests)
		}
	})
}

// TestTooManyUsers: those beyond the limit fail, and are counted.
func TestTooManyUsers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1, RPS: 100, MaxInFlight: 50})
		w.inject(t, fault.Fault{Kind: "latency", Service: "shop", Delay: fault.Duration(5 * time.Second)})()
		w.open(t, time.Minute, nil)
		all := w.sum("", 0, 50*time.Second)
		if math.Abs(float64(all.Requests)-5000) > 250 {
			t.Errorf("%d requests, want about 5,000: those turned away count", all.Requests)
		}
		if share := float64(all.Failed) / float64(all.Requests); math.Abs(share-0.9) > 0.02 { // 10 a second fit
			t.Errorf("%d of %d failed, want 90 %%", all.Failed, all.Requests)
		}
		dropped := "load_dropped_users_total"
		if n, err := testutil.GatherAndCount(w.registry, dropped); err != nil || n != 1 {
			t.Errorf("%s: %d series, %v", dropped, n, err)
		}
	})
}

func TestSetRPS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1, RPS: 0.001})
		set := func(rps float64) func() {
			return func() {
				if err := w.users.SetRPS(rps); err != nil {
					t.Errorf("SetRPS(%v): %v", rps, err)
				}
			}
		}
		w.open(t, 5*time.Minute, map[time.Duration]func(){
			time.Minute: set(50), 2 * time.Minute: set(0), 3 * time.Minute: set(200), 4 * time.Minute: set(10),
		})
		for i, want := range []float64{0, 3000, 0, 12_000, 600} {
			from := time.Duration(i) * time.Minute
			got := w.sum("", from, from+time.Minute).Requests
			if math.Abs(float64(got)-want) > 4*math.Sqrt(want)+1 {
				t.Errorf("minute %d: %d users, want about %v", i, got, want)
			}
		}
		for _, bad := range []float64{-1, math.NaN(), load.MaxRPS + 1} {
			if err := w.users.SetRPS(bad); err == nil {
				t.Errorf("SetRPS(%v) = nil, want an error", bad)
			}
		}
		if got := w.users.RPS(); got != 10 {
			t.Errorf("RPS after refused changes = %v, want 10", got)
		}
	})
}

func TestRunTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.users.Run(ctx) }()
		synctest.Wait()
		if err := w.users.Run(ctx); err == nil {
			t.Error("a second Run beside the first = nil, want an error")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		before := w.sum("", 0, time.Hour).Requests
		w.open(t, time.Minute, nil)
		if after := w.sum("", 0, time.Hour).Requests; after < before+2000 {
			t.Errorf("%d users after Run was called again, %d before", after, before)
		}
	})
}

func TestMetricsAreWellNamed(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	if _, err := load.New(load.Options{Target: "http://shop:8080", Transport: mesh{}, Registry: reg}); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestMetricsAgreeWithTheTruth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1})
		w.inject(t, fault.Fault{Kind: "errors", Service: "payments", Ratio: 0.3})()
		w.open(t, 5*time.Minute, nil)
		families, err := w.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range families {
			if f.GetName() != "load_user_requests_total" {
				continue
			}
			for _, m := range f.GetMetric() {
				got[m.GetLabel()[1].GetValue()] += m.GetCounter().GetValue()
			}
		}
		all := w.sum("", 0, 5*time.Minute)
		want := map[string]float64{
			"ok": float64(all.Requests - all.Failed - all.Slow), "failed": float64(all.Failed), "slow": float64(all.Slow),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("load_user_requests_total (-truth +metrics):\n%s", diff)
		}
	})
}

// TestTheTarget: the paths are those of the shop below the target, and a
// target that is something else is pointed out, once.
func TestTheTarget(t *testing.T) {
	t.Parallel()
	for target, prefix := range map[string]string{"http://shop:8080": "", "http://shop:8080/": "", "http://shop:8080/eu": "/eu"} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			paths := map[string]bool{}
			var log bytes.Buffer
			g, err := load.New(load.Options{
				Target: target, Seed: 1, Log: slog.New(slog.NewTextHandler(&log, nil)),
				Transport: mesh{"shop": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					defer mu.Unlock()
					paths[r.Method+" "+r.URL.Path] = true
					w.WriteHeader(http.StatusNotFound)
				})},
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := g.Run(ctx); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"GET " + prefix + "/", "POST " + prefix + "/checkout", "GET " + prefix + "/products/1", "GET " + prefix + "/products/20"} {
				if !paths[want] {
					t.Errorf("target %s: no user asked for %s", target, want)
				}
			}
			if len(paths) != 22 {
				t.Errorf("target %s: %d paths, want 22: %v", target, len(paths), paths)
			}
			if n := strings.Count(log.String(), "check the target"); n != 1 {
				t.Errorf("%d warnings of a target that answers 404, want 1", n)
			}
		})
	}
}

// TestOverTCP sends users to a real server until ten of them have paid.
func TestOverTCP(t *testing.T) {
	t.Parallel()
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	var traced, paid atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Get("Traceparent")) == 55 {
			traced.Add(1)
		}
		if r.URL.Path == "/checkout" && r.Method == http.MethodPost {
			w.WriteHeader(http.StatusServiceUnavailable)
			if paid.Add(1) == 10 {
				enough()
			}
		}
	}))
	t.Cleanup(srv.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	g, err := load.New(load.Options{Target: srv.URL, Transport: transport, RPS: 400, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(ctx); err != nil {
		t.Fatal(err)
	}
	var requests, failed int
	for _, s := range g.Seen(time.Now().Add(-time.Minute), time.Now().Add(time.Minute)) {
		requests += s.Requests
		if s.Journey != "checkout" && s.Failed > 0 {
			t.Errorf("%s failed: %+v", s.Journey, s)
		}
		failed += s.Failed
	}
	if requests == 0 || failed == 0 || traced.Load() < int64(requests) {
		t.Errorf("%d requests, %d failed, %d traced; want all of them traced and some to fail", requests, failed, traced.Load())
	}
}
