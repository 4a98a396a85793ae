package shop_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/fault"
	"goldensignals/internal/shop"
	"goldensignals/internal/trace"
)

// listener keeps the spans that it hears of.
type listener struct {
	mu    sync.Mutex
	spans []trace.Span
}

func (l *listener) Record(s trace.Span) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spans = append(l.spans, s)
}

// heard lets one checkout happen and returns the rows of its trace, in words.
func heard(t *testing.T, before func(w world), cancelAfter time.Duration) (rows []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &listener{}
		w := world{mesh: mesh{}, services: map[string]*shop.Service{}}
		for _, name := range shop.Names() {
			s, err := shop.New(shop.Options{Name: name, Transport: w.mesh, Seed: 1, Spans: l})
			if err != nil {
				t.Fatal(err)
			}
			w.services[name], w.mesh[name] = s, s.Handler()
		}
		before(w)
		ctx, cancel := context.WithTimeout(t.Context(), cancelAfter)
		defer cancel()
		w.do(ctx, http.MethodPost, checkout, "Traceparent", parent(0))
		synctest.Wait()
		whole := trace.Trace{Spans: l.spans}
		for i, r := range whole.Rows() {
			if r.Trace.String() != parent(0)[3:35] {
				t.Errorf("row %d is of trace %s", i, r.Trace)
			}
			rows = append(rows, fmt.Sprintf("%d %s %s %s %s, %d %s %v", r.Depth, r.Kind, r.Service, r.Name, r.Peer, r.Status, r.Error, r.Failed))
		}
		if root := whole.Root(); root.Parent.String() != parent(0)[36:52] || root.Took <= 0 {
			t.Errorf("root = %+v, want the parent of the header, and a duration", root)
		}
	})
	return rows
}

func TestSpansOfACheckout(t *testing.T) {
	t.Parallel()
	inject := func(f fault.Fault) func(world) {
		return func(w world) {
			f, err := f.Complete(shop.Names()...)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.services[f.Service].Faults().Inject(time.Now(), f); err != nil {
				t.Fatal(err)
			}
		}
	}
	auth := []string{"1 client shop GET /tokeninfo auth, 200  false", "2 server auth GET /tokeninfo , 200  false"}
	slow := fault.Fault{Kind: "latency", Service: "payments", Delay: fault.Duration(5 * time.Second)}
	gone := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for name, tt := range map[string]struct {
		before      func(world)
		cancelAfter time.Duration
		want        []string // after those of auth
		root        string
	}{
		"all is well": {
			before: func(world) {}, cancelAfter: time.Minute,
			root: "0 server shop POST /checkout , 200  false",
			want: []string{"1 client shop POST /orders orders, 201  false", "2 server orders POST /orders , 201  false", "3 client orders POST /charges payments, 201  false", "4 server payments POST /charges , 201  false"},
		},
		"payments fails": {
			before: inject(errorsFault("payments", 1)), cancelAfter: time.Minute,
			root: "0 server shop POST /checkout , 502  true",
			want: []string{"1 client shop POST /orders orders, 502  true", "2 server orders POST /orders , 502  true", "3 client orders POST /charges payments, 500  true", "4 server payments POST /charges , 500  true"},
		},
		"payments is too slow": {
			before: inject(slow), cancelAfter: time.Minute,
			root: "0 server shop POST /checkout , 502  true",
			want: []string{"1 client shop POST /orders orders, 502  true", "2 server orders POST /orders , 502  true", "3 client orders POST /charges payments, 0 timeout true", "4 server payments POST /charges , 0 canceled true"},
		},
		"the user leaves": {
			before: inject(slow), cancelAfter: time.Second,
			root: "0 server shop POST /checkout , 0 canceled true",
			want: []string{"1 client shop POST /orders orders, 0 canceled true", "2 server orders POST /orders , 0 canceled true", "3 client orders POST /charges payments, 0 canceled true", "4 server payments POST /charges , 0 canceled true"},
		},
		"orders is not there": {
			before: func(w world) { delete(w.mesh, "orders") }, cancelAfter: time.Minute,
			root: "0 server shop POST /checkout , 502  true",
			want: []string{"1 client shop POST /orders orders, 0 connection true"},
		},
		"orders breaks off": {
			before: func(w world) { w.mesh["orders"] = gone }, cancelAfter: time.Minute,
			root: "0 server shop POST /checkout , 502  true",
			want: []string{"1 client shop POST /orders orders, 0 connection true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := append(append([]string{tt.root}, auth...), tt.want...)
			if diff := cmp.Diff(want, heard(t, tt.before, tt.cancelAfter)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}
