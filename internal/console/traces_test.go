package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"goldensignals/internal/trace"
)

// shelf has traces, as somebody who keeps them does.
type shelf struct{ failed, slowest []trace.Trace }

func (s shelf) Failed(time.Time) []trace.Trace  { return s.failed }
func (s shelf) Slowest(time.Time) []trace.Trace { return s.slowest }

func (s shelf) Trace(_ time.Time, id trace.ID) (trace.Trace, bool) {
	for _, list := range [][]trace.Trace{s.failed, s.slowest} {
		for _, t := range list {
			if t.Root().Trace == id {
				return t, true
			}
		}
	}
	return trace.Trace{}, false
}

// checkout is the nth checkout, which fails with the innermost span given.
func checkout(n uint64, at time.Time, innermost trace.Span) trace.Trace {
	id := trace.NewID(1, n<<1)
	ms := func(s trace.Span, id, parent trace.SpanID, from, took int) trace.Span {
		s.ID, s.Parent = id, parent
		s.Start, s.Took = at.Add(time.Duration(from)*time.Millisecond), time.Duration(took)*time.Millisecond
		return s
	}
	bad := innermost.Failed
	status := map[bool]int{true: 502, false: 200}[bad]
	innermost.Service, innermost.Name = "payments", "POST /charges"
	if innermost.Kind == trace.Client {
		innermost.Service, innermost.Peer = "orders", "payments"
	}
	spans := []trace.Span{
		ms(trace.Span{Kind: trace.Client, Service: "users", Peer: "shop", Name: "POST /checkout", Status: status, Failed: bad}, 1, 0, 0, 2061),
		ms(trace.Span{Kind: trace.Server, Service: "shop", Name: "POST /checkout", Status: status, Failed: bad}, 2, 1, 0, 2060),
		ms(trace.Span{Kind: trace.Client, Service: "shop", Peer: "auth", Name: "GET /tokeninfo", Status: 200}, 3, 2, 5, 9),
		ms(trace.Span{Kind: trace.Server, Service: "auth", Name: "GET /tokeninfo", Status: 200}, 4, 3, 5, 8),
		ms(trace.Span{Kind: trace.Client, Service: "shop", Peer: "orders", Name: "POST /orders", Status: status, Failed: bad}, 5, 2, 14, 2045),
		ms(trace.Span{Kind: trace.Server, Service: "orders", Name: "POST /orders", Status: status, Failed: bad}, 6, 5, 15, 2044),
	}
	if innermost.Kind == trace.Server {
		spans = append(spans, ms(trace.Span{Kind: trace.Client, Service: "orders", Peer: "payments", Name: "POST /charges", Status: innermost.Status, Failed: bad}, 7, 6, 32, 2001))
		spans = append(spans, ms(innermost, 8, 7, 32, 2000))
	} else {
		spans = append(spans, ms(innermost, 7, 6, 32, 2000))
	}
	for i := range spans {
		spans[i].Trace = id
	}
	return trace.Trace{Spans: spans}
}

func TestTracesPage(t *testing.T) {
	t.Parallel()
	opts := options(t, newWorld())
	at := time.Date(2026, 1, 2, 12, 34, 56, 0, time.UTC)
	opts.Traces = shelf{
		failed:  []trace.Trace{checkout(7, at, trace.Span{Kind: trace.Server, Status: 500, Failed: true})},
		slowest: []trace.Trace{checkout(8, at, trace.Span{Kind: trace.Server, Status: 201})},
	}
	c := must(t, opts)
	resp, page := get(t, c, "/traces")
	if resp.StatusCode != http.StatusOK {
		t.Errorf("GET /traces = %s", resp.Status)
	}
	wantIn(t, page,
		`<a href="/traces/0000000000000001000000000000000f">POST /checkout</a>`, "502 Bad Gateway", "payments failed first", "12:34:56",
		`<a href="/traces/00000000000000010000000000000011">POST /checkout</a>`, "payments took longest, 2.00 s", "2.06 s", "8<span",
	)
	wantNotIn(t, page, "style=", "<script", "No request")
	_, front := get(t, c, "/")
	wantIn(t, front, `<a href="/traces">Traces</a>`)
}

