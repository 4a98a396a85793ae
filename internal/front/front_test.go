package front_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/faultapi"
	"goldensignals/internal/front"
	"goldensignals/internal/live"
	"goldensignals/internal/live/livetest"
	"goldensignals/internal/load"
	"goldensignals/internal/remote"
	"goldensignals/internal/shop"
	"goldensignals/internal/stack"
	"goldensignals/internal/tier"
)

// apart is a stack whose parts are asked from outside, and the Front that does. It
// takes the place of the stack in the hands of the person who plays.
type apart struct {
	*livetest.Game

	t       *testing.T
	silent  sync.Map // :: name of a service whose admin listener is gone -> true
	dataDir string
}

func playApart(t *testing.T, opts stack.Options) *apart {
	t.Helper()
	a := withAdmins(t, opts)
	a.front(opts.Interval)
	return a
}

// withAdmins is a stack that a Front can be put before.
func withAdmins(t *testing.T, opts stack.Options) *apart {
	t.Helper()
	a := &apart{Game: livetest.Play(t, live.Options{Stack: opts}), t: t, dataDir: t.TempDir()}
	a.serveAdmins()
	return a
}

// single is one service's part of the faults.
type single struct {
	stack.Faults

	name string
}

func (s single) Active() []fault.Active {
	return slices.DeleteFunc(s.Faults.Active(), func(a fault.Active) bool { return a.Service != s.name })
}

func (s single) Applied() []fault.Applied {
	return slices.DeleteFunc(s.Faults.Applied(), func(a fault.Applied) bool { return a.Service != s.name })
}

func (s single) Clear(kind, _ string) ([]fault.Active, error) { return s.Faults.Clear(kind, s.name) }

func (s single) Undo(string) error { return s.Faults.Undo(s.name) }

// serveAdmins opens what containers have beside their service: the listeners where a
// Front breaks services and asks users.
func (a *apart) serveAdmins() {
	a.t.Helper()
	for _, name := range shop.Names() {
		api := faultapi.New(faultapi.Options{Faults: single{a.Stack.Faults(), name}})
		a.serve(name+":9000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := a.silent.Load(name); ok {
				http.Error(w, "gone", http.StatusServiceUnavailable)
				return
			}
			api.ServeHTTP(w, r)
		}))
	}
	a.serve("load:9000", load.NewAPI(a.Stack.Users().Generator, time.Now()))
}

// serve serves h at addr until the stack has stopped.
func (a *apart) serve(addr string, h http.Handler) {
	a.t.Helper()
	stop, err := a.Network.Serve(addr, h)
	if err != nil {
		a.t.Fatal(err)
	}
	stopStack := a.Stop
	a.Stop = func() {
		stopStack()
		if err := stop(context.WithoutCancel(a.t.Context())); err != nil {
			a.t.Errorf("stop %s: %v", addr, err)
		}
	}
}

// front puts a Front before the parts; stop ends both.
func (a *apart) front(interval time.Duration) {
	a.t.Helper()
	at := func(host, path string) *url.URL { return &url.URL{Scheme: "http", Host: host, Path: path} }
	o := front.Options{
		PublicURL: at("127.0.0.1:8081", ""), Prometheus: at("prometheus:9090", "/prometheus"), Alertmanager: at("alertmanager:9093", "/alertmanager"),
		Router: at("alertrouter:8080", ""), Users: at("load:9000", ""), DataDir: a.dataDir, Interval: interval, Seed: 1, Network: a.Network.Transport(),
	}
	for _, name := range shop.Names() {
		o.Services = append(o.Services, remote.Service{Name: name, URL: at(name+":9000", "")})
	}
	f, err := front.New(o)
	if err != nil {
		a.t.Fatal(err)
	}
	closeFront, err := a.Network.Serve("127.0.0.1:8081", f.Handler())
	if err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(a.t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	a.Base = "http://127.0.0.1:8081"
	stopStack := a.Stop
	a.Stop = func() {
		cancel()
		if err := <-done; err != nil {
			a.t.Errorf("Run of the front: %v", err)
		}
		if err := closeFront(context.WithoutCancel(ctx)); err != nil {
			a.t.Errorf("stop the front's server: %v", err)
		}
		stopStack()
	}
}

// TestDrillOfPartsElsewhere: it makes no difference to a drill, its messages and its
// score whether the parts of the stack are in one process.
func TestDrillOfPartsElsewhere(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	tier.Full(t)
	scenario, replayed := livetest.ReplayShort(t)
	var played drill.Result
	synctest.Test(t, func(t *testing.T) {
		a := playApart(t, stack.Options{Seed: 1, Interval: 15 * time.Second, RPS: scenario.Load.RPS})
		defer a.Stop()
		time.Sleep(time.Minute + scenario.History - time.Second)
		last, _ := a.Start(livetest.ShortDrill).Last()
		if last.Result == nil {
			t.Fatalf("last line = %+v, want a result", last)
		}
		played = *last.Result
		a.NothingLeft("20")
		for path, want := range map[string]string{
			"/": "payments", "/prometheus/api/v1/targets": "shop:8080", "/alertmanager/api/v2/status": "alertrouter", "/router/phone": "RESOLVED",
		} {
			if text := a.Text(path); !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	})
	livetest.WantSame(t, replayed, played)
}

// TestAbortIsConfirmed: a service that does not answer when a drill is stopped is not
// said to be well, no other drill begins, and it is cleared once it answers again.
func TestAbortIsConfirmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := playApart(t, stack.Options{Seed: 1})
		defer a.Stop()
		time.Sleep(10 * time.Second)
		s := a.Start(livetest.ShortDrill)
		for range 40 { // 200 s: the fault acts
			s.Next()
		}
		a.silent.Store("payments", true)
		heard := make(chan string, 1)
		go func() { last, _ := s.Last(); heard <- last.Error }()
		began := time.Now()
		a.Do(http.MethodDelete, live.DrillsPath, nil, nil)
		if took := time.Since(began); took > 9*time.Second {
			t.Errorf("stopping took %v, longer than the command line waits", took)
		}
		if last := <-heard; !strings.Contains(last, "the service payments does not answer") {
			t.Errorf("last line = %q, want one that says what is not confirmed", last)
		}
		refused := a.Post(t.Context(), livetest.ShortDrill)
		refused.Body.Close()
		if refused.StatusCode != http.StatusConflict || len(a.Active()) != 1 {
			t.Errorf("another drill = %d with the faults %v; want 409 and one fault", refused.StatusCode, a.Active())
		}
		a.silent.Delete("payments")
		time.Sleep(15 * time.Second)
		a.NothingLeft("40")
		again := a.Start(livetest.ShortDrill)
		again.HangUp()
		synctest.Wait()
		time.Sleep(time.Second)
	})
}

// TestNextProcessClearsUp: whoever runs the drill was killed in the middle of it.
func TestNextProcessClearsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := withAdmins(t, stack.Options{Seed: 1})
		a.Do(http.MethodPost, "/api/v1/faults", fault.Fault{Kind: "errors", Service: "payments"}, nil)
		mark := filepath.Join(a.dataDir, "drill-runs")
		if err := os.WriteFile(mark, []byte("short\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		a.front(0)
		defer a.Stop()
		time.Sleep(5 * time.Second)
		if got := a.Active(); len(got) > 0 {
			t.Errorf("active faults = %v, want none", got)
		}
		if _, err := os.Stat(mark); err == nil {
			t.Error("the mark of the drill is still there")
		}
	})
}
