package dependency_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/alertmanager/config"

	"goldensignals/internal/dependency"
)

const chain = `services:
  web:
    journeys:
      /: []
      /a.b: [mid]
      /c: [mid, side]
  mid: {calls: [deep]}
  side: {}
  deep: {}
`

func parse(t *testing.T, content string) *dependency.Map {
	t.Helper()
	m, err := dependency.Parse("services.yaml", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCalls(t *testing.T) {
	t.Parallel()
	m := parse(t, chain)
	got := map[string][]string{}
	for _, s := range m.Services() {
		got[s] = m.Calls(s)
	}
	want := map[string][]string{"web": {"mid", "side"}, "mid": {"deep"}, "side": {}, "deep": {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	got := string(parse(t, chain).Rules())
	for _, want := range []string{
		"{service: 'mid', http_route: '/a.b', callers: 'web'}",
		"{service: 'mid', http_route: '/c', callers: 'web'}",
		"{service: 'side', http_route: '/c', callers: 'web'}",
		"{service: 'deep', http_route: '/a.b', callers: 'mid and web'}",
		"{service: 'deep', http_route: '/c', callers: 'mid and web'}",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no rule with labels %s in:\n%s", want, got)
		}
	}
	if n := strings.Count(got, "- record:"); n != 5 {
		t.Errorf("%d rules, want 5", n)
	}
}

const amConfig = `route: {receiver: r}
receivers: [{name: r}]
inhibit_rules:
  - name: mine
    source_matchers: [a="b"]
    target_matchers: [c="d"]
  # Generated from services.yaml: begin
  - name: gone
    source_matchers: [a="b"]
    target_matchers: [c="d"]
  # Generated from services.yaml: end
# the rest
`

func TestInsert(t *testing.T) {
	t.Parallel()
	got, err := parse(t, chain).Insert("alertmanager.yml", []byte(amConfig))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(got), "end\n# the rest\n") {
		t.Errorf("what stands behind the marks has changed:\n%s", got)
	}
	conf, err := config.Load(string(got))
	if err != nil {
		t.Fatalf("Load = %v of:\n%s", err, got)
	}
	var names []string
	for _, r := range conf.InhibitRules {
		names = append(names, r.Name)
	}
	want := []string{
		"mine", "mid-errors-mute-web", "mid-slowness-mutes-web", "side-errors-mute-web", "side-slowness-mutes-web",
		"deep-errors-mute-callers", "deep-errors-mute-web", "deep-slowness-mutes-callers", "deep-slowness-mutes-web",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("inhibition rules (-want +got):\n%s", diff)
	}
	again, err := parse(t, chain).Insert("alertmanager.yml", got)
	if err != nil || string(again) != string(got) {
		t.Errorf("Insert once more = %v, %s; want the same", err, again)
	}
}

func TestInsertWantsItsMarks(t *testing.T) {
	t.Parallel()
	for _, missing := range []string{": begin", ": end"} {
		_, err := parse(t, chain).Insert("am.yml", []byte(strings.Replace(amConfig, missing, "", 1)))
		if err == nil || !strings.Contains(err.Error(), "am.yml") || !strings.Contains(err.Error(), "write these two lines") {
			t.Errorf("Insert without %q = %v, want an error that names file and remedy", missing, err)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	m := parse(t, chain)
	fresh, err := m.Insert("am.yml", []byte(amConfig))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check("am.yml", fresh, "d.yml", m.Rules()); err != nil {
		t.Errorf("Check of what was just written = %v", err)
	}
	err = m.Check("am.yml", []byte(amConfig), "d.yml", []byte("groups: []\n"))
	if err == nil || !strings.Contains(err.Error(), "am.yml") || !strings.Contains(err.Error(), "d.yml") {
		t.Errorf("Check of what is old = %v, want both files named", err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, content, want string }{
		{"unknown key at the top", "servces: {}\n", `services.yaml:1: unknown key "servces"; the file has one key, services`},
		{"no YAML", "services: [", "services.yaml: yaml: line 1"},
		{"empty file", "", "there is no service"},
		{"nothing", "services: {}\n", "there is no service"},
		{"unknown key", "services:\n  a: {call: [a]}\n", `services.yaml:2: unknown key "call" of a; known keys are calls and journeys`},
		{"unknown service", "services:\n  a:\n    calls: [b]\n", `services.yaml:3: there is no service "b"; add it`},
		{"unknown service of a journey", "services:\n  a:\n    journeys:\n      /: [b]\n", `services.yaml:4: there is no service "b"`},
		{"not a list", "services:\n  a: {calls: b}\n  b: {}\n", `services.yaml:2: want a list of services`},
		{"not a mapping", "services: [a, b]\n", `services.yaml:1: services is not a mapping`},
		{"bad name", "services:\n  'a b': {}\n", `services.yaml:2: "a b" is not the name of a service`},
		{"itself", "services:\n  a: {calls: [a]}\n", `in a circle (a > a)`},
		{"circle", "services:\n  a: {calls: [b]}\n  b: {calls: [c]}\n  c: {calls: [b]}\n", `in a circle (b > c > b)`},
		{"circle through a journey", "services:\n  a:\n    journeys: {/: [b]}\n  b: {calls: [a]}\n", `in a circle (a > b > a)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := dependency.Parse("services.yaml", []byte(tt.content))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v, want %q", err, tt.want)
			}
		})
	}
}
