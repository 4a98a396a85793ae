package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/policy"
)

// decides asks everything that a policy that was taken must be able to answer.
func decides(t *testing.T, p *policy.Policy) {
	t.Helper()
	now := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	for _, severity := range append(alert.Severities(), "") {
		to := p.Receivers(severity, alert.Labels{"team": "payments"})
		if len(to) == 0 {
			t.Errorf("nobody gets %q", severity)
		}
		for _, name := range to {
			if p.NotBefore(name, severity, now).Sub(now) > 8*24*time.Hour {
				t.Errorf("%s waits too long", name)
			}
		}
	}
	for _, r := range p.AllReceivers() {
		for level := range p.Chain(r.Name).People(now) {
			if r.SMS != nil && len(r.SMS.Escalation) == 0 {
				continue // the built-in phone has no number
			}
			phone, ok := p.Chain(r.Name).At(level, now)
			name, _ := p.Chain(r.Name).Who(level, now)
			if whose, _ := p.PersonByPhone(phone); !ok || whose != name {
				t.Errorf("level %d of %s is %s, whose number %s is that of %q", level, r.Name, name, phone, whose)
			}
		}
	}
	for _, r := range p.Rotas() {
		if s := r.OnCall(now); now.Before(s.From) || !now.Before(s.To) {
			t.Errorf("%s: the shift %v does not hold %v", r.Name(), s, now)
		}
	}
}

func mustParse(tb testing.TB, text string) *policy.Policy {
	tb.Helper()
	p, err := policy.Parse("a.yml", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// routed returns a file with these routes before the last one.
func routed(routes string) string {
	return `providers: [{name: phone, phone: {}}]
receivers:
  - {name: oncall, sms: {providers: [phone]}}
  - {name: tickets, ticket: {board: {}}}
  - {name: log, log: {}}
  - {name: a, sms: {providers: [phone]}}
routes:
` + routes + `  - {critical: [oncall, a], warning: [tickets], info: [log]}
`
}

func TestReceivers(t *testing.T) {
	t.Parallel()
	p := mustParse(t, routed(`  - matchers: [team="payments"]
    critical: [a, oncall]
  - matchers: [team=~"payments|orders", stage!="test"]
    warning: [a]
  - matchers: ['{team="payments",stage="test"}']
    warning: [log]
`))
	for _, tt := range []struct {
		severity alert.Severity
		labels   alert.Labels
		want     []string
	}{
		{alert.Critical, nil, []string{"oncall", "a"}},
		{alert.Critical, alert.Labels{"team": "payments"}, []string{"a", "oncall"}},
		{alert.Critical, alert.Labels{"team": "orders"}, []string{"oncall", "a"}},
		{alert.Warning, alert.Labels{"team": "payments"}, []string{"a"}}, // falls through the first
		{alert.Warning, alert.Labels{"team": "orders", "stage": "live"}, []string{"a"}},
		{alert.Warning, alert.Labels{"team": "payments", "stage": "test"}, []string{"log"}},
		{alert.Warning, alert.Labels{"team": "paymentsx"}, []string{"tickets"}},
		{alert.Info, alert.Labels{"team": "payments"}, []string{"log"}},
		{"page", alert.Labels{"team": "orders"}, []string{"a"}}, // unknown: as a warning
	} {
		if got := p.Receivers(tt.severity, tt.labels); !cmp.Equal(got, tt.want) {
			t.Errorf("Receivers(%s, %v) = %v, want %v", tt.severity, tt.labels, got, tt.want)
		}
	}
	p.Receivers(alert.Info, nil)[0] = "changed"
	if got := p.Receivers(alert.Info, nil); got[0] != "log" {
		t.Error("a caller can change the policy")
	}
}

func TestRoutesThatDecideNothingAreErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, routes string
		want         string // beginning of the only error; empty: fine
	}{
		{"different values", `  - {matchers: [team="a"], info: [a]}
  - {matchers: [team="b"], info: [a]}
`, ""},
		{"after one for all", `  - {info: [a]}
  - {matchers: [team="b"], info: [a]}
  - {info: [log], matchers: [x="y"], warning: [a]}
`, "a.yml:9: routes[1]: is never reached: routes up to routes[0] (line 8)"},
		{"superset", `  - {matchers: [team="a"], info: [a]}
  - {matchers: [team="a", stage="b"], info: [a]}
`, "a.yml:9: routes[1]: is never reached"},
		{"superset with more severities", `  - {matchers: [team="a"], info: [a]}
  - {matchers: [team="a", stage="b"], info: [a], warning: [a]}
`, "a.yml:9: routes[1].info: is never reached"},
		{"superset of another severity", `  - {matchers: [team="a"], info: [a]}
  - {matchers: [team="a", stage="b"], warning: [a]}
`, ""},
		{"subset", `  - {matchers: [team="a", stage="b"], info: [a]}
  - {matchers: [team="a"], info: [a]}
`, ""},
		{"value of a pattern", `  - {matchers: [team=~"a|b.*"], info: [a]}
  - {matchers: [team="bc"], info: [a]}
`, "a.yml:9: routes[1]: is never reached"},
		{"pattern within a pattern", `  - {matchers: [team=~"a.*"], info: [a]}
  - {matchers: ['team=~"a[bc]|ad?"'], info: [a]}
`, "a.yml:9: routes[1]: is never reached"},
		{"not one of others", `  - {matchers: [team!="a"], info: [a]}
  - {matchers: [team=~"b.+"], info: [a]}
`, "a.yml:9: routes[1]: is never reached"},
		{"not one of several", `  - {matchers: [team!~"a|b"], info: [a]}
  - {matchers: [team!="a", team!="b", x="y"], info: [a]}
`, "a.yml:9: routes[1]: is never reached"},
		{"not one of fewer", `  - {matchers: [team!~"a|b"], info: [a]}
  - {matchers: [team!="a"], info: [a]}
`, ""},
		{"several together", `  - {matchers: [team="a"], info: [a]}
  - {matchers: [team="b"], info: [a]}
  - {matchers: [team=~"a|b"], info: [log]}
`, "a.yml:10: routes[2]: is never reached: routes up to routes[1] (line 9)"},
		{"not all together", `  - {matchers: [team="a"], info: [a]}
  - {matchers: [team="b", x="y"], info: [a]}
  - {matchers: [team=~"a|b"], info: [log]}
`, ""},
		{"a missing label", `  - {matchers: [team=""], info: [a]}
  - {matchers: [team!~".+"], info: [a]}
`, ""}, // the same, but that cannot be told
		{"two values", `  - {matchers: [team="a", team="b"], info: [a]}
`, "a.yml:8: routes[0].matchers: no alert can match: the matchers on team contradict each other"},
		{"value against pattern", `  - {matchers: [team=~"a|b", 'team!~"[ab]"'], info: [a]}
`, "a.yml:8: routes[0].matchers: no alert can match"},
		{"pattern against itself", `  - {matchers: [team=~"a.*", team!~"a.*"], info: [a]}
`, "a.yml:8: routes[0].matchers: no alert can match"},
		{"whatever the case", `  - {matchers: ['team=~"(?i)a"', team="A"], info: [a]}
`, ""},
		{"nothing to decide", `  - {matchers: [team="a"]}
`, "a.yml:8: routes[0]: decides nothing"},
		{"critical for nobody on purpose", `  - {matchers: [team="a"], critical: [log], critical_without_sms: true}
`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			errs := parse(routed(tt.routes))
			switch {
			case tt.want == "" && errs != nil:
				t.Errorf("Parse = %q, want no error", errs)
			case tt.want != "" && (len(errs) == 0 || !strings.HasPrefix(errs[0], tt.want)):
				t.Errorf("Parse = %q, want %q", errs, tt.want)
			}
		})
	}
}

