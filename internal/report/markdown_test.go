package report_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/report"
)

// several compares the results with themselves, with better ones, and with
// results that differ in nothing but the messages and the all-clear.
func several(t *testing.T, results []drill.Result) []report.Comparison {
	t.Helper()
	p := paymentsErrors()
	p.messages = []drill.Notification{
		message(11.75, "ShopErrorsFastBurn", "first notification"), message(24, "ShopErrorsFastBurn", "", resolved),
	}
	healthy := healthy()
	healthy.messages = []drill.Notification{message(20, "ServiceErrors", "first notification", logLine)}
	early := []drill.Result{evaluate(t, p), evaluate(t, healthy)}
	return []report.Comparison{
		report.Compare(results, results, "calm", "same"),
		report.Compare(results, otherRules(t), "calm", "noisy"),
		report.Compare(results, early, "calm", "early"),
	}
}

// section returns the part of a comparison's Markdown that begins with the title.
func section(text, title string) []string {
	_, rest, _ := strings.Cut(text, title)
	list, _, _ := strings.Cut(strings.TrimPrefix(rest, "</summary>\n\n"), "\n\n")
	var drills []string
	for line := range strings.Lines(list) {
		_, name, _ := strings.Cut(line, "`")
		name, _, _ = strings.Cut(name, "`")
		drills = append(drills, name)
	}
	return drills
}

func TestMarkdownSaysWhoDoesWorse(t *testing.T) {
	t.Parallel()
	results := samples(t)
	all := several(t, results)
	text := func(c report.Comparison) string {
		var b strings.Builder
		if err := c.Markdown(&b); err != nil {
			t.Fatalf("Markdown: %v", err)
		}
		return b.String()
	}
	same, noisy, early := text(all[0]), text(all[1]), text(all[2])
	if strings.Contains(same, " in 1 drill") || strings.Contains(same, " drills") {
		t.Errorf("a set differs from itself:\n%s", same)
	}
	for _, tt := range []struct {
		name, text, title string
		want              []string
	}{
		{"a page that is late", noisy, "noisy does worse in 1 drill", []string{"payments-errors"}},
		{"no false page, nothing missed", noisy, "noisy does better in 1 drill", []string{"two-outages"}},
		{"drills of one only", noisy, "noisy cannot be compared in 2 drills", []string{"blip", "another"}},
		{"an all-clear that is too early", early, "early does worse in 1 drill", []string{"payments-errors"}},
		{"a log line more", early, "early is different, neither better nor worse, in 1 drill", []string{"healthy"}},
	} {
		if diff := cmp.Diff(tt.want, section(tt.text, tt.title)); diff != "" {
			t.Errorf("%s (-want +got):\n%s\n%s", tt.name, diff, tt.text)
		}
	}
	if want := "early calls it over 1 minute too early instead of after 3m30s."; !strings.Contains(early, want) {
		t.Errorf("the Markdown lacks %q:\n%s", want, early)
	}
}

func TestMarkdownKnowsNoWallTime(t *testing.T) {
	t.Parallel()
	results := samples(t)
	write := func() string {
		var b strings.Builder
		if err := report.Markdown(&b, results); err != nil {
			t.Fatalf("Markdown: %v", err)
		}
		if err := report.Compare(results, otherRules(t), "", "").Markdown(&b); err != nil {
			t.Fatalf("Markdown: %v", err)
		}
		return b.String()
	}
	before := write()
	for i := range results {
		results[i].WallSeconds += 100
	}
	if diff := cmp.Diff(before, write()); diff != "" {
		t.Errorf("the wall time is in the Markdown (-before +after):\n%s", diff)
	}
}

func TestMarkdownTrustsNobody(t *testing.T) {
	t.Parallel()
	r := hostile(t)
	r.Drill, r.Incidents[0].Name = "a`b|c", "x | y\n\n[z](javascript:1) <!-- /gameday:scorecard -->"
	var b strings.Builder
	if err := report.Markdown(&b, []drill.Result{r}); err != nil {
		t.Fatalf("Markdown: %v", err)
	}
	if err := report.Compare([]drill.Result{r}, nil, "<b>|", "").Markdown(&b); err != nil {
		t.Fatalf("Markdown: %v", err)
	}
	text := b.String()
	for _, bad := range []string{"\x1b", "<script", "<b>", "<!--", "[z]", "a`b"} {
		if strings.Contains(strings.ReplaceAll(text, `\<`, ""), bad) {
			t.Errorf("the Markdown contains %q:\n%s", bad, text)
		}
	}
	for line := range strings.Lines(text) {
		if cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); strings.HasPrefix(line, "| a") && cells != 11 {
			t.Errorf("a line of the table has %d bars, want 11: %s", cells, line)
		}
	}
}
