package shop_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/fault"
	"goldensignals/internal/shop"
)

const (
	browse   = "http://shop:8080/"
	product  = "http://shop:8080/products/7"
	checkout = "http://shop:8080/checkout"
)

func TestDependencies(t *testing.T) {
	t.Parallel()
	want := map[string][]string{"shop": {"auth", "orders"}, "auth": {}, "orders": {"payments"}, "payments": {}}
	if diff := cmp.Diff(want, shop.Dependencies()); diff != "" {
		t.Errorf("Dependencies (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"shop", "auth", "orders", "payments"}, shop.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := shop.New(shop.Options{Name: "auth"}); err != nil {
		t.Fatalf("New of a service without dependencies: %v", err)
	}
	tests := []struct {
		name    string
		options shop.Options
		want    string
	}{
		{"unknown name", shop.Options{Name: "bank"}, "choose one of shop, auth, orders, payments"},
		{"no name", shop.Options{}, "choose one of"},
		{"no transport", shop.Options{Name: "orders"}, "option Transport is missing"},
		{"a negative load", shop.Options{Name: "payments", SizedFor: -1}, "option SizedFor: -1 is not a rate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := shop.New(tt.options); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		for _, tt := range []struct {
			method, url string
			want        int
		}{
			{http.MethodGet, browse, 200},
			{http.MethodGet, product, 200},
			{http.MethodPost, checkout, 200},
			{http.MethodGet, "http://auth:8080/tokeninfo", 200},
			{http.MethodPost, "http://orders:8080/orders", 201},
			{http.MethodPost, "http://payments:8080/charges", 201},
			{http.MethodGet, "http://payments:8080/-/healthy", 200},
			{http.MethodGet, "http://payments:8080/-/ready", 200},
			{http.MethodGet, checkout, 404},
			{http.MethodGet, "http://shop:8080/products", 404},
			{http.MethodGet, "http://shop:8080/wp-login.php", 404},
		} {
			if got := w.do(t.Context(), tt.method, tt.url); got != tt.want {
				t.Errorf("%s %s = %d, want %d", tt.method, tt.url, got, tt.want)
			}
		}
	})
}

func TestHealthyIsFast(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ method, url string }{
		{http.MethodGet, browse}, {http.MethodGet, product}, {http.MethodPost, checkout},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 1)
			var took []time.Duration
			for range 2000 {
				start := time.Now()
				if got := w.do(t.Context(), tt.method, tt.url); got != 200 {
					t.Fatalf("%s %s = %d, want 200", tt.method, tt.url, got)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			t.Logf("%s %s: p50 %v, p99 %v, max %v", tt.method, tt.url, took[1000], took[1980], took[1999])
			if p99 := took[1980]; p99 > 150*time.Millisecond {
				t.Errorf("%s %s: p99 = %v, want at most 150ms", tt.method, tt.url, p99)
			}
			if took[0] == took[1999] {
				t.Errorf("%s %s always takes %v: work times do not vary", tt.method, tt.url, took[0])
			}
		})
	}
}