func TestEverySeverityHasSomebodyInTheEnd(t *testing.T) {
	t.Parallel()
	text := strings.Replace(routed(""), ", info: [log]}", "}\n  - {matchers: [a=\"b\"], info: [log]}", 1)
	errs := parse(text)
	if len(errs) != 1 || !strings.HasPrefix(errs[0], "a.yml:7: routes: info alerts that no matcher fits would be lost") {
		t.Errorf("Parse = %q", errs)
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	p := mustParse(t, strings.Replace(base, "[shop, shop+1]", "[ben, shop, shop+1]", 1))
	c := p.Chain("oncall")
	for _, tt := range []struct {
		name string
		now  time.Time
		want []string
	}{
		// ben is told once, whatever the rota says.
		{"anna's week", time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC), []string{"ben +491511234568", "anna +491511234567"}},
		{"ben's week", time.Date(2026, 1, 13, 0, 0, 0, 0, time.UTC), []string{"ben +491511234568", "anna +491511234567"}},
	} {
		var got []string
		for level := 0; ; level++ {
			phone, ok := c.At(level, tt.now)
			name, named := c.Who(level, tt.now)
			if ok != named {
				t.Fatalf("%s: level %d has phone %v and name %v", tt.name, level, ok, named)
			}
			if !ok {
				break
			}
			got = append(got, name+" "+phone)
		}
		if !cmp.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if _, ok := c.At(-1, time.Now()); ok {
		t.Error("level -1 has somebody")
	}
	if _, ok := p.Chain("log").At(0, time.Now()); ok {
		t.Error("a log has somebody")
	}
	first := mustParse(t, base).Chain("oncall")
	if got, _ := first.Who(0, time.Date(2026, 1, 13, 0, 0, 0, 0, time.UTC)); got != "ben" {
		t.Errorf("in the second week %s is told first, want ben", got)
	}
	if got, _ := first.Who(1, time.Date(2026, 1, 13, 0, 0, 0, 0, time.UTC)); got != "anna" {
		t.Errorf("in the second week %s is told next, want anna", got)
	}
}

func TestPersonByPhone(t *testing.T) {
	t.Parallel()
	p := mustParse(t, base)
	for _, phone := range []string{"+491511234568", "491511234568", "00491511234568", " +49 151 1234-568 "} {
		if name, ok := p.PersonByPhone(phone); name != "ben" || !ok {
			t.Errorf("PersonByPhone(%q) = %q, %v", phone, name, ok)
		}
	}
	for _, phone := range []string{"", "+", "+4915112345", "Shop"} {
		if name, ok := p.PersonByPhone(phone); ok {
			t.Errorf("PersonByPhone(%q) = %q", phone, name)
		}
	}
}
