package deploy_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	// tolerance is one scrape and one evaluation: in which of them something is seen
	// depends on the phase, and nobody sets that in real time.
	tolerance = 10.0
	// lateness is how late a busy machine may be beyond that. The log has the figures.
	lateness = 60.0
)

// message is what two runs of a drill must have in common, and when it came.
type message struct {
	Receiver, Status, AlertName, Severity, Reason, GroupKey, RunbookURL string
	At                                                                  float64
}

func messages(t *testing.T, file string) []message {
	t.Helper()
	var result struct {
		Passed        bool
		Problems      []string
		Notifications []struct {
			AtSeconds  float64 `json:"at_seconds"`
			Receiver   string
			Status     string
			AlertName  string
			Severity   string
			Reason     string
			GroupKey   string `json:"group_key"`
			RunbookURL string `json:"runbook_url"`
		}
	}
	if err := json.Unmarshal([]byte(read(t, file)), &result); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if !result.Passed {
		t.Errorf("%s: the drill fell short: %v", file, result.Problems)
	}
	var list []message
	for _, n := range result.Notifications {
		m := message{n.Receiver, n.Status, n.AlertName, n.Severity, n.Reason, n.GroupKey, n.RunbookURL, n.AtSeconds}
		if m.Status == "firing" || slices.ContainsFunc(list, func(o message) bool { return o.GroupKey == m.GroupKey }) {
			list = append(list, m)
		} // else the end of what began before the drill, such as the start of the containers
	}
	return list
}

// TestSameMessages is called by .ci/compose with what a drill sent in containers and
// in virtual time.
func TestSameMessages(t *testing.T) {
	t.Parallel()
	live, replayed := os.Getenv("LIVE_RESULT"), os.Getenv("REPLAY_RESULT")
	if live == "" {
		t.Skip("LIVE_RESULT and REPLAY_RESULT name no results; .ci/compose makes them")
	}
	want, got := messages(t, replayed), messages(t, live)
	for _, m := range want {
		t.Logf("replayed %6.1f s  %s %s %s", m.At, m.Receiver, m.Status, m.GroupKey)
	}
	for _, m := range got {
		t.Logf("live     %6.1f s  %s %s %s", m.At, m.Receiver, m.Status, m.GroupKey)
	}
	if len(want) < 4 {
		t.Errorf("%d messages, too few to compare", len(want))
	}
	for _, problem := range compare(want, got) {
		t.Error(problem)
	}
}

// compare pairs each message with its like and says what is amiss: none, too early,
// too late, or overtaken by one that came clearly later.
func compare(want, got []message) (problems []string) {
	left := append([]message(nil), got...)
	paired := make([]float64, len(want))
	for i, w := range want {
		j := 0
		for ; j < len(left); j++ {
			g := left[j]
			g.At = w.At
			if cmp.Equal(w, g) {
				break
			}
		}
		if j == len(left) {
			problems = append(problems, "missing: "+describe(w))
			paired[i] = math.NaN()
			continue
		}
		paired[i] = left[j].At
		left = append(left[:j], left[j+1:]...)
		if late := paired[i] - w.At; late < -tolerance || late > tolerance+lateness {
			problems = append(problems, "at another time: "+describe(w))
		}
		for k := range i {
			if want[k].At+tolerance < w.At && paired[k] > paired[i] {
				problems = append(problems, "in another order: "+describe(want[k])+"; "+describe(w))
			}
		}
	}
	for _, g := range left {
		problems = append(problems, "too many: "+describe(g))
	}
	return problems
}

func describe(m message) string { return m.Receiver + " " + m.Status + " " + m.GroupKey }

func TestCompare(t *testing.T) {
	t.Parallel()
	page := message{Receiver: "oncall", Status: "firing", AlertName: "A", At: 100}
	end := message{Receiver: "oncall", Status: "resolved", AlertName: "A", At: 400}
	at := func(m message, at float64) message { m.At = at; return m }
	for name, tt := range map[string]struct {
		got  []message
		want int
	}{
		"the same":  {[]message{page, end}, 0},
		"a scrape":  {[]message{at(page, 105), at(end, 391)}, 0},
		"busy":      {[]message{at(page, 169), end}, 0},
		"late":      {[]message{at(page, 171), end}, 1},
		"early":     {[]message{at(page, 89), end}, 1},
		"missing":   {[]message{page}, 1},
		"twice":     {[]message{page, page, end}, 1},
		"another":   {[]message{page, {Receiver: "tickets", Status: "resolved", AlertName: "A", At: 400}}, 2},
		"overtaken": {[]message{at(end, 90), page}, 2},
	} {
		if problems := compare([]message{page, end}, tt.got); len(problems) != tt.want {
			t.Errorf("%s: %d problems, want %d: %q", name, len(problems), tt.want, problems)
		}
	}
}
