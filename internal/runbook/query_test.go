package runbook_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"goldensignals/internal/alert"
	"goldensignals/internal/runbook"
)

// query returns the one query of a page that begins with the given lines.
func query(t *testing.T, code string) (runbook.Query, error) {
	t.Helper()
	lib, err := runbook.Load(files("A.md", "# A\n\n## Diagnosis\n\n1. Look:\n\n   ```promql\n   "+strings.ReplaceAll(code, "\n", "\n   ")+"\n   ```\n"))
	if err != nil {
		return runbook.Query{}, err
	}
	p, _ := lib.Lookup("A")
	if len(p.Queries) != 1 {
		t.Fatalf("queries = %+v, want one", p.Queries)
	}
	return p.Queries[0], nil
}

func TestQuery(t *testing.T) {
	t.Parallel()
	q, err := query(t, "# outage: some\n# outage: only {a=\"b\"}  > 1\n# a word to people\n# well: empty\nup{\n  a!=\"\"\n}")
	if err != nil {
		t.Fatal(err)
	}
	if q.Section != "Diagnosis" || q.Line != 8 || !strings.HasSuffix(q.Expr, "up{\n  a!=\"\"\n}\n") {
		t.Errorf("query = %+v", q)
	}
	if got := fmt.Sprint(q.Outage, q.Well); got != `[some only {a="b"}  > 1] [empty]` {
		t.Errorf("readings = %s", got)
	}
	if q.Outage[1].Line != 9 || q.Well[0].Line != 11 {
		t.Errorf("lines = %d and %d, want 9 and 11", q.Outage[1].Line, q.Well[0].Line)
	}
}

func TestReadingHolds(t *testing.T) {
	t.Parallel()
	samples := func(values ...any) (list []runbook.Sample) {
		for i := 0; i < len(values); i += 2 {
			list = append(list, runbook.Sample{Labels: alert.Labels{"service": fmt.Sprint(values[i]), "__name__": "m"}, Value: float64(values[i+1].(int))})
		}
		return list
	}
	none, two := samples(), samples("auth", 1, "shop", 5)
	for _, tt := range []struct {
		reading string
		samples []runbook.Sample
		want    bool
	}{
		{"empty", none, true},
		{"empty", two, false},
		{"some", none, false},
		{"some", two, true},
		{"{}", none, false},
		{"{}", two, true},
		{"{} > 4", two, true},
		{"{} > 5", two, false},
		{"{} >= 5", two, true},
		{"{} < 1", two, false},
		{"{} <= 1", two, true},
		{"{} == 5", two, true},
		{"{} != 5", two, true},
		{"{} != 5", samples("a", 5), false},
		{"only {} >= 1", two, true},
		{"only {} > 1", two, false},
		{"only {} > 1", none, false},
		{`{service="auth"}`, two, true},
		{`{service="auth"} > 1`, two, false},
		{`{service=~"a.*|x", queue=""}`, two, true},
		{`{service="payments"}`, two, false},
		{`only {service="auth"}`, two, false},
		{`only {service!="}"}`, two, true},
	} {
		q, err := query(t, "# well: "+tt.reading+"\nup")
		if err != nil {
			t.Errorf("%s: %v", tt.reading, err)
			continue
		}
		if got := q.Well[0].Holds(tt.samples); got != tt.want {
			t.Errorf("%q holds for %v: %v, want %v", tt.reading, tt.samples, got, tt.want)
		}
	}
}

func TestReadingIsRefused(t *testing.T) {
	t.Parallel()
	for reading, want := range map[string]string{
		"":                   `"" is no reading`,
		"> 5":                `"> 5" is no reading`,
		"only":               `"only" is no reading`,
		"{service=auth}":     `selector {service=auth}: `,
		`{service="auth"`:    `"{service=\"auth\"" is no reading`,
		"{} about 5":         `"about 5" is no comparison`,
		"{} > five":          `"five" is no number`,
		`{service=~"("} > 1`: `selector {service=~"("}: `,
	} {
		_, err := query(t, "# outage: "+reading+"\nup")
		if err == nil || !strings.Contains(err.Error(), "A.md:8: outage: "+want) {
			t.Errorf("%q: %v, want an error with line 8 and %s", reading, err, want)
		}
	}
}

// TestReadingsSelectAsPromQL holds selectors against Prometheus' own parser.
func TestReadingsSelectAsPromQL(t *testing.T) {
	t.Parallel()
	values := []string{"", "a", "ab", "b", `a"b`, `a"b"`, "a'b", `a\b`, "a`b", "a,b", "a b"}
	for _, selector := range []string{
		`{s="a"}`, `{s!="a"}`, `{s=~"a"}`, `{s=~"a.*"}`, `{s=~"a|b"}`, `{s!~"a|b"}`, `{s=""}`, `{s=~""}`, `{other="",s!=""}`,
		`{ s = "a" , }`, `{s="a\"b"}`, `{s="a'b"}`, `{s="a\\b"}`,
		`{s="a,b"}`, `{s=~"a[ ,]b",s!="a,b"}`, `{by="",s="a"}`,
		`{s}`, `{s=}`, `{s=a}`, `{="a"}`, `{s=="a"}`, `{s~"a"}`, `{s="a" s="b"}`, `{,s="a"}`, `{s="a",,}`, `{1s="a"}`, `{s-t="a"}`,
		`{s="a\q"}`, `{s=~"("}`, `{s!~"["}`,
	} {
		q, err := query(t, "# well: "+selector+"\nup")
		want, wantErr := parser.NewParser(parser.Options{}).ParseMetricSelector("x" + selector)
		if (err != nil) != (wantErr != nil) {
			t.Errorf("%s: %v, and PromQL says %v", selector, err, wantErr)
		}
		if err != nil || wantErr != nil {
			continue
		}
		for _, value := range values {
			matches := true
			for _, m := range want {
				matches = matches && (m.Name != "s" || m.Matches(value))
			}
			if got := q.Well[0].Holds([]runbook.Sample{{Labels: alert.Labels{"s": value}}}); got != matches {
				t.Errorf("%s holds for s=%q: %v, and PromQL says %v", selector, value, got, matches)
			}
		}
	}
}
