package silence_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/silence"
)

var shop = []alert.Matcher{is("service", "shop")}

// kept is a silence of 15 min from noon, that has been tended until now.
func kept(now time.Duration) silence.Kept {
	return silence.Kept{
		ID: someID, Incident: "0123456789abcdef", Matchers: shop, StartsAt: noon, EndsAt: at(silence.Short), Longest: at(4 * time.Hour),
		WithIncident: true, Author: "anna", Comment: "known", Tended: at(now - 30*time.Second),
	}
}

func TestTend(t *testing.T) {
	t.Parallel()
	fires, elsewhere := []silence.Alert{firing("ErrorsHigh", "shop", 0)}, []silence.Alert{firing("ErrorsHigh", "auth", 0)}
	suppressed := []silence.Alert{fires[0]}
	suppressed[0].State, suppressed[0].SilencedBy = "suppressed", []string{someID}
	for _, tt := range []struct {
		name   string
		edit   func(*silence.Kept)
		alerts []silence.Alert
		now    time.Duration
		want   silence.Action
		ends   time.Duration
	}{
		{"new and firing", nil, fires, time.Minute, silence.Keep, 15 * time.Minute},
		{"10 min left", nil, fires, 5 * time.Minute, silence.Keep, 15 * time.Minute},
		{"less than 10 min left", nil, fires, 5*time.Minute + time.Second, silence.Extend, 20*time.Minute + time.Second},
		{"muted by this very silence", nil, suppressed, 6 * time.Minute, silence.Extend, 21 * time.Minute},
		{"in its last second", nil, fires, 15*time.Minute - time.Second, silence.Extend, 30*time.Minute - time.Second},
		{"ended", nil, fires, 15 * time.Minute, silence.Keep, 15 * time.Minute},
		{"near the longest", func(k *silence.Kept) { k.Longest = at(17 * time.Minute) }, fires, 8 * time.Minute, silence.Extend, 17 * time.Minute},
		{"at the longest", func(k *silence.Kept) { k.Longest = at(15 * time.Minute) }, fires, 14 * time.Minute, silence.Keep, 15 * time.Minute},
		{"longest is past", func(k *silence.Kept) { k.Longest = at(time.Minute) }, fires, 8 * time.Minute, silence.Keep, 15 * time.Minute},
		{"no longest", func(k *silence.Kept) { k.Longest = time.Time{} }, fires, 8 * time.Minute, silence.Extend, 23 * time.Minute},
		{"no longest: a week", func(k *silence.Kept) {
			k.Longest, k.EndsAt = time.Time{}, at(7*24*time.Hour-5*time.Minute)
		}, fires, 7*24*time.Hour - 6*time.Minute, silence.Extend, 7 * 24 * time.Hour},

		{"nothing fires, but it is new", nil, nil, 2*time.Minute - time.Second, silence.Keep, 15 * time.Minute},
		{"nothing has fired since it was made", nil, nil, 2 * time.Minute, silence.End, 2 * time.Minute},
		{"something else fires", nil, elsewhere, 2 * time.Minute, silence.End, 2 * time.Minute},
		{"quiet for less than 2 min", func(k *silence.Kept) { k.LastActive = at(6*time.Minute + time.Second) }, nil, 8 * time.Minute, silence.Keep, 15 * time.Minute},
		{"quiet for 2 min", func(k *silence.Kept) { k.LastActive = at(6 * time.Minute) }, nil, 8 * time.Minute, silence.End, 8 * time.Minute},
		{"nobody looked for a while", func(k *silence.Kept) { k.Tended, k.LastActive = at(time.Minute), at(time.Minute) }, nil, 8 * time.Minute, silence.Keep, 15 * time.Minute},
		{"never looked", func(k *silence.Kept) { k.Tended = time.Time{} }, nil, 8 * time.Minute, silence.Keep, 15 * time.Minute},
		{"the clock went back", func(k *silence.Kept) { k.LastActive = at(10 * time.Minute) }, nil, 8 * time.Minute, silence.Keep, 15 * time.Minute},
		{"not with the incident", func(k *silence.Kept) { k.WithIncident = false }, nil, 8 * time.Minute, silence.Keep, 15 * time.Minute},
		{"not with the incident, firing", func(k *silence.Kept) { k.WithIncident = false }, fires, 14 * time.Minute, silence.Keep, 15 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := kept(tt.now)
			if tt.edit != nil {
				tt.edit(&k)
			}
			got, action := silence.Tend(k, tt.alerts, at(tt.now))
			if action != tt.want || !got.EndsAt.Equal(at(tt.ends)) {
				t.Errorf("Tend = %s until noon + %v, want %s until noon + %v", action, got.EndsAt.Sub(noon), tt.want, tt.ends)
			}
		})
	}
}

// However long an alert flaps, and however often the router looks: the silence
// holds while it fires, ends soon after, and never passes its limit.
func TestTendOverTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		step := time.Duration(rapid.IntRange(5, 60).Draw(t, "step")) * time.Second
		lasts := time.Duration(rapid.IntRange(0, 180).Draw(t, "lasts")) * time.Minute
		k := kept(0)
		k.Tended, k.Longest = time.Time{}, at(2*time.Hour)
		for now := step; now < 4*time.Hour; now += step {
			var alerts []silence.Alert
			if now < lasts {
				alerts = []silence.Alert{firing("ErrorsHigh", "shop", 0)}
			}
			before := k
			var action silence.Action
			k, action = silence.Tend(k, alerts, at(now))
			if now < min(lasts, 2*time.Hour) && !k.ActiveAt(at(now)) {
				t.Fatalf("at %v the alert fires and the silence is over", now)
			}
			if now > lasts+silence.Quiet+2*step && k.ActiveAt(at(now)) {
				t.Fatalf("at %v the alert has been over since %v and the silence is active", now, lasts)
			}
			if k.EndsAt.After(k.Longest) || k.ActiveAt(at(2*time.Hour)) {
				t.Fatalf("at %v it lasts until %v", now, k.EndsAt)
			}
			if action == silence.Keep && !k.EndsAt.Equal(before.EndsAt) {
				t.Fatalf("at %v its end moved without an action", now)
			}
		}
	})
}

