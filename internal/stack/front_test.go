package stack_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/remote"
	"goldensignals/internal/shop"
	"goldensignals/internal/stack"
)

// apart is a stack whose parts are asked from outside, and the Front that does. It
// takes the place of the stack in the hands of the person who plays.
type apart struct {
	*game

	silence func(service string, on bool)
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
	a := &apart{dataDir: t.TempDir()}
	a.game = play(t, opts, func(s *stack.Stack) {
		var err error
		if a.silence, err = s.ServeAdmins(); err != nil {
			t.Fatal(err)
		}
	})
	return a
}

// front puts a Front before the parts; stop ends both.
func (a *apart) front(interval time.Duration) {
	a.t.Helper()
	at := func(host, path string) *url.URL { return &url.URL{Scheme: "http", Host: host, Path: path} }
	o := stack.FrontOptions{
		PublicURL: at("127.0.0.1:8081", ""), Prometheus: at("prometheus:9090", "/prometheus"), Alertmanager: at("alertmanager:9093", "/alertmanager"),
		Router: at("alertrouter:8080", ""), Users: at("load:9000", ""), DataDir: a.dataDir, Interval: interval, Seed: 1, Network: a.network.Transport(),
	}
	for _, name := range shop.Names() {
		o.Services = append(o.Services, remote.Service{Name: name, URL: at(name+":9000", "")})
	}
	f, err := stack.NewFront(o)
	if err != nil {
		a.t.Fatal(err)
	}
	closeFront, err := a.network.Serve("127.0.0.1:8081", f.Handler())
	if err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(a.t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	a.base = "http://127.0.0.1:8081"
	stopStack := a.stop
	a.stop = func() {
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
	scenario, replayed := replayShort(t)
	var live drill.Result
	synctest.Test(t, func(t *testing.T) {
		a := playApart(t, stack.Options{Seed: 1, Interval: 15 * time.Second, RPS: scenario.Load.RPS})
		defer a.stop()
		time.Sleep(time.Minute + scenario.History - time.Second)
		last, _ := a.start(shortDrill).last()
		if last.Result == nil {
			t.Fatalf("last line = %+v, want a result", last)
		}
		live = *last.Result
		a.nothingLeft("20")
		for path, want := range map[string]string{
			"/": "payments", "/prometheus/api/v1/targets": "shop:8080", "/alertmanager/api/v2/status": "alertrouter", "/router/phone": "RESOLVED",
		} {
			if text := a.text(path); !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	})
	wantSame(t, replayed, live)
}

// TestAbortIsConfirmed: a service that does not answer when a drill is stopped is not
// said to be well, no other drill begins, and it is cleared once it answers again.
func TestAbortIsConfirmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := playApart(t, stack.Options{Seed: 1})
		defer a.stop()
		time.Sleep(10 * time.Second)
		s := a.start(shortDrill)
		for range 40 { // 200 s: the fault acts
			s.next()
		}
		a.silence("payments", true)
		heard := make(chan string, 1)
		go func() { last, _ := s.last(); heard <- last.Error }()
		began := time.Now()
		a.do(http.MethodDelete, stack.DrillsPath, nil, nil)
		if took := time.Since(began); took > 9*time.Second {
			t.Errorf("stopping took %v, longer than the command line waits", took)
		}
		if last := <-heard; !strings.Contains(last, "the service payments does not answer") {
			t.Errorf("last line = %q, want one that says what is not confirmed", last)
		}
		refused := a.post(t.Context(), shortDrill)
		refused.Body.Close()
		if refused.StatusCode != http.StatusConflict || len(a.active()) != 1 {
			t.Errorf("another drill = %d with the faults %v; want 409 and one fault", refused.StatusCode, a.active())
		}
		a.silence("payments", false)
		time.Sleep(15 * time.Second)
		a.nothingLeft("40")
		again := a.start(shortDrill)
		again.hangUp()
		synctest.Wait()
		time.Sleep(time.Second)
	})
}

// TestNextProcessClearsUp: whoever runs the drill was killed in the middle of it.
func TestNextProcessClearsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := withAdmins(t, stack.Options{Seed: 1})
		a.do(http.MethodPost, "/api/v1/faults", fault.Fault{Kind: "errors", Service: "payments"}, nil)
		mark := filepath.Join(a.dataDir, "drill-runs")
		if err := os.WriteFile(mark, []byte("short\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		a.front(0)
		defer a.stop()
		time.Sleep(5 * time.Second)
		if got := a.active(); len(got) > 0 {
			t.Errorf("active faults = %v, want none", got)
		}
		if _, err := os.Stat(mark); err == nil {
			t.Error("the mark of the drill is still there")
		}
	})
}
