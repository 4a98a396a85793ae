package tracing_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"goldensignals/internal/patience"
	"goldensignals/internal/trace"
	"goldensignals/internal/tracing"
)

// collector receives OTLP over HTTP and gRPC.
type collector struct {
	coltrace.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []*tracepb.ResourceSpans
}

func (c *collector) Export(_ context.Context, req *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = append(c.spans, req.GetResourceSpans()...)
	return &coltrace.ExportTraceServiceResponse{}, nil
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var req coltrace.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &req) != nil {
		http.Error(w, "not OTLP", http.StatusBadRequest)
		return
	}
	_, _ = c.Export(r.Context(), &req)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// received is a span as the collector has it.
type received struct {
	Service, Namespace, Extra string
	Trace, ID, Parent         string
	Name, Kind, Status        string
	Took                      time.Duration
	Attributes                map[string]string
}

func words(list []*commonpb.KeyValue) map[string]string {
	m := map[string]string{}
	for _, kv := range list {
		m[kv.GetKey()] = strings.Trim(strings.TrimPrefix(strings.TrimPrefix(kv.GetValue().String(), "string_value:"), "int_value:"), `"`)
	}
	return m
}

func (c *collector) received() map[string]received {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := map[string]received{}
	for _, rs := range c.spans {
		res := words(rs.GetResource().GetAttributes())
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				got[hex.EncodeToString(s.GetSpanId())] = received{
					Service: res["service.name"], Namespace: res["service.namespace"], Extra: res["deployment.environment.name"],
					Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
					Name: s.GetName(), Kind: s.GetKind().String(), Status: s.GetStatus().GetCode().String() + " " + s.GetStatus().GetMessage(),
					Took: time.Duration(s.GetEndTimeUnixNano() - s.GetStartTimeUnixNano()), Attributes: words(s.GetAttributes()),
				}
			}
		}
	}
	return got
}

// environment clears what the machine's own may say, and sets what the test does.
func environment(t *testing.T, set map[string]string) {
	t.Helper()
	for _, name := range []string{
		"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME",
	} {
		t.Setenv(name, set[name])
	}
}

func newExport(t *testing.T, log io.Writer) (*tracing.Export, error) {
	t.Helper()
	return tracing.NewExport(t.Context(), tracing.ExportOptions{
		Services: []string{"shop", "orders"}, Namespace: "goldensignals", Log: slog.New(slog.NewTextHandler(log, nil)),
	})
}

func exported() []trace.Span {
	lost := inner(1, 0, noon)
	lost.Status, lost.Error, lost.Failed, lost.Took = 0, trace.Timeout, true, 2*time.Second
	callee := trace.Span{
		Trace: id(1), ID: 7, Parent: lost.ID, Kind: trace.Server, Service: "orders", Name: "POST /orders", Start: noon, Took: time.Millisecond, Status: 201,
	}
	stranger := callee
	stranger.Service, stranger.ID = "bank", 8
	return []trace.Span{callee, lost, server(1, noon, 3*time.Second, 502), stranger}
}

func wantExported(extra string) map[string]received {
	return map[string]received{
		"0000000000000007": {
			Service: "orders", Namespace: "goldensignals", Extra: extra, Trace: id(1).String(), ID: "0000000000000007", Parent: "0000000000000002",
			Name: "POST /orders", Kind: "SPAN_KIND_SERVER", Status: "STATUS_CODE_UNSET ", Took: time.Millisecond,
			Attributes: map[string]string{"http.request.method": "POST", "http.route": "/orders", "http.response.status_code": "201"},
		},
		"0000000000000002": {
			Service: "shop", Namespace: "goldensignals", Extra: extra, Trace: id(1).String(), ID: "0000000000000002", Parent: "0000000000000001",
			Name: "POST /orders", Kind: "SPAN_KIND_CLIENT", Status: "STATUS_CODE_ERROR timeout", Took: 2 * time.Second,
			Attributes: map[string]string{
				"http.request.method": "POST", "url.template": "/orders", "server.address": "orders", "service.peer.name": "orders", "error.type": "timeout",
			},
		},
		"0000000000000001": {
			Service: "shop", Namespace: "goldensignals", Extra: extra, Trace: id(1).String(), ID: "0000000000000001", Parent: "0000000000000063",
			Name: "POST /checkout", Kind: "SPAN_KIND_SERVER", Status: "STATUS_CODE_ERROR ", Took: 3 * time.Second,
			Attributes: map[string]string{
				"http.request.method": "POST", "http.route": "/checkout", "http.response.status_code": "502", "error.type": "502",
			},
		},
	}
}