// TestDependencyFails breaks one service at a time and looks at what users of
// the shop see.
func TestDependencyFails(t *testing.T) {
	t.Parallel()
	fails := func(w world, s string) {
		if _, err := w.services[s].Faults().Inject(time.Now(), errorsFault(s, 1)); err != nil {
			panic(err)
		}
	}
	hangs := func(w world, s string) {
		f := fault.Fault{Kind: "latency", Service: s, Delay: fault.Duration(time.Minute)}
		if _, err := w.services[s].Faults().Inject(time.Now(), f); err != nil {
			panic(err)
		}
	}
	unreachable := func(w world, s string) { delete(w.mesh, s) }
	tests := []struct {
		name                      string
		how                       func(world, string)
		service                   string
		browse, product, checkout int
		atLeast, atMost           time.Duration // of the checkout
	}{
		{"auth fails", fails, "auth", 200, 502, 502, 0, time.Second},
		{"orders fails", fails, "orders", 200, 200, 502, 0, time.Second},
		{"payments fails", fails, "payments", 200, 200, 502, 0, time.Second},
		{"shop fails", fails, "shop", 500, 500, 500, 0, time.Second},
		{"payments is unreachable", unreachable, "payments", 200, 200, 502, 0, time.Second},
		{"auth hangs", hangs, "auth", 200, 502, 502, 2 * time.Second, 2200 * time.Millisecond},
		{"orders hangs", hangs, "orders", 200, 200, 502, 2500 * time.Millisecond, 2700 * time.Millisecond},
		{"payments hangs", hangs, "payments", 200, 200, 502, 2 * time.Second, 2200 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				tt.how(w, tt.service)
				if got := w.do(t.Context(), http.MethodGet, browse); got != tt.browse {
					t.Errorf("browse = %d, want %d", got, tt.browse)
				}
				if got := w.do(t.Context(), http.MethodGet, product); got != tt.product {
					t.Errorf("product = %d, want %d", got, tt.product)
				}
				start := time.Now()
				if got := w.do(t.Context(), http.MethodPost, checkout); got != tt.checkout {
					t.Errorf("checkout = %d, want %d", got, tt.checkout)
				}
				if took := time.Since(start); took < tt.atLeast || took > tt.atMost {
					t.Errorf("checkout took %v, want %v to %v", took, tt.atLeast, tt.atMost)
				}
			})
		})
	}
}

// A slow bank is the inner end of a chain of timeouts: orders must be the one
// that notices, not the shop in front of it.
func TestInnerTimeoutStrikesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		f := fault.Fault{Kind: "latency", Service: "payments", Delay: fault.Duration(5 * time.Second)}
		if _, err := w.services["payments"].Faults().Inject(time.Now(), f); err != nil {
			t.Fatal(err)
		}
		w.do(t.Context(), http.MethodPost, checkout)
		for service, line := range map[string]string{
			"shop":     `http_client_request_duration_seconds_count{error_type="502",http_response_status_code="502",peer_service="orders"} 1`,
			"orders":   `http_client_request_duration_seconds_count{error_type="timeout",http_response_status_code="",peer_service="payments"} 1`,
			"payments": `http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="499",http_route="/charges"} 1`,
		} {
			if text := w.metrics(t, service); !strings.Contains(text, line) {
				t.Errorf("%s does not show %s", service, line)
			}
		}
	})
}

func TestFaultsHitTheirShareAndEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		f := fault.Fault{Kind: "errors", Service: "payments", Ratio: 0.3, For: fault.Duration(time.Minute)}
		if _, err := w.services["payments"].Faults().Inject(time.Now(), f); err != nil {
			t.Fatal(err)
		}
		end := time.Now().Add(time.Minute)
		during, failed := 0, 0
		for time.Now().Before(end.Add(-200 * time.Millisecond)) {
			during++
			if w.do(t.Context(), http.MethodPost, checkout) == 502 {
				failed++
			}
		}
		if share := float64(failed) / float64(during); share < 0.25 || share > 0.35 {
			t.Errorf("%d of %d checkouts failed, want about 30 %%", failed, during)
		}
		time.Sleep(time.Until(end))
		for range 100 {
			if got := w.do(t.Context(), http.MethodPost, checkout); got != 200 {
				t.Fatalf("checkout after the fault = %d, want 200", got)
			}
		}
	})
}

// TestSaturation sends more than payments can take: 16 are worked on, 64 wait,
// the rest is turned away at once; all who waited are served in the end.
func TestSaturation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		f := fault.Fault{Kind: "latency", Service: "payments", Delay: fault.Duration(time.Second)}
		if _, err := w.services["payments"].Faults().Inject(time.Now(), f); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var mu sync.Mutex
		got := map[int]int{}
		atOnce := 0
		var wg sync.WaitGroup
		for range 16 + 64 + 20 {
			wg.Go(func() {
				status := w.do(t.Context(), http.MethodPost, "http://payments:8080/charges")
				mu.Lock()
				defer mu.Unlock()
				got[status]++
				if status == 503 && time.Since(start) == 0 {
					atOnce++
				}
			})
		}
		synctest.Wait()
		text := w.metrics(t, "payments")
		for _, line := range []string{
			"http_server_active_requests 16.0", "http_server_active_requests_limit 16.0",
			"http_server_queued_requests 64.0", "http_server_queued_requests_limit 64.0",
		} {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("/metrics under load lacks %q", line)
			}
		}
		wg.Wait()
		if diff := cmp.Diff(map[int]int{201: 80, 503: 20}, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if atOnce != 20 {
			t.Errorf("%d of 20 were turned away at once", atOnce)
		}
		if took := time.Since(start); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("80 requests of about 1.04 s through 16 workers took %v, want about 5.2 s", took)
		}
	})
}

