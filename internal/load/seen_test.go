package load_test

import (
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/load"
)

func TestSameSeedSameTruth(t *testing.T) {
	t.Parallel()
	once := func(seed uint64) (seen []drill.Second, metrics string) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, load.Options{Seed: seed})
			w.open(t, 2*time.Minute, map[time.Duration]func(){
				20 * time.Second: w.inject(t, fault.Fault{Kind: "errors", Service: "payments", Ratio: 0.3}),
				time.Minute:      w.inject(t, fault.Fault{Kind: "latency", Service: "shop", Delay: fault.Duration(3 * time.Second)}),
				// The end of a run cancels everybody under way in the same
				// instant, in no order: let them finish first.
				105 * time.Second: func() { _ = w.users.SetRPS(0) }, // 0 is a rate
			})
			seen, metrics = w.users.Seen(time.Time{}, time.Now()), w.metrics(t)
		})
		return seen, metrics
	}
	seen, metrics := once(1)
	again, metricsAgain := once(1)
	if diff := cmp.Diff(seen, again); diff != "" {
		t.Errorf("the same seed gave another truth:\n%s", diff)
	}
	if diff := cmp.Diff(metrics, metricsAgain); diff != "" {
		t.Errorf("the same seed gave other metrics:\n%s", diff)
	}
	if other, _ := once(2); cmp.Equal(seen, other) {
		t.Error("another seed gave the same truth")
	}
}

func TestSeenIsSortedAndBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1})
		w.open(t, time.Minute, nil)
		from, to := w.start.Add(9500*time.Millisecond), w.start.Add(20*time.Second)
		seen := w.users.Seen(from, to)
		if len(seen) < 25 {
			t.Fatalf("%d entries for 10 busy seconds, want about 30", len(seen))
		}
		if first, last := seen[0].At, seen[len(seen)-1].At; !first.Equal(w.start.Add(10*time.Second)) || !last.Equal(w.start.Add(19*time.Second)) {
			t.Errorf("Seen covers %v to %v, want the seconds 10 to 19", first, last)
		}
		for i := 1; i < len(seen); i++ {
			a, b := seen[i-1], seen[i]
			if c := a.At.Compare(b.At); c > 0 || c == 0 && a.Journey >= b.Journey {
				t.Errorf("%+v comes before %+v", a, b)
			}
		}
		if got := w.users.Seen(to, from); got != nil {
			t.Errorf("Seen of a range that is the wrong way round = %v, want none", got)
		}
	})
}

func TestRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1, RPS: 1, Retention: time.Hour})
		w.open(t, 4*time.Hour, nil)
		seen := w.users.Seen(time.Time{}, time.Now())
		kept := time.Since(seen[0].At)
		if kept < time.Hour-time.Minute || kept > time.Hour+20*time.Minute {
			t.Errorf("the oldest second is %v old, want one hour and little more", kept)
		}
	})
}

// TestMemory fills a day, second by second.
func TestMemory(t *testing.T) {
	var before, after runtime.MemStats
	answer := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, load.Options{Seed: 1, RPS: 2, Transport: mesh{"shop": answer}})
		runtime.GC()
		runtime.ReadMemStats(&before)
		w.open(t, 24*time.Hour, nil)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if n := w.sum("", 0, 24*time.Hour).Requests; n < 170_000 {
			t.Errorf("%d requests are remembered, want all of about 172,800", n)
		}
	})
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("a day costs %.1f MB", float64(grown)/1e6)
	if grown > 15e6 {
		t.Errorf("a day of truth costs %d bytes, want less than 15 MB", grown)
	}
}
