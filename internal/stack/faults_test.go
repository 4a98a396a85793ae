package stack_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"goldensignals/internal/bubble"
	"goldensignals/internal/fault"
	"goldensignals/internal/load"
	"goldensignals/internal/shop"
	"goldensignals/internal/tier"
)

// What the table of faults is held to. The bounds are generous: a fault that
// moves a signal moves it far beyond them.
const (
	slowerBound  = 1.5 // times the usual mean time of requests that succeed
	trafficBound = 0.3 // more or less than usual
	errorBound   = 0.01
	fullBound    = 0.9 // of any limit of the service
	hurtBound    = 0.005
	wellBound    = 0.001 // of failed requests; ten times as many may be slow
)

// The phases of a run.
const (
	warmUp    = time.Minute
	healthyIn = 3 * time.Minute
	brokenIn  = 4 * time.Minute // from the fault to the end of what is looked at
	lookAt    = 2 * time.Minute // the last part of it
)

// samples are faults whose parameters make their end come soon.
func samples() map[string]fault.Fault {
	return map[string]fault.Fault{
		"latency":      {Delay: fault.Duration(400 * time.Millisecond)},
		"latency-tail": {Delay: fault.Duration(100 * time.Millisecond)},
		"memory-leak":  {Size: 64 << 20},
		"disk-fill":    {Size: 512 << 20},
	}
}

// target is the service that a fault of the kind is put into.
func target(k fault.Kind) string {
	if len(k.Services) > 0 {
		return k.Services[len(k.Services)-1]
	}
	return "payments"
}

// targets are the services that a fault of the kind can be put into.
func targets(k fault.Kind) []string {
	if len(k.Services) > 0 {
		return k.Services
	}
	return shop.Names()
}

// shopWorld is a shop and its users, and nothing that watches them.
type shopWorld struct {
	network  *bubble.Network
	services map[string]*shop.Service
	users    *load.Generator
	stop     func()
}

func newShopWorld(t *testing.T) *shopWorld {
	t.Helper()
	return newShopWorldWith(t, prometheus.NewRegistry())
}

// newShopWorldWith has the users' metrics in the registry.
func newShopWorldWith(t *testing.T, registry *prometheus.Registry) *shopWorld {
	t.Helper()
	network := &bubble.Network{}
	w := &shopWorld{network: network, services: map[string]*shop.Service{}}
	for _, name := range shop.Names() {
		s, err := shop.New(shop.Options{Name: name, Transport: network.Transport(), Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		w.services[name] = s
		stop, err := network.Serve(name+":8080", s.Handler())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = stop(context.Background()) })
	}
	users, err := load.New(load.Options{Target: "http://shop:8080", Transport: network.Transport(), Faults: w.services["shop"].Faults(), Registry: registry, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = users.Run(ctx) }()
	w.users, w.stop = users, func() { cancel(); <-done }
	return w
}

// reading is what a service showed over some time.
type reading struct {
	requests, failed, seconds, succeeded float64
	full                                 float64 // of its scarcest means, at the worst moment
}

func (r reading) latency() float64 { return r.seconds / max(r.succeeded, 1) }
func (r reading) errors() float64  { return r.failed / max(r.requests, 1) }

// read watches a service for d, as a scrape every five seconds would.
func read(t *testing.T, s *shop.Service, d time.Duration) reading {
	t.Helper()
	var sum reading
	last := figures(t, s)
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(5 * time.Second)
		now := figures(t, s)
		delta := func(get func(map[string]float64) float64) float64 {
			if v := get(now) - get(last); v >= 0 {
				return v
			}
			return get(now) // counters have started again
		}
		for key, into := range map[string]*float64{"requests": &sum.requests, "failed": &sum.failed, "seconds": &sum.seconds, "succeeded": &sum.succeeded} {
			*into += delta(func(m map[string]float64) float64 { return m[key] })
		}
		throttled := delta(func(m map[string]float64) float64 { return m["container_cpu_cfs_throttled_seconds_total"] }) / 5
		sum.full = max(sum.full, throttled, now["full"])
		last = now
	}
	return sum
}

// figures are the sums of one scrape.
func figures(t *testing.T, s *shop.Service) map[string]float64 {
	t.Helper()
	families, err := s.Gather()
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]float64{}
	for _, f := range families {
		for _, metric := range f.GetMetric() {
			switch {
			case f.GetName() == "http_server_request_duration_seconds":
				addRequests(m, metric)
			case metric.GetGauge() != nil:
				m[f.GetName()] = metric.GetGauge().GetValue()
			case metric.GetCounter() != nil:
				m[f.GetName()] = metric.GetCounter().GetValue()
			}
		}
	}
	for used, limit := range map[string]string{
		"http_server_active_requests": "http_server_active_requests_limit", "http_server_queued_requests": "http_server_queued_requests_limit",
		"container_memory_working_set_bytes": "container_spec_memory_limit_bytes", "container_fs_usage_bytes": "container_fs_limit_bytes",
		"queue_jobs": "queue_jobs_limit", "db_client_connections_used": "db_client_connections_limit",
	} {
		if m[limit] > 0 {
			m["full"] = max(m["full"], m[used]/m[limit])
		}
	}
	if m["db_client_connections_waiting"] > 0 {
		m["full"] = 1
	}
	return m
}

func addRequests(m map[string]float64, metric *dto.Metric) {
	status := ""
	for _, l := range metric.GetLabel() {
		if l.GetName() == "http_response_status_code" {
			status = l.GetValue()
		}
	}
	n := float64(metric.GetHistogram().GetSampleCount())
	m["requests"] += n
	switch {
	case strings.HasPrefix(status, "5"):
		m["failed"] += n
	case strings.HasPrefix(status, "2"):
		m["succeeded"] += n
		m["seconds"] += metric.GetHistogram().GetSampleSum()
	}
}