// TestClientDisconnects checks that a client that goes away frees its worker
// or its place in the queue, down the whole chain.
func TestClientDisconnects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		f := fault.Fault{Kind: "latency", Service: "payments", Delay: fault.Duration(time.Second)}
		if _, err := w.services["payments"].Faults().Inject(time.Now(), f); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { w.do(ctx, http.MethodPost, checkout) })
		}
		time.Sleep(500 * time.Millisecond)
		cancel()
		wg.Wait()
		for service, count := range map[string]string{
			"shop":     `http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="499",http_route="/checkout"} 20`,
			"orders":   `http_client_request_duration_seconds_count{error_type="canceled",http_response_status_code="",peer_service="payments"} 20`,
			"payments": `http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="499",http_route="/charges"} 20`,
		} {
			text := w.metrics(t, service)
			for _, line := range []string{count, "http_server_active_requests 0.0", "http_server_queued_requests 0.0"} {
				if !strings.Contains(text, line) {
					t.Errorf("%s lacks %q", service, line)
				}
			}
		}
	})
}

// TestOverTCP runs one chain over real sockets, with a client that goes away.
func TestOverTCP(t *testing.T) {
	t.Parallel()
	payments, err := shop.New(shop.Options{Name: "payments"})
	if err != nil {
		t.Fatal(err)
	}
	back := httptest.NewServer(payments.Handler())
	t.Cleanup(back.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	orders, err := shop.New(shop.Options{Name: "orders", Transport: rewrite{transport, strings.TrimPrefix(back.URL, "http://")}})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(orders.Handler())
	t.Cleanup(front.Close)

	post := func(ctx context.Context) (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, front.URL+"/orders", strings.NewReader(`{"cents":4900}`))
		if err != nil {
			return 0, err
		}
		resp, err := front.Client().Do(req)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	if status, err := post(t.Context()); err != nil || status != http.StatusCreated {
		t.Errorf("POST /orders = %d, %v, want 201", status, err)
	}
	if _, err := payments.Faults().Inject(time.Now(), fault.Fault{Kind: "errors", Service: "payments"}); err != nil {
		t.Fatal(err)
	}
	if status, err := post(t.Context()); err != nil || status != http.StatusBadGateway {
		t.Errorf("POST /orders with failing payments = %d, %v, want 502", status, err)
	}
	const delay = time.Minute
	hang := fault.Fault{Kind: "latency", Service: "orders", Delay: fault.Duration(delay)}
	if _, err := orders.Faults().Inject(time.Now(), hang); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if status, err := post(ctx); err == nil {
		t.Errorf("POST /orders that hangs = %d, want the client's timeout", status)
	}
	// Close waits for requests under way: it ends before the delay does only if the
	// service noticed that its client is gone.
	start := time.Now()
	front.Close()
	if took := time.Since(start); took > delay-time.Second {
		t.Errorf("the service worked on for %v after its client had gone", took)
	}
}

func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		for size, want := range map[int]int{0: 201, 64 << 10: 201, 64<<10 + 1: 413} {
			req := httptest.NewRequest(http.MethodPost, "http://payments:8080/charges", strings.NewReader(strings.Repeat("x", size)))
			resp, err := w.mesh.RoundTrip(req)
			if err != nil || resp.StatusCode != want {
				t.Errorf("POST of %d bytes = %v, %v, want %d", size, resp, err, want)
			}
		}
		line := `http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="413",http_route="/charges"} 1`
		if !strings.Contains(w.metrics(t, "payments"), line) {
			t.Errorf("metrics lack %s", line)
		}
	})
}

// rewrite sends every request to one address.
type rewrite struct {
	transport http.RoundTripper
	address   string
}

func (r rewrite) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Host = r.address
	return r.transport.RoundTrip(req)
}