func TestTracesPageWithoutTraces(t *testing.T) {
	t.Parallel()
	opts := options(t, newWorld())
	_, page := get(t, must(t, opts), "/traces")
	wantIn(t, page, "No traces are kept here")
	opts.Traces = shelf{}
	_, page = get(t, must(t, opts), "/traces")
	wantIn(t, page, "No request has failed", "No request has ended")
}

func TestTracePage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		innermost trace.Span
		want      []string
	}{
		"an error": {
			trace.Span{Kind: trace.Server, Status: 500, Failed: true},
			[]string{"payments failed first: it answered POST /charges with 500 Internal Server Error after 2.00 s.", `500 Internal Server Error <strong class="chip">failed first</strong>`},
		},
		"a timeout": {
			trace.Span{Kind: trace.Client, Error: trace.Timeout, Failed: true},
			[]string{"payments failed first: it did not answer POST /charges of orders within 2.00 s.", `no answer: timeout <strong`},
		},
		"given up": {
			trace.Span{Kind: trace.Server, Error: trace.Canceled, Failed: true},
			[]string{"payments failed first: it was not done with POST /charges after 2.00 s, when its caller gave up.", `no answer: its caller gave up <strong`},
		},
		"not there": {
			trace.Span{Kind: trace.Client, Error: trace.Connection, Failed: true},
			[]string{"payments failed first: it could not be reached by orders for POST /charges, or broke off, after 2.00 s."},
		},
		"all is well": {
			trace.Span{Kind: trace.Server, Status: 201},
			[]string{"Nothing failed. payments took longest by itself: 2.00 s of 2.06 s."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := options(t, newWorld())
			whole := checkout(7, time.Now(), tt.innermost)
			opts.Traces = shelf{failed: []trace.Trace{whole}}
			resp, page := get(t, must(t, opts), "/traces/"+whole.Root().Trace.String())
			if resp.StatusCode != http.StatusOK {
				t.Errorf("GET = %s", resp.Status)
			}
			wantIn(t, page, append(tt.want,
				`<b>users → shop</b>`, `class="in3"><b>auth</b> <span>GET /tokeninfo</span>`, `<rect x="0" y="2" width="1000"`, `<rect x="15" y="2" width="970"`, "14 ms",
				whole.Root().Trace.String(), `class="figure begins"`)...)
			wantNotIn(t, page, "style=", "<script")
			if n := strings.Count(page, "failed first</strong>"); n != map[bool]int{true: 1, false: 0}[tt.innermost.Failed] {
				t.Errorf("%d spans failed first", n)
			}
		})
	}
}

func TestTracePageOfUnknown(t *testing.T) {
	t.Parallel()
	opts := options(t, newWorld())
	opts.Traces = shelf{}
	with, without := must(t, opts), newConsole(t, newWorld())
	for _, id := range []string{
		"0af7651916cd43dd8448eb211c80319c", "00000000000000000000000000000000", "x", "%3Cscript%3E", "..%2F..%2Fetc", strings.Repeat("a", 4000),
	} {
		resp, page := get(t, with, "/traces/"+id)
		if resp.StatusCode != http.StatusNotFound || !strings.Contains(page, "No such trace") || strings.Contains(page, "<script") {
			t.Errorf("GET /traces/%.40s = %s, want 404 and a page that says so", id, resp.Status)
		}
	}
	if resp, _ := get(t, without, "/traces/0af7651916cd43dd8448eb211c80319c"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a trace where none are kept = %s", resp.Status)
	}
}

// TestTracePageEscapes: what a span says is text, whoever said it.
func TestTracePageEscapes(t *testing.T) {
	t.Parallel()
	opts := options(t, newWorld())
	whole := trace.Trace{Spans: []trace.Span{{
		Trace: trace.NewID(1, 1), ID: 1, Kind: trace.Client, Service: `<b onmouseover="x">`, Peer: "</table>", Name: "<script>", Error: "<i>", Failed: true,
	}}}
	opts.Traces = shelf{failed: []trace.Trace{whole}}
	c := must(t, opts)
	for _, path := range []string{"/traces", "/traces/" + whole.Root().Trace.String()} {
		_, page := get(t, c, path)
		wantNotIn(t, page, "<script>", "<i>", "<b onmouseover", "</table></b>")
		wantIn(t, page, "&lt;script&gt;")
	}
}
