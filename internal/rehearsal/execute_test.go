package rehearsal_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/rehearsal"
	"goldensignals/internal/replay"
	"goldensignals/internal/runbook"
	"goldensignals/internal/tier"
)

// rightRunbook is right about the drill failingDrill. The tests break one thing
// at a time.
const rightRunbook = `---
alert: ServiceErrors
drill: failing
repairs:
  - rollback --service=payments
resolves_within: 5m
---

## Diagnosis

` + "```promql\n# outage: {service=\"payments\"} > 0.2\n# well: empty\nservice:http_requests_errors:ratio_rate1m > 0.01\n```\n" + `
## Verification

` + "```promql\n# outage: {} > 0\n# well: {} == 0\nscalar(service:http_requests_errors:ratio_rate1m{service=\"payments\"})\n```\n"

const failingDrill = `name: failing
brief: Something is broken.
history: 3m
duration: 15m
load: {rps: 20}
timeline:
  - {at: 2m, fault: errors, service: payments, ratio: 0.5, for: 12m}
incidents:
  - {name: checkout fails, from: 2m, to: 14m, page_within: 5m}
`

// withoutRepairs is the same of a fault that ends by itself, as in endingDrill.
var withoutRepairs = strings.Replace(rightRunbook, repairs, "", 1)

const repairs = "repairs:\n  - rollback --service=payments\n"

func endingDrill() string {
	return strings.NewReplacer("for: 12m", "for: 4m", "to: 14m, page_within: 5m", "to: 6m, page_within: 3m").Replace(failingDrill)
}

func executeRunbook(t *testing.T, text, scenario string) (done runbook.Execution, err error) {
	t.Helper()
	page, err := runbook.Parse("ServiceErrors.md", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := drill.Parse("failing.yaml", []byte(scenario))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		done, err = rehearsal.Execute(t.Context(), page, replay.Options{Scenario: s, Seed: 1})
	})
	return done, err
}

// TestExecutionFindsWhatIsWrong breaks a runbook, or its drill, in one place.
func TestExecutionFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, old, new, oldDrill, newDrill, want string
		sentinel                                 bool // of the default tier
	}{
		{name: "nothing is wrong", sentinel: true},
		{
			name: "wrong outage reading", old: "> 0.2", new: "> 0.9",
			want: `ServiceErrors.md:12: in the outage, want {service="payments"} > 0.9, got {service="orders"} 0.`,
		},
		{
			name: "wrong well reading", sentinel: true, old: "# well: empty", new: "# well: some",
			want: "ServiceErrors.md:13: after the repair, want some, got empty; query: service:http_requests_errors:ratio_rate1m > 0.01",
		},
		{
			name: "verification that verifies nothing", old: "{} == 0", new: "{} >= 0",
			want: "ServiceErrors.md:21: in the outage it reads well already, got {} 0.",
		},
		{
			name: "wrong repair", sentinel: true, old: "rollback", new: "restart",
			want: "ServiceErrors.md:5: the repair restart --service=payments ended nothing and helped against nothing in the drill failing",
		},
		{
			name: "too short a time", old: "5m", new: "2m",
			want: `ServiceErrors.md:6: 2m after the order of its repairs the alert still fires for {`,
		},
		{
			name: "repair of something else beside a fault that ends by itself", old: "rollback", new: "restart", oldDrill: "for: 12m", newDrill: "for: 4m",
			want: "ServiceErrors.md:3: errors of payments ends by itself in minute 6m of the drill failing",
		},
		{
			name: "drill that does not fire it", oldDrill: "ratio: 0.5", newDrill: "ratio: 0.001",
			want: "ServiceErrors.md:3: the alert does not fire in the drill failing before its faults end",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.want != "" {
				tier.Replay(t)
			}
			if !tt.sentinel {
				tier.Full(t)
			}
			scenario := strings.Replace(failingDrill, tt.oldDrill, tt.newDrill, 1)
			if strings.Contains(tt.want, "does not fire") || strings.Contains(tt.newDrill, "for:") {
				scenario, _, _ = strings.Cut(scenario, "incidents:") // they are not what is tried here
			}
			done, err := executeRunbook(t, strings.Replace(rightRunbook, tt.old, tt.new, 1), scenario)
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, f := range done.Findings {
				found = append(found, f.String())
			}
			all := strings.Join(found, "\n")
			if tt.want == "" && all != "" || !strings.Contains(all, tt.want) {
				t.Errorf("findings:\n%s\nwant %q", all, tt.want)
			}
		})
	}
}

// TestRunbookIsFollowedBesideADrill: whoever only watches a drill that is played to its
// end finds what is found in a replay of one's own.
func TestRunbookIsFollowedBesideADrill(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	page, err := runbook.Parse("ServiceErrors.md", []byte(withoutRepairs))
	if err != nil {
		t.Fatal(err)
	}
	s, err := drill.Parse("failing.yaml", []byte(endingDrill()))
	if err != nil {
		t.Fatal(err)
	}
	watch, watched, ok := rehearsal.Watch(page, s)
	if !ok {
		t.Fatal("Watch = false for a runbook without repairs")
	}
	synctest.Test(t, func(t *testing.T) {
		_, err = replay.Run(t.Context(), replay.Options{Scenario: s, Seed: 1, Observers: []replay.Observer{watch}})
	})
	if err != nil {
		t.Fatal(err)
	}
	alone, err := executeRunbook(t, withoutRepairs, endingDrill())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(alone, *watched); diff != "" {
		t.Errorf("execution (-in a replay of its own +beside a drill):\n%s", diff)
	}
	if len(alone.Findings) > 0 || alone.Resolved == 0 {
		t.Errorf("execution = %+v, want an end and no findings", alone)
	}
}

// TestWatchingIsNotEnough for these: they have a replay of their own.
func TestWatchingIsNotEnough(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, scenario string }{
		{"a repair", rightRunbook, endingDrill()},
		{"a drill that ends too soon", withoutRepairs, strings.Replace(endingDrill(), "duration: 15m", "duration: 11m", 1)},
		{"a drill in which nothing breaks", withoutRepairs, strings.Split(endingDrill(), "timeline")[0]},
	} {
		page, err := runbook.Parse("ServiceErrors.md", []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		s, err := drill.Parse("failing.yaml", []byte(tt.scenario))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok := rehearsal.Watch(page, s); ok {
			t.Errorf("%s: Watch = true", tt.name)
		}
	}
}

// TestExecutionIsRefused: what proves nothing does not begin.
func TestExecutionIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, old, new, oldDrill, newDrill, want string }{
		{"no drill", "drill: failing", "not_drilled: no", "", "", "ServiceErrors.md names no drill"},
		{"another drill", "drill: failing", "drill: other", "", "", "names the drill other, not failing"},
		{"no time", "resolves_within: 5m\n", "", "", "", "lacks resolves_within"},
		{"somebody else repairs", "", "", "incidents:", "  - {at: 4m, fix: rollback, service: payments}\nincidents:", "somebody else repairs"},
		{"nothing breaks", "", "", failingDrill[strings.Index(failingDrill, "timeline"):], "", "in which nothing breaks"},
		{"no such repair", "rollback", "reboot", "", "", `ServiceErrors.md:5: apply reboot --service=payments: repair: "reboot" is unknown`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := executeRunbook(t, strings.Replace(rightRunbook, tt.old, tt.new, 1), strings.Replace(failingDrill, tt.oldDrill, tt.newDrill, 1))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}