func TestKeptJSON(t *testing.T) {
	t.Parallel()
	k := kept(time.Hour)
	k.LastActive = at(time.Minute)
	data, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	var back silence.Kept
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(k, back); d != "" {
		t.Error(d)
	}
}

func TestKeptSilence(t *testing.T) {
	t.Parallel()
	want := alert.Silence{ID: someID, Matchers: shop, StartsAt: noon, EndsAt: at(silence.Short), CreatedBy: "anna", Comment: "known"}
	if d := cmp.Diff(want, kept(0).Silence()); d != "" {
		t.Error(d)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	first := firing("ErrorsHigh", "shop", -time.Minute)
	for _, tt := range []struct {
		name   string
		over   bool
		alerts []silence.Alert
		now    time.Duration
		want   []string
	}{
		{"as it should be", false, []silence.Alert{first}, time.Minute, nil},
		{"outlives its incident", true, nil, time.Minute, []string{"The incident is over, but this silence has 59 min left: end it."}},
		{"matches nothing", false, []silence.Alert{firing("ErrorsHigh", "auth", 0)}, time.Minute, []string{"It matches nothing that fires now: end it, or check its labels."}},
		{"a second alert", false, []silence.Alert{firing("Slow", "shop", time.Minute), first}, 2 * time.Minute, []string{
			"It hides something that began after it was made: Slow of shop. End it, or silence only the first alert.",
		}},
		{"many", false, []silence.Alert{
			first, firing("E", "shop", 1), firing("D", "shop", 1), firing("C", "shop", 1), firing("B", "shop", 1), firing("B", "shop", 2),
		}, time.Minute, []string{
			"It hides something that began after it was made: B of shop, C of shop, D of shop, 1 more. End it, or silence only the first alert.",
		}},
		{"another instance of the same alert", false, []silence.Alert{first, firing("ErrorsHigh", "shop", time.Minute)}, time.Minute, nil},
		{"a second alert from before", false, []silence.Alert{first, firing("Slow", "shop", 0)}, time.Minute, nil},
		{"ends soon", false, []silence.Alert{first}, 55 * time.Minute, []string{"It ends in 5 min, and this still fires: ErrorsHigh of shop. Extend it, or expect the message."}},
		{"ends not so soon", false, []silence.Alert{first}, 55*time.Minute - 1, nil},
		{"over, and hides a second", true, []silence.Alert{first, firing("Slow", "shop", 1)}, 59*time.Minute + 30*time.Second, []string{
			"The incident is over, but this silence has less than a minute left: end it.",
			"It hides something that began after it was made: Slow of shop. End it, or silence only the first alert.",
		}},
		{"has ended", true, nil, time.Hour, nil},
		{"has not begun", true, nil, -1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := alert.Silence{Matchers: shop, StartsAt: noon, EndsAt: at(time.Hour)}
			if d := cmp.Diff(tt.want, silence.Judge(s, tt.over, tt.alerts, at(tt.now))); d != "" {
				t.Error(d)
			}
		})
	}
	everywhere := alert.Silence{Matchers: []alert.Matcher{is("alertname", "ErrorsHigh")}, StartsAt: noon, EndsAt: at(time.Hour)}
	if got := silence.Judge(everywhere, false, []silence.Alert{first, firing("ErrorsHigh", "auth", 1)}, at(time.Minute)); len(got) != 1 {
		t.Errorf("the same alert of another service: %q, want a sentence", got)
	}
}

func TestLapsed(t *testing.T) {
	t.Parallel()
	ended := func(id string, end time.Duration, matchers []alert.Matcher) silence.Kept {
		return silence.Kept{ID: id, Matchers: matchers, StartsAt: at(-5 * time.Hour), EndsAt: at(end)}
	}
	elsewhere := []alert.Matcher{is("service", "auth")}
	for _, tt := range []struct {
		name string
		kept []silence.Kept
		want string
	}{
		{"none", nil, ""},
		{"just now", []silence.Kept{ended("a", 0, shop)}, "a"},
		{"an hour ago", []silence.Kept{ended("a", -time.Hour, shop)}, "a"},
		{"longer ago", []silence.Kept{ended("a", -time.Hour-1, shop)}, ""},
		{"active", []silence.Kept{ended("a", 1, shop)}, ""},
		{"of others", []silence.Kept{ended("a", -1, elsewhere)}, ""},
		{"the last of several", []silence.Kept{ended("a", -3*time.Minute, shop), ended("b", -2*time.Minute, shop), ended("c", -4*time.Minute, shop), ended("d", -1, elsewhere)}, "b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := silence.Lapsed(tt.kept, firing("ErrorsHigh", "shop", 0).Labels, noon)
			if got.ID != tt.want || ok != (tt.want != "") {
				t.Errorf("Lapsed = %q, %v, want %q", got.ID, ok, tt.want)
			}
		})
	}
}