func send(t *testing.T, spans []trace.Span) {
	t.Helper()
	var log bytes.Buffer
	e, err := newExport(t, &log)
	if err != nil || e == nil {
		t.Fatalf("NewExport = %v, %v", e, err)
	}
	for _, s := range spans {
		e.Record(s)
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", log.String())
	}
}

func TestExportOverHTTP(t *testing.T) {
	var c collector
	srv := httptest.NewServer(&c)
	defer srv.Close()
	environment(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": srv.URL, "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
		"OTEL_SERVICE_NAME": "gameday", // there are several services in one process
	})
	send(t, exported())
	if diff := cmp.Diff(wantExported("test"), c.received()); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}

func TestExportOverGRPC(t *testing.T) {
	var c collector
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer()
	coltrace.RegisterTraceServiceServer(srv, &c)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	defer func() {
		srv.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	environment(t, map[string]string{
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://" + ln.Addr().String(), "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
	})
	send(t, exported())
	if diff := cmp.Diff(wantExported(""), c.received()); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}

// TestSamplingKeepsWholeTraces wants of each trace all spans or none.
func TestSamplingKeepsWholeTraces(t *testing.T) {
	for sampler, bounds := range map[string][2]int{
		"parentbased_traceidratio": {40, 160}, "traceidratio": {40, 160}, "always_off": {0, 0}, "parentbased_always_on": {200, 200},
	} {
		t.Run(sampler, func(t *testing.T) {
			var c collector
			srv := httptest.NewServer(&c)
			defer srv.Close()
			environment(t, map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": srv.URL, "OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": "0.5",
			})
			var spans []trace.Span
			for n := range 100 {
				id := trace.NewID(1, trace.Mix(uint64(n)))
				in, root := inner(n, 2*n, noon), server(n, noon, time.Second, 200)
				in.Trace, root.Trace, root.ID, root.Parent = id, id, trace.SpanID(1000+n), 0
				spans = append(spans, in, root)
			}
			send(t, spans)
			got := c.received()
			if len(got) < bounds[0] || len(got) > bounds[1] {
				t.Errorf("%d of 200 spans, want %d to %d", len(got), bounds[0], bounds[1])
			}
			of := map[string]int{}
			for _, s := range got {
				of[s.Trace]++
			}
			for id, n := range of {
				if n != 2 {
					t.Errorf("%d spans of trace %s, want both", n, id)
				}
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, tt := range map[string]struct {
		set  map[string]string
		want bool
		err  string
	}{
		"nothing":           {nil, false, ""},
		"an endpoint":       {map[string]string{endpoint: "http://127.0.0.1:1"}, true, ""},
		"an exporter":       {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"no exporter":       {map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}, false, ""},
		"disabled":          {map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "True"}, false, ""},
		"another exporter":  {map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, "use otlp or none"},
		"another protocol":  {map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "smoke"}, false, "use grpc"},
		"another sampler":   {map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "dice"}, false, "use always_on"},
		"an absurd ratio":   {map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, false, "from 0 to 1"},
		"broken attributes": {map[string]string{endpoint: "http://127.0.0.1:1", "OTEL_RESOURCE_ATTRIBUTES": "nonsense"}, false, "OTEL_RESOURCE_ATTRIBUTES"},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, tt.set)
			e, err := newExport(t, io.Discard)
			if (e != nil) != tt.want || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("NewExport = %v, %v, want one: %v, an error with %q", e, err, tt.want, tt.err)
			}
			if e != nil {
				_ = e.Shutdown(t.Context())
			}
		})
	}
}

// TestCollectorIsAway: requests go on, the loss is logged once, the end does
// not wait longer than it is told to.
func TestCollectorIsAway(t *testing.T) {
	refuse := httptest.NewServer(http.NotFoundHandler())
	defer refuse.Close()
	environment(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": refuse.URL})
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
	var log bytes.Buffer
	e, err := newExport(t, &log)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range exported() {
		e.Record(s)
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "the collector does not take spans"); n != 1 {
		t.Errorf("logged %d times, want once: %s", n, log.String())
	}

	release := make(chan struct{})
	hang := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hang.Close()
	defer close(release)
	environment(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": hang.URL})
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", strconv.FormatInt((2*patience.Limit).Milliseconds(), 10))
	e, err = newExport(t, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	e.Record(exported()[0])
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := e.Shutdown(ctx); err == nil || time.Since(begin) > patience.Limit {
		t.Errorf("Shutdown towards a collector that hangs = %v after %v, want an error long before the collector has had its time", err, time.Since(begin))
	}
}
