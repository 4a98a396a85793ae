package runbook_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/runbook"
)

func goodPage(t *testing.T) runbook.Page {
	t.Helper()
	p, err := runbook.Parse("A.md", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func answers(p runbook.Page, samples ...[]runbook.Sample) (list []runbook.Answer) {
	for i, s := range samples {
		list = append(list, runbook.Answer{Query: p.Queries[i], Samples: s})
	}
	return list
}

func wantFindings(t *testing.T, got []runbook.Finding, want ...string) {
	t.Helper()
	var lines []string
	for _, f := range got {
		lines = append(lines, f.String())
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestCheckAnswers(t *testing.T) {
	t.Parallel()
	p := goodPage(t)
	failing := []runbook.Sample{{Labels: alert.Labels{"__name__": "m", "service": "payments"}, Value: 0.5}}
	low := []runbook.Sample{{Labels: alert.Labels{"service": "payments"}, Value: 0.01}}
	wantFindings(t, p.CheckOutage(answers(p, failing, failing)))
	wantFindings(t, p.CheckOutage(answers(p, low, nil)),
		`A.md:31: in the outage, want {service="payments"} > 0.05, got {service="payments"} 0.01; query: service:errors:ratio > 0`,
		`A.md:47: in the outage, want some, got empty; query: service:errors:ratio > 0`,
		`A.md:48: in the outage it reads well already, got empty, so it verifies nothing; query: service:errors:ratio > 0`)
	wantFindings(t, p.CheckWell(answers(p, failing, nil)))
	wantFindings(t, p.CheckWell(answers(p, nil, failing)),
		`A.md:48: after the repair, want empty, got {service="payments"} 0.5; query: service:errors:ratio > 0`)
	wantFindings(t, p.CheckEnd(nil))
	wantFindings(t, p.CheckEnd(low),
		`A.md:6: 7m after the order of its repairs the alert still fires for {service="payments"} 0.01; state the time that it takes, or a repair that ends it`)
}

func TestFindingsStayReadable(t *testing.T) {
	t.Parallel()
	p := goodPage(t)
	var many []runbook.Sample
	for i := range 20 {
		many = append(many, runbook.Sample{Labels: alert.Labels{"i": fmt.Sprint(i)}, Value: 1})
	}
	got := p.CheckWell(answers(p, nil, many))
	if len(got) != 1 || !strings.Contains(got[0].Message, "and 12 more") {
		t.Errorf("findings = %q, want 12 samples left out", got)
	}
}

// TestCheckProof: what must be known so that it was the repair that helped.
func TestCheckProof(t *testing.T) {
	t.Parallel()
	p := goodPage(t)
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	minute := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	order := func(ended, helped []string) []fault.Applied {
		return []fault.Applied{{Repair: "rollback", Service: "payments", At: minute(5), Ended: ended, Helped: helped}}
	}
	timeline := func(kind string, until int) []drill.Step {
		return []drill.Step{{At: time.Minute, Fault: &fault.Fault{Kind: kind, Service: "payments", For: fault.Duration(time.Duration(until-1) * time.Minute)}}, {At: 0, Silence: &drill.Silence{}}}
	}
	wantFindings(t, p.CheckProof(order([]string{"errors"}, nil), timeline("errors", 6), start, minute(10)))
	wantFindings(t, p.CheckProof(order(nil, []string{"crash"}), timeline("crash", 60), start, minute(10)))
	wantFindings(t, p.CheckProof(order(nil, nil), timeline("errors", 60), start, minute(10)),
		"A.md:5: the repair rollback --service=payments ended nothing and helped against nothing in the drill d")
	wantFindings(t, p.CheckProof(nil, timeline("errors", 60), start, minute(10)),
		"A.md:5: the repair rollback --service=payments ended nothing and helped against nothing in the drill d")
	wantFindings(t, p.CheckProof(order(nil, []string{"crash"}), timeline("crash", 8), start, minute(10)),
		"A.md:3: crash of payments ends by itself in minute 8m of the drill d, before the alert has ended, so the repairs prove nothing; name a drill that lasts longer")
}
