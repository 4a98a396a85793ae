package router_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/logline"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/receiver/ticket"
	"goldensignals/internal/router"
	"goldensignals/internal/router/web"
	"goldensignals/internal/store"
)

// BenchmarkThroughput measures webhooks of 10 alerts each, every one of a group of
// its own and with one message to send, that are answered 2xx after they are on
// disk. "limit" is a handler that appends the same bytes to a file with the same
// group commit and does nothing else: no router on this disk can be faster. The
// two take turns, so that a busy machine slows both; "ratio" is what the router
// reaches of the limit.
//
//	go test ./internal/router -bench Throughput -run - -benchtime 3s
func BenchmarkThroughput(b *testing.B) {
	for _, senders := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			const turns = 4
			var limit, routed measured
			for turn := range turns {
				n := max(b.N/turns, senders)
				limit.add(drive(b, newAppendLog(b), senders, n, turn))
				routed.add(drive(b, newBenchRouter(b), senders, n, turn))
			}
			b.ReportMetric(limit.perSecond(), "limit/s")
			b.ReportMetric(routed.perSecond(), "routed/s")
			b.ReportMetric(routed.perSecond()/limit.perSecond(), "ratio")
			b.ReportMetric(float64(routed.p99().Microseconds())/1000, "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// measured is how long requests took, and all of them together.
type measured struct {
	took  []time.Duration
	total time.Duration
}

func (m *measured) add(o measured) {
	m.took, m.total = append(m.took, o.took...), m.total+o.total
}

func (m *measured) perSecond() float64 { return float64(len(m.took)) / m.total.Seconds() }

func (m *measured) p99() time.Duration {
	slices.Sort(m.took)
	return m.took[len(m.took)*99/100]
}

// drive sends n webhooks, all of different groups, by a number of senders.
func drive(b *testing.B, h http.Handler, senders, n, turn int) measured {
	b.Helper()
	before, after := benchBody(b)
	var next atomic.Int64
	var mu sync.Mutex
	var m measured
	var wg sync.WaitGroup
	start := time.Now()
	for range senders {
		wg.Go(func() {
			var took []time.Duration
			for {
				i := next.Add(1)
				if i > int64(n) {
					break
				}
				body := slices.Concat(before, []byte(fmt.Sprintf("%d-%d", turn, i)), after)
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "/api/v1/webhook", bytes.NewReader(body))
				if err != nil {
					b.Error(err)
				}
				w := httptest.NewRecorder()
				began := time.Now()
				h.ServeHTTP(w, req)
				took = append(took, time.Since(began))
				if w.Code/100 != 2 {
					b.Errorf("answered %d: %s", w.Code, w.Body)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			m.took = append(m.took, took...)
		})
	}
	wg.Wait()
	m.total = time.Since(start)
	return m
}

// benchBody is a webhook as Alertmanager sends it, split where the group's name goes.
func benchBody(b *testing.B) (before, after []byte) {
	b.Helper()
	g := group()
	g.Status, g.GroupKey, g.NotificationReason = alert.Firing, "SPLIT", "first notification"
	g.GroupLabels = alert.Labels{"alertname": "InstanceDown"}
	g.CommonLabels = alert.Labels{"alertname": "InstanceDown", "severity": "critical", "job": "node", "cluster": "eu-1"}
	for i := range 10 {
		a := later(mk("InstanceDown", alert.Firing, "critical"), time.Duration(i)*time.Second)
		a.Fingerprint = fmt.Sprintf("%016x", i+1)
		a.Labels["instance"], a.Labels["job"], a.Labels["cluster"] = fmt.Sprintf("node-%d.example.org:9100", i), "node", "eu-1"
		a.Annotations["description"] = fmt.Sprintf("node-%d.example.org:9100 has not answered a scrape for five minutes.", i)
		a.Annotations["runbook_url"] = "https://runbooks.example.org/InstanceDown"
		a.GeneratorURL = "http://prometheus.example.org/graph?g0.expr=up+%3D%3D+0&g0.tab=1"
		g.Alerts = append(g.Alerts, a)
	}
	body, err := json.Marshal(g)
	if err != nil {
		b.Fatal(err)
	}
	before, after, _ = bytes.Cut(body, []byte("SPLIT"))
	return before, after
}

func newBenchRouter(b *testing.B) http.Handler {
	b.Helper()
	st, err := store.Open(b.Context(), store.Options{Path: filepath.Join(b.TempDir(), "router.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	rt, err := router.New(router.Options{
		Store: st, Pages: web.Pages(nil), ExternalURL: &url.URL{Scheme: "http", Host: "localhost:8080"},
		Plan: router.Plan{Receivers: []router.Receiver{
			sms.New(sms.Options{Inbox: st}), ticket.New(ticket.Options{Board: st}), logline.New(logline.Options{Journal: st}),
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return rt.Handler()
}

// appendLog is the limit: a file that many append to, with one sync for all who
// wait.
type appendLog struct {
	entries chan entry
}

type entry struct {
	body   []byte
	answer chan error
}

func newAppendLog(b *testing.B) http.Handler {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	l := &appendLog{entries: make(chan entry)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.write(f)
	}()
	b.Cleanup(func() {
		close(l.entries)
		<-done
		f.Close()
	})
	return l
}

func (l *appendLog) write(f *os.File) {
	for e := range l.entries {
		batch := []entry{e}
	collect:
		for len(batch) < 128 {
			select {
			case e, ok := <-l.entries:
				if !ok {
					break collect
				}
				batch = append(batch, e)
			default:
				break collect
			}
		}
		var all []byte
		for _, e := range batch {
			all = append(strconv.AppendInt(all, int64(len(e.body)), 10), e.body...)
		}
		_, err := f.Write(all)
		if err == nil {
			err = fdatasync(f)
		}
		for _, e := range batch {
			e.answer <- err
		}
	}
}

func (l *appendLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		e := entry{body, make(chan error, 1)}
		l.entries <- e
		err = <-e.answer
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