// moved lists the signals that left their usual place.
func moved(healthy, broken reading) []fault.Signal {
	var list []fault.Signal
	if broken.succeeded > 0 && broken.latency() > slowerBound*healthy.latency() {
		list = append(list, fault.Latency)
	}
	usual := healthy.requests / healthyIn.Seconds()
	if change := broken.requests/brokenIn.Seconds()/usual - 1; change > trafficBound || change < -trafficBound {
		list = append(list, fault.Traffic)
	}
	if broken.errors() > errorBound {
		list = append(list, fault.Errors)
	}
	if broken.full > fullBound && healthy.full < fullBound {
		list = append(list, fault.Saturation)
	}
	return list
}

// suffered is the share of users who failed and who waited, from from on.
func (w *shopWorld) suffered(from time.Time) (failed, slow float64) {
	var requests, f, s int
	for _, sec := range w.users.Seen(from, time.Now()) {
		requests, f, s = requests+sec.Requests, f+sec.Failed, s+sec.Slow
	}
	return float64(f) / float64(max(requests, 1)), float64(s) / float64(max(requests, 1))
}

// sentinel is the service of the default tier. It is the target of all kinds that can be
// put into it.
const sentinel = "payments"

// TestFaults holds every line of the table that `gameday fault list` prints:
// the signals that a fault moves and that the others stay, who is hurt, and what
// helps and what does not. By default it tries one service, and of its repairs one that
// helps and one that does not.
func TestFaults(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	for _, k := range fault.Kinds() {
		services := tier.Pick(t, []string{sentinel}, targets(k))
		if !slices.Contains(targets(k), services[0]) {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			for _, service := range services {
				synctest.Test(t, func(t *testing.T) { tryFault(t, k, service) })
			}
			for _, r := range tier.Pick(t, oneOfEach(k), applicable(k)) {
				synctest.Test(t, func(t *testing.T) { tryRepair(t, k, r) })
			}
		})
	}
}

// applicable are the repairs that the target of a fault can have, if there is anything
// to repair.
func applicable(k fault.Kind) []fault.Repair {
	if len(k.Repairs) == 0 {
		return nil
	}
	return slices.DeleteFunc(fault.Repairs(), func(r fault.Repair) bool { return len(r.Services) > 0 && !slices.Contains(r.Services, target(k)) })
}

// oneOfEach is a repair that helps, and one that does not.
func oneOfEach(k fault.Kind) (list []fault.Repair) {
	for _, helps := range []bool{true, false} {
		all := applicable(k)
		if i := slices.IndexFunc(all, func(r fault.Repair) bool { return slices.Contains(k.Repairs, r.Name) == helps }); i >= 0 {
			list = append(list, all[i])
		}
	}
	return list
}

// breakIt injects a fault of the kind and waits until its end shows.
func (w *shopWorld) breakIt(t *testing.T, k fault.Kind, service string) {
	t.Helper()
	f := samples()[k.Name]
	f.Kind, f.Service, f.For = k.Name, service, fault.Duration(time.Hour)
	if _, err := w.services[f.Service].Faults().Inject(time.Now(), f); err != nil {
		t.Fatal(err)
	}
}

func tryFault(t *testing.T, k fault.Kind, service string) {
	w := newShopWorld(t)
	defer w.stop()
	time.Sleep(warmUp)
	s := w.services[service]
	healthy := read(t, s, healthyIn)
	if failed, slow := w.suffered(time.Now().Add(-healthyIn)); failed > 0 || slow > wellBound {
		t.Errorf("users suffer before the fault: %.2f %% fail, %.2f %% wait", 100*failed, 100*slow)
	}
	w.breakIt(t, k, service)
	broken := read(t, s, brokenIn)
	got := moved(healthy, broken)
	figures := fmt.Sprintf("latency %.0f -> %.0f ms, traffic %.1f -> %.1f/s, errors %.2f %%, full %.2f -> %.2f",
		1000*healthy.latency(), 1000*broken.latency(), healthy.requests/healthyIn.Seconds(), broken.requests/brokenIn.Seconds(),
		100*broken.errors(), healthy.full, broken.full)
	may := slices.DeleteFunc(slices.Clone(got), func(s fault.Signal) bool { return slices.Contains(k.Also, s) })
	if !slices.Equal(may, k.Signals) {
		t.Errorf("%s: moves %v, claims %v: %s", service, got, k.Signals, figures)
	}
	failed, slow := w.suffered(time.Now().Add(-lookAt))
	if hurt := failed > hurtBound || slow > 10*hurtBound; hurt != (k.Hurts != "") {
		t.Errorf("%s: claims %q, but %.2f %% of users fail and %.2f %% wait", service, k.Hurts, 100*failed, 100*slow)
	}
	t.Logf("%s: %s; users: %.2f %% fail, %.2f %% wait", service, figures, 100*failed, 100*slow)
}

func tryRepair(t *testing.T, k fault.Kind, r fault.Repair) {
	w := newShopWorld(t)
	defer w.stop()
	time.Sleep(warmUp)
	w.breakIt(t, k, target(k))
	time.Sleep(brokenIn)
	if _, err := w.services[target(k)].Faults().Apply(time.Now(), r.Name); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(r.Takes) + fault.BackWithin)
	from := time.Now()
	time.Sleep(lookAt)
	failed, slow := w.suffered(from)
	well := failed <= wellBound && slow <= 10*wellBound
	if helps := slices.Contains(k.Repairs, r.Name); well != helps && k.Hurts != "" {
		t.Errorf("%s: helps %v, want %v: after it %.2f %% of users fail and %.2f %% wait", r.Name, well, helps, 100*failed, 100*slow)
	}
}
