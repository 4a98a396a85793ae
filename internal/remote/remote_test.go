package remote_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/faultapi"
	"goldensignals/internal/guard"
	"goldensignals/internal/load"
	"goldensignals/internal/patience"
	"goldensignals/internal/remote"
)

const token = "correct horse"

// set is a service's faults, as demoapp serves them.
type set struct{ *fault.Set }

func (set) Kinds() []fault.Kind      { return fault.Kinds() }
func (set) Services() []string       { return []string{"shop", "payments"} }
func (s set) Active() []fault.Active { return s.Set.Active(time.Now()) }
func (s set) Inject(f fault.Fault) (fault.Active, error) {
	return s.Set.Inject(time.Now(), f)
}

func (s set) Clear(kind, _ string) ([]fault.Active, error) {
	return s.Set.Clear(time.Now(), kind), nil
}
func (set) Repairs() []fault.Repair { return fault.Repairs() }
func (s set) Apply(repair, _ string) (fault.Applied, error) {
	return s.Set.Apply(time.Now(), repair)
}

func (s set) Undo(string) error {
	s.Set.Undo(time.Now())
	return nil
}

// part serves a handler behind the token. As long as it is silent it cuts off what
// comes.
type part struct {
	admitted http.Handler
	url      *url.URL // over TCP
	silent   atomic.Bool
	loses    atomic.Bool // answers get lost, orders do not
	asked    atomic.Int64
}

func newPart(h http.Handler) *part {
	return &part{admitted: guard.Admit(h, token, faultapi.WriteError)}
}

func (p *part) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked.Add(1)
	if p.silent.Load() {
		panic(http.ErrAbortHandler)
	}
	if p.loses.Load() && r.Method != http.MethodGet {
		p.admitted.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	p.admitted.ServeHTTP(w, r)
}

// serve serves a part over TCP.
func serve(t *testing.T, h http.Handler) *part {
	t.Helper()
	p := newPart(h)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	var err error
	if p.url, err = url.Parse(server.URL); err != nil {
		t.Fatal(err)
	}
	return p
}

// shop is two services and their faults from afar.
func shop(t *testing.T) (faults *remote.Faults, sets map[string]*fault.Set, parts map[string]*part) {
	t.Helper()
	sets, parts = map[string]*fault.Set{}, map[string]*part{}
	o := remote.FaultsOptions{Token: token}
	for _, name := range []string{"shop", "payments"} {
		sets[name] = fault.NewSet(name)
		parts[name] = serve(t, faultapi.New(faultapi.Options{Faults: set{sets[name]}}))
		o.Services = append(o.Services, remote.Service{Name: name, URL: parts[name].url})
	}
	return remote.NewFaults(o), sets, parts
}

// near is a transport to parts without a network, so that virtual time can pass.
type near map[string]*part // :: host -> who serves there

func (n near) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if recover() != nil { // http.ErrAbortHandler
			err = io.ErrUnexpectedEOF
		}
	}()
	w, in := httptest.NewRecorder(), httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header = r.Header
	n[r.URL.Host].ServeHTTP(w, in)
	resp = w.Result()
	resp.Request = r
	return resp, nil
}

// payments is one service and its faults from afar, in virtual time.
func payments(token string) (*remote.Faults, *fault.Set, *part) {
	own := fault.NewSet("payments")
	p := newPart(faultapi.New(faultapi.Options{Faults: set{own}}))
	return remote.NewFaults(remote.FaultsOptions{
		Services: []remote.Service{{Name: "payments", URL: &url.URL{Scheme: "http", Host: "payments:9000"}}}, Token: token, Transport: near{"payments:9000": p},
	}), own, p
}

func TestFaults(t *testing.T) {
	t.Parallel()
	faults, sets, _ := shop(t)
	injected, err := faults.Inject(fault.Fault{Kind: "errors", Service: "payments", Ratio: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if got := sets["payments"].Active(time.Now()); len(got) != 1 || got[0].Ratio != 0.5 {
		t.Fatalf("payments has %v", got)
	}
	if got := faults.Active(); len(got) != 1 || !got[0].Until.Equal(injected.Until) {
		t.Errorf("Active = %v, want %v", got, injected)
	}
	if _, err := faults.Apply("rollback", "payments"); err != nil {
		t.Fatal(err)
	}
	_, err = faults.Apply("rollback", "payments")
	if _, busy := errors.AsType[*fault.BusyError](err); !busy {
		t.Errorf("a second repair = %v, want a BusyError", err)
	}
	if err := faults.Undo(""); err != nil || len(faults.Applied()) != 0 {
		t.Errorf("Undo = %v, and then %v", err, faults.Applied())
	}
	cleared, err := faults.Clear("", "")
	if err != nil || len(cleared) != 1 || cleared[0].Kind != "errors" {
		t.Errorf("Clear = %v, %v", cleared, err)
	}
	if got := append(faults.Active(), sets["payments"].Active(time.Now())...); len(got) > 0 {
		t.Errorf("after Clear: %v", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	faults, _, _ := payments(token)
	_, err := faults.Inject(fault.Fault{Kind: "errors", Service: "bank"})
	if field, ok := errors.AsType[*fault.FieldError](err); !ok || field.Field != "service" {
		t.Errorf("an unknown service: %v", err)
	}
	stranger, _, p := payments("wrong")
	if _, err := stranger.Clear("", ""); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("with a wrong token: %v", err)
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("what is refused was tried %d times", n)
	}
}

// A service that the kernel has just killed does not answer; its fault must go all
// the same.
func TestClearOutlastsARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		faults, own, p := payments(token)
		if _, err := faults.Inject(fault.Fault{Kind: "memory-leak", Service: "payments"}); err != nil {
			t.Fatal(err)
		}
		p.silent.Store(true)
		if _, err := faults.Inject(fault.Fault{Kind: "errors", Service: "payments"}); err == nil {
			t.Fatal("a fault was injected into a service that is silent")
		}
		time.AfterFunc(3*time.Second, func() { p.silent.Store(false) })
		cleared, err := faults.Clear("", "")
		if err != nil || len(cleared) != 1 {
			t.Errorf("Clear = %v, %v", cleared, err)
		}
		if got := own.Active(time.Now()); len(got) > 0 {
			t.Errorf("payments still has %v", got)
		}
	})
}

