package router_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/router"
	"goldensignals/internal/tier"
)

// carriers is a budget that phone networks bear.
var carriers = router.Budget{PerMinute: 1, Per15Minutes: 5, PerHour: 11}

func withBudget(o *router.Options) {
	o.Limits = map[string]router.Limits{"phone": {Budget: carriers}}
}

// inbox returns when texts arrived, counted from the start, and what they say;
// oldest first.
func inbox(t *testing.T, r rig, start time.Time) (at []time.Duration, texts []string) {
	t.Helper()
	list, err := r.st.SMS(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range slices.Backward(list) {
		at = append(at, m.At.Sub(start).Round(time.Second))
		texts = append(texts, m.Message.Text)
	}
	return at, texts
}

// within checks that no window of the budget holds more than it may.
func within(t *testing.T, at []time.Duration, extra int) {
	t.Helper()
	for _, w := range []struct {
		length time.Duration
		limit  int
	}{{time.Minute, carriers.PerMinute}, {15 * time.Minute, carriers.Per15Minutes}, {time.Hour, carriers.PerHour}} {
		for i := range at {
			count := 0
			for _, other := range at[i:] {
				if other-at[i] < w.length {
					count++
				}
			}
			if count > w.limit+extra {
				t.Errorf("%d messages within %s of %s, want at most %d: %v", count, w.length, at[i], w.limit+extra, at)
			}
		}
	}
}

// incident posts a group of its own with one critical alert.
func (r rig) incident(t *testing.T, key string, status alert.Status) {
	t.Helper()
	g := group(mk("Down", status, "critical"))
	g.GroupKey = key
	if code := r.post(t, g); code != 204 {
		t.Fatalf("webhook = %d", code)
	}
}

// allDelivered waits, in virtual time, until nothing waits any more, and checks
// that every message has arrived by itself or in a digest.
func allDelivered(t *testing.T, r rig, patience time.Duration) (digests int) {
	t.Helper()
	for waited := time.Duration(0); ; waited += time.Minute {
		c, err := r.st.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c.Pending == 0 {
			break
		}
		if waited > patience {
			t.Fatalf("%d messages still wait after %s", c.Pending, patience)
		}
		time.Sleep(time.Minute)
	}
	list, err := r.st.Messages(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		if n.State != alert.Delivered {
			t.Errorf("message %s of %s is %s", n.ID, n.GroupKey, n.State)
		}
		if n.Reason == "digest" {
			digests++
		}
	}
	return digests
}

func TestFirstPagesAreNotHeldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, withBudget)
		defer r.start(t)()
		start := time.Now()
		for i := range 3 { // three incidents, ten seconds apart
			r.incident(t, fmt.Sprint("g", i), alert.Firing)
			time.Sleep(10 * time.Second)
		}
		at, texts := inbox(t, r, start)
		want := []time.Duration{0, 12 * time.Second, 22 * time.Second}
		if !slices.Equal(at, want) {
			t.Errorf("pages after %v, want %v: %q", at, want, texts)
		}
		for i := range 3 {
			r.incident(t, fmt.Sprint("g", i), alert.Resolved)
		}
		time.Sleep(time.Minute)
		at, texts = inbox(t, r, start)
		if last := texts[len(texts)-1]; len(at) != 4 || !strings.Contains(last, "3 messages about 3 incidents, 3 of them over") {
			t.Errorf("all-clears beyond the budget: %d texts, last %q; want one digest", len(at), last)
		}
		allDelivered(t, r, time.Minute)
	})
}

func TestBudgetUsedUpByUpdatesLeavesRoomForAFirstPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, withBudget)
		defer r.start(t)()
		start := time.Now()
		for i := range 30 { // one incident that gets a new alert every 20 s
			var alerts []alert.Alert
			for k := range i + 1 {
				alerts = append(alerts, mk(fmt.Sprint("A", k), alert.Firing, "critical"))
			}
			r.post(t, group(alerts...))
			time.Sleep(20 * time.Second)
		}
		at, _ := inbox(t, r, start)
		within(t, at, 0)
		before := len(at)
		asked := time.Since(start)
		r.incident(t, "another", alert.Firing)
		time.Sleep(5 * time.Second)
		at, texts := inbox(t, r, start)
		if len(at) != before+1 || at[before]-asked > 3*time.Second || !strings.Contains(texts[before], "Down hurts") {
			t.Errorf("the first page of another incident, asked for after %s: %v %q", asked, at[before:], texts[before:])
		}
		allDelivered(t, r, time.Hour)
	})
}

// Thousands of groups in one minute: nothing is lost, and the phone gets its budget.
func TestStormOfGroups(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	groups := tier.Pick(t, 2_000, 20_000)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), nil, withBudget)
		defer r.start(t)()
		start := time.Now()
		for i := range groups {
			r.incident(t, fmt.Sprint("g", i), alert.Firing)
			time.Sleep(time.Minute / time.Duration(groups))
		}
		digests := allDelivered(t, r, time.Hour)
		at, texts := inbox(t, r, start)
		within(t, at, 0)
		if at[0] > time.Second {
			t.Errorf("the first SMS came after %s", at[0])
		}
		if digests == 0 || len(texts) > carriers.Per15Minutes {
			t.Errorf("%d texts, %d of them digests, for a storm of a minute", len(texts), digests)
		}
		list, err := r.st.Messages(t.Context(), 0)
		if err != nil || len(list) != groups+digests {
			t.Errorf("%d messages, %v; want %d of incidents and %d digests", len(list), err, groups, digests)
		}
		t.Logf("SMS after %v; the second says %q", at, texts[1])
	})
}

func TestADigestThatDiesIsToldAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := 0
		f := &flaky{}
		r := newRig(t, t.TempDir(), nil, func(o *router.Options) {
			withFlaky(f)(o)
			withBudget(o)
		})
		f.fail = func(int) error {
			if f.last.Reason == "digest" && refused == 0 {
				refused++
				return alert.Permanent(fmt.Errorf("too long"))
			}
			return nil
		}
		defer r.start(t)()
		for i := range 10 {
			r.incident(t, fmt.Sprint("g", i), alert.Firing)
		}
		time.Sleep(5 * time.Minute)
		list, err := r.st.Messages(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		carried := map[string]int{}
		for _, n := range list {
			if n.Incident != "" && n.State != alert.Delivered {
				t.Errorf("message of %s is %s", n.GroupKey, n.State)
			}
			carried[n.CarriedBy]++
		}
		if refused != 1 || len(carried) != 2 {
			t.Errorf("refused %d digests, carried %v; want all in the second digest", refused, carried)
		}
	})
}