// An order whose answer is lost may have been carried out: who clears up must not
// believe the error.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	faults, sets, parts := shop(t)
	parts["payments"].loses.Store(true)
	if _, err := faults.Inject(fault.Fault{Kind: "errors", Service: "payments"}); err == nil {
		t.Fatal("no error, although there was no answer")
	}
	parts["payments"].loses.Store(false)
	if _, err := faults.Clear("errors", "payments"); err != nil || len(sets["payments"].Active(time.Now())) > 0 {
		t.Errorf("Clear = %v, and payments has %v", err, sets["payments"].Active(time.Now()))
	}
}

// Who cannot reach a service must not say that its faults are gone.
func TestClearAdmitsWhatIsNotConfirmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		faults, _, p := payments(token)
		if _, err := faults.Inject(fault.Fault{Kind: "errors", Service: "payments"}); err != nil {
			t.Fatal(err)
		}
		p.silent.Store(true)
		began := time.Now()
		_, err := faults.Clear("", "")
		unreachable, ok := errors.AsType[*faultapi.UnreachableError](err)
		if !ok || unreachable.Service != "payments" {
			t.Errorf("Clear = %v, want an UnreachableError of payments", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("who clears up waits for %v", took)
		}
		if got := faults.Active(); len(got) != 1 {
			t.Errorf("Active = %v, want the fault that was not cleared", got)
		}
	})
}

func TestRunFollows(t *testing.T) {
	t.Parallel()
	faults, sets, _ := shop(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- faults.Run(ctx) }()
	if _, err := sets["shop"].Inject(time.Now(), fault.Fault{Kind: "errors", Service: "shop"}); err != nil {
		t.Fatal(err)
	}
	patience.Until(t, "fault", func() bool { return len(faults.Active()) == 1 })
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestMirror(t *testing.T) {
	t.Parallel()
	_, sets, parts := shop(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	mine, warned, ended := fault.NewSet("shop"), make(chan error, 10), make(chan struct{})
	go func() {
		defer close(ended)
		remote.Mirror(ctx, mine, remote.Service{Name: "shop", URL: parts["shop"].url}, token, func(err error) { warned <- err })
	}()
	original, err := sets["shop"].Inject(time.Now(), fault.Fault{Kind: "traffic-loss", Service: "shop", Ratio: 1})
	if err != nil {
		t.Fatal(err)
	}
	patience.Until(t, "copy of the fault", func() bool { return mine.Effect(time.Now(), 1).Lost })
	if diff := cmp.Diff(original, mine.Active(time.Now())[0]); diff != "" {
		t.Errorf("the copy differs (-want +got):\n%s", diff)
	}
	parts["shop"].silent.Store(true)
	if err := <-warned; err == nil {
		t.Error("a warning of nothing")
	}
	if !mine.Effect(time.Now(), 1).Lost {
		t.Error("what the service had last is forgotten while it is silent")
	}
	sets["shop"].Clear(time.Now(), "")
	parts["shop"].silent.Store(false)
	patience.Until(t, "end of the copy", func() bool { return len(mine.Active(time.Now())) == 0 })
	cancel()
	<-ended
}

func TestUsers(t *testing.T) {
	t.Parallel()
	since := time.Now()
	g, err := load.New(load.Options{Target: "http://shop:8080", Transport: http.DefaultTransport, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	p := serve(t, load.NewAPI(g, since))
	users := remote.NewUsers(p.url, token, nil)
	if rps, err := users.RPS(); err != nil || rps != load.DefaultRPS {
		t.Errorf("RPS = %v, %v", rps, err)
	}
	if err := users.SetRPS(7); err != nil || g.RPS() != 7 {
		t.Errorf("SetRPS = %v, and the rate is %v", err, g.RPS())
	}
	if err := users.SetRPS(-1); err == nil || !strings.Contains(err.Error(), "not a rate") {
		t.Errorf("a negative rate: %v", err)
	}
	if seen, err := users.Seen(since, since.Add(time.Minute)); err != nil || len(seen) != 0 {
		t.Errorf("Seen = %v, %v", seen, err)
	}
	if _, err := users.Seen(since.Add(-time.Second), since); err == nil || !strings.Contains(err.Error(), "is lost") {
		t.Errorf("of the time before the load was there: %v, want an error", err)
	}
	p.silent.Store(true)
	if _, err := users.RPS(); err == nil || !strings.Contains(err.Error(), "the load does not answer") {
		t.Errorf("of a load that is silent: %v", err)
	}
}

func TestSecondsTravel(t *testing.T) {
	t.Parallel()
	want := []drill.Second{{At: time.Unix(1_700_000_000, 0).UTC(), Journey: "checkout", Requests: 3, Failed: 2, Slow: 1}}
	p := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"since":"2023-01-01T00:00:00Z","seconds":[{"at":"2023-11-14T22:13:20Z","journey":"checkout","requests":3,"failed":2,"slow":1}]}`))
	}))
	got, err := remote.NewUsers(p.url, token, nil).Seen(want[0].At, want[0].At.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Seen (-want +got):\n%s", diff)
	}
}
