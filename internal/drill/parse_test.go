package drill_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
)

const full = `name: payments-errors
title: Payments starts failing
brief: Customers say that checkout is broken.
history: 1h
duration: 45m
load: {rps: 20, shape: daily}
timeline:
  - {at: 20m, silence: {matchers: ["alertname=~\"Shop.*\"", 'service!=auth'], for: 30m, comment: known}}
  - {at: 10m, fault: errors, service: payments, ratio: 0.3, for: 15m}
  - at: 30m
    fault: latency
    service: payments
    delay: 300ms
incidents:
  - {name: checkout fails, from: 10m, to: 25m, page_within: 5m}
`

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := drill.Parse("x.yaml", []byte(full))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	want := &drill.Scenario{
		File:     "x.yaml",
		Name:     "payments-errors",
		Title:    "Payments starts failing",
		Brief:    "Customers say that checkout is broken.",
		History:  time.Hour,
		Duration: 45 * time.Minute,
		Load:     drill.Load{RPS: 20, Shape: drill.Daily},
		Timeline: []drill.Step{
			{At: 10 * time.Minute, Fault: &fault.Fault{Kind: "errors", Service: "payments", Ratio: 0.3, For: fault.Duration(15 * time.Minute)}},
			{At: 20 * time.Minute, Silence: &drill.Silence{
				Matchers: []alert.Matcher{
					{Name: "alertname", Value: "Shop.*", IsRegex: true, IsEqual: true},
					{Name: "service", Value: "auth"},
				},
				For:     30 * time.Minute,
				Comment: "known",
			}},
			{At: 30 * time.Minute, Fault: &fault.Fault{
				Kind: "latency", Service: "payments", Ratio: 1,
				Delay: fault.Duration(300 * time.Millisecond), For: fault.Duration(10 * time.Minute),
			}},
		},
		Incidents: []drill.Incident{{Name: "checkout fails", From: 10 * time.Minute, To: 25 * time.Minute, PageWithin: 5 * time.Minute, Line: 15}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
	silence := got.Timeline[1].Silence.StartingAt(time.Unix(60, 0))
	if !silence.ActiveAt(time.Unix(60, 0)) || silence.ActiveAt(time.Unix(60+1800, 0)) {
		t.Errorf("the silence lasts from %v to %v, want 30 minutes", silence.StartsAt, silence.EndsAt)
	}
}

func TestParseFillsInDefaults(t *testing.T) {
	t.Parallel()
	got, err := drill.Parse("quiet.yaml", []byte("name: quiet\nduration: 1h\n"))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	want := &drill.Scenario{
		File: "quiet.yaml", Name: "quiet", Title: "quiet",
		History: 2 * time.Hour, Duration: time.Hour,
		Load: drill.Load{RPS: 40, Shape: drill.Constant},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
	if !got.Control() {
		t.Error("a drill without incidents is no control")
	}
}

// with returns a valid file with more lines after it.
func with(lines ...string) string {
	return "name: x\nduration: 45m\n" + strings.Join(lines, "\n") + "\n"
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, give, want string }{
		{"nothing", "", "x.yaml:1: the file is empty; give at least name and duration"},
		{"only a comment", "# hello\n", "x.yaml:1: the file is empty; give at least name and duration"},
		{"not YAML", "name: x\nduration: [\n", "x.yaml:2: not YAML: did not find expected node content; check indentation, brackets and quotes there"},
		{"two documents", "name: x\nduration: 1h\n---\nname: y\n", "x.yaml:3: a second document begins; keep one drill per file"},
		{"a list", "- a\n", "x.yaml:1: a list where keys and values belong; write key: value, with the keys name, title, brief, history, duration, load, timeline, incidents"},
		{"no name", "duration: 1h\n", "x.yaml:1: name: missing; give the drill a name such as payments-errors"},
		{"bad name", "name: ../x\nduration: 1h\n", `x.yaml:1: name: "../x" is not a name; use lower-case letters, digits and single hyphens, such as payments-errors`},
		{"no duration", "name: x\n", "x.yaml:1: duration: missing; say how long the drill lasts, such as 45m"},
		{"duration without unit", "name: x\nduration: 45\n", `x.yaml:2: duration: "45" is not a duration; write a number with its unit, such as 90s, 10m or 1h30m`},
		{"negative duration", "name: x\nduration: -45m\n", "x.yaml:2: duration: -45m is negative; times count from minute zero on, such as 10m"},
		{"long duration", "name: x\nduration: 169h\n", "x.yaml:2: duration: 169h is out of range; give a duration from 1m to 168h"},
		{"fraction of a second", with("history: 1500ms"), "x.yaml:3: history: 1500ms is not a whole number of seconds; users are counted by the second: round it"},
		{"long history", with("history: 1000h"), "x.yaml:3: history: 1000h is too long; give up to 168h of healthy traffic"},
		{"unknown key", with("colour: red"), `x.yaml:3: the key "colour" is unknown; use one of name, title, brief, history, duration, load, timeline, incidents`},
		{"key given twice", with("name: y"), "x.yaml:3: name: given twice; keep one of them"},
		{"empty value", with("title:"), "x.yaml:3: title: empty; give a value, or leave the key out"},
		{"list for text", with("title: [a]"), "x.yaml:3: title: a list where text belongs; write title: text"},
		{"load is a number", with("load: 40"), `x.yaml:3: load: "40" where keys and values belong; write key: value, with the keys rps, shape`},
		{"no load", with("load: {rps: 0}"), "x.yaml:3: rps: 0 is out of range; give a number of requests per second above 0 and up to 10000, such as 40"},
		{"load is no number", with("load: {rps: .nan}"), "x.yaml:3: rps: NaN is out of range; give a number of requests per second above 0 and up to 10000, such as 40"},
		{"text for a number", with("load: {rps: many}"), `x.yaml:3: rps: "many" where a number belongs; write a number, such as 0.3 or 40`},
		{"unknown shape", with("load: {shape: square}"), `x.yaml:3: shape: "square" is unknown; choose one of constant, daily`},
		{"timeline is no list", with("timeline: {at: 1m}"), `x.yaml:3: timeline: keys and values where a list belongs; write one entry per line, each after "- "; or leave the key out`},
		{"nothing happens", with("timeline:", "  - {at: 1m}"), "x.yaml:4: nothing happens here; give a fault, a fix or a silence"},
		{"an entry of text", with("timeline:", "  - errors"), `x.yaml:4: timeline: "errors" where keys and values belong; write key: value, with the keys at, fault, service`},
		{"no time", with("timeline:", "  - {fault: errors, service: auth}"), "x.yaml:4: at: missing; say when it happens, such as 10m"},
		{"both", with("timeline:", "  - {at: 1m, fault: errors, service: auth, silence: {}}"), "x.yaml:4: both a fault and a silence; make an entry of each, with its own at"},
		{"all three", with("timeline:", "  - {at: 1m, fix: restart, fault: errors, service: auth, silence: {}}"), "x.yaml:4: both a fault and a fix and a silence; make an entry of each, with its own at"},
		{"unknown repair", with("timeline:", "  - at: 1m", "    fix: reboot", "    service: auth"), `x.yaml:5: fix: "reboot" is unknown; choose one of rollback, restart`},
		{"a repair of a stranger", with("timeline:", "  - at: 1m", "    fix: restart", "    service: billing"), `x.yaml:6: service: "billing" is unknown; choose one of shop, auth, orders, payments`},
		{"a repair of nobody", with("timeline:", "  - {at: 1m, fix: restart}"), `x.yaml:4: service: missing; choose one of shop, auth, orders, payments`},
		{"a repair that does not fit", with("timeline:", "  - {at: 1m, fix: shed-load, service: auth}"), "x.yaml:4: service: auth has nothing to shed-load; choose one of shop"},
		{"a repair with a setting", with("timeline:", "  - {at: 1m, fix: restart, service: auth, ratio: 0.3}"), "x.yaml:4: ratio: a fix does not take it; leave it out; a fix has at, fix and service"},
		{"a repair too late", with("timeline:", "  - {at: 44m50s, fix: restart, service: auth}"), "x.yaml:4: fix: it takes effect at 45m10s, after the drill, which lasts 45m; let it happen earlier or make the duration longer"},
		{
			"repairs overlap", with("timeline:", "  - {at: 5m, fix: restart, service: auth}", "  - {at: 5m, fix: restart, service: shop}", "  - {at: 5m10s, fix: rollback, service: auth}"),
			"x.yaml:6: at: 5m10s overlaps the fix of line 4 on auth, which lasts until 5m20s; let a fix take effect before the next on the same service",
		},
		{
			"faults overlap in spite of the wrong repair",
			with("timeline:", "  - {at: 5m, fault: errors, service: auth}", "  - {at: 7m, fix: restart, service: auth}", "  - {at: 9m, fault: errors, service: auth}"),
			"x.yaml:6: at: 9m overlaps the fault of line 4 on auth, which lasts until 15m; let one service have one fault at a time",
		},
		{
			"faults overlap until the repair takes effect",
			with("timeline:", "  - {at: 5m, fault: errors, service: auth}", "  - {at: 7m, fix: rollback, service: auth}", "  - {at: 7m29s, fault: errors, service: auth}"),
			"x.yaml:6: at: 7m29s overlaps the fault of line 4 on auth, which lasts until 7m30s; let one service have one fault at a time",
		},
		{"no size of that name", with("timeline:", "  - at: 1m", "    fault: memory-leak", "    service: auth", "    size: 16"), `x.yaml:7: size: "16" is not a size; write a number above 0 with its unit, such as 16MiB`},
		{"no factor", with("timeline:", "  - {at: 1m, fault: traffic-spike, service: shop, factor: 1}"), "x.yaml:4: factor: 1 is not a factor; give a number above 1 and up to 20, such as 4"},
		{"ramp for a kind without", with("timeline:", "  - {at: 1m, fault: crash, service: auth, ramp: 1m}"), "x.yaml:4: ramp: the kind crash does not take it; leave it out; it takes flap, for"},
		{"a kind that does not fit", with("timeline:", "  - {at: 1m, fault: queue-stall, service: auth}"), "x.yaml:4: service: the kind queue-stall cannot be put into auth; choose one of orders"},
		{"a fraction of a second", with("timeline:", "  - {at: 1m, fault: errors, service: auth, for: 1500ms}"), "x.yaml:4: for: 1.5s is not a whole number of seconds; users are counted by the second: round it"},
		{"a setting that is a list", with("timeline:", "  - {at: 1m, fault: errors, service: auth, ratio: [0.3]}"), "x.yaml:4: ratio: a list where text belongs; write ratio: text"},
		{"unknown fault", with("timeline:", "  - at: 1m", "    fault: gremlin", "    service: auth"), `x.yaml:5: fault: "gremlin" is unknown; choose one of `},
		{"unknown service", with("timeline:", "  - at: 1m", "    fault: errors", "    service: billing"), `x.yaml:6: service: "billing" is unknown; choose one of shop, auth, orders, payments`},
		{"no service", with("timeline:", "  - {at: 1m, fault: errors}"), `x.yaml:4: service: missing; choose one of shop, auth, orders, payments`},
		{"ratio above one", with("timeline:", "  - {at: 1m, fault: errors, service: auth, ratio: 30}"), "x.yaml:4: ratio: 30 is not a share of requests; give a number above 0 and up to 1, such as 0.3"},
		{"ratio of zero", with("timeline:", "  - {at: 1m, fault: errors, service: auth, ratio: 0}"), "x.yaml:4: ratio: 0 is not a share of requests; give a number above 0 and up to 1, such as 0.3"},
		{"delay where none belongs", with("timeline:", "  - {at: 1m, fault: errors, service: auth, delay: 1s}"), "x.yaml:4: delay: the kind errors does not take it; leave it out; it takes "},
		{"delay of zero", with("timeline:", "  - {at: 1m, fault: latency, service: auth, delay: 0s}"), "x.yaml:4: delay: 0s is not positive; give a duration above 0, such as 300ms"},
		{"no delay", with("timeline:", "  - {at: 1m, fault: latency, service: auth}"), "x.yaml:4: delay: missing; "},
		{"fault after the end", with("timeline:", "  - {at: 45m, fault: errors, service: auth}"), "x.yaml:4: at: 45m is outside of the drill, which lasts 45m; let it happen earlier or make the duration longer"},
		{"fault ends after the end", with("timeline:", "  - {at: 44m, fault: errors, service: auth}"), "x.yaml:4: for: the fault ends at 54m, after the drill, which lasts 45m; shorten it or make the duration longer"},
		{
			"faults overlap", with("timeline:", "  - {at: 12m, fault: latency, service: auth, delay: 1s}", "  - {at: 5m, fault: errors, service: auth}", "  - {at: 6m, fault: errors, service: shop}"),
			"x.yaml:4: at: 12m overlaps the fault of line 5 on auth, which lasts until 15m; let one service have one fault at a time",
		},
		{"silence with a service", with("timeline:", "  - {at: 1m, service: auth, silence: {matchers: [a=b], for: 1m}}"), "x.yaml:4: service: a silence does not take it; leave it out; what a silence needs stands within it"},
		{"silence of nothing", with("timeline:", "  - {at: 1m, silence: {matchers: [], for: 1m}}"), `x.yaml:4: matchers: the list is empty; say which alerts to mute, such as [alertname=~"Shop.*"]`},
		{"silence of everything", with("timeline:", "  - {at: 1m, silence: {matchers: ['a=~\".*\"', 'b!=c', 'd='], for: 1m}}"), `x.yaml:4: matchers: all of them match alerts that lack the label; add one that does not, such as alertname=~".+"`},
		{"silence without end", with("timeline:", "  - {at: 1m, silence: {matchers: [a=b]}}"), "x.yaml:4: for: missing; say how long, such as 30m"},
		{"bad matcher", with("timeline:", "  - {at: 1m, silence: {matchers: ['a=~\"(\"'], for: 1m}}"), `x.yaml:4: matchers: "a=~\"(\"" is not a matcher; write label, operator`},
		{"incident with an unknown key", with("incidents:", "  - {name: a, from: 1m, to: 9m, page_within: 5m, severity: bad}"), `x.yaml:4: the key "severity" is unknown; use one of name, from, to, page_within`},
		{"incident backwards", with("incidents:", "  - {name: a, from: 9m, to: 9m, page_within: 5m}"), "x.yaml:4: to: 9m is not after from (9m); let the incident end after it begins"},
		{"incident outside", with("incidents:", "  - {name: a, from: 1m, to: 46m, page_within: 5m}"), "x.yaml:4: to: 46m is outside of the drill, which lasts 45m; end the incident earlier or make the duration longer"},
		{"late page allowed", with("incidents:", "  - {name: a, from: 1m, to: 3m, page_within: 8m}"), "x.yaml:4: page_within: a page after 8m would be a false one, as the incident is over by then; give up to 7m"},
		{"page at once", with("incidents:", "  - {name: a, from: 1m, to: 3m, page_within: 0s}"), "x.yaml:4: page_within: 0s leaves no time to notice anything; give the time in which somebody must be paged, such as 5m"},
		{
			"incidents overlap", with("incidents:", "  - {name: b, from: 5m, to: 9m, page_within: 5m}", "  - {name: a, from: 1m, to: 6m, page_within: 5m}"),
			"x.yaml:4: from: 5m overlaps the incident of line 5, which lasts until 6m; make one incident of the two, or move one",
		},
		{
			"incidents too close", with("incidents:", "  - {name: a, from: 1m, to: 6m, page_within: 5m}", "  - {name: b, from: 10m, to: 19m, page_within: 5m}"),
			"x.yaml:5: from: 10m is too close to the incident of line 4, which lasts until 6m; leave 5m between incidents, so that each page belongs to one",
		},
		{
			"incidents share a name", with("incidents:", "  - {name: a, from: 1m, to: 6m, page_within: 5m}", "  - {name: a, from: 20m, to: 29m, page_within: 5m}"),
			`x.yaml:5: name: "a" is the incident of line 4 already; give each incident a name of its own`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := drill.Parse("x.yaml", []byte(tt.give))
			if err == nil {
				t.Fatalf("Parse = %+v, want the error %q", s, tt.want)
			}
			if got := err.Error(); !strings.HasPrefix(got, tt.want) || strings.Contains(got, "\n") {
				t.Errorf("Parse:\n got %s\nwant %s", got, tt.want)
			}
			if _, ok := errors.AsType[*drill.FileError](err); !ok {
				t.Errorf("Parse returned a %T without a *FileError", err)
			}
		})
	}
}

func TestParseReportsEveryError(t *testing.T) {
	t.Parallel()
	_, err := drill.Parse("drills/bad.yaml", []byte(`nam: bad
duration: 30m
load: {rps: -1, shape: wavy}
timeline:
  - {at: 5m, fault: errors, service: billing, ratio: 3, delay: 1s, for: 48h}
  - {at: 6m, fault: latency, service: auth, delay: 2m}
  - {at: 7m, fault: queue-stall, service: auth, size: 3, for: 90}
  - {at: 8m, fix: reboot, service: auth, for: 5m}
  - {at: 50m, fault: gremlin, service: auth}
incidents:
  - {name: a, from: 20m, to: 10m}
`))
	if err == nil {
		t.Fatal("Parse = nil, want many errors")
	}
	var got []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		at, _, _ := strings.Cut(strings.TrimPrefix(line, "drills/bad.yaml:"), ";")
		got = append(got, at)
	}
	want := []string{
		`1: the key "nam" is unknown`,
		`3: rps: -1 is out of range`,
		`3: shape: "wavy" is unknown`,
		`1: name: missing`,
		`5: ratio: 3 is not a share of requests`,
		`5: service: "billing" is unknown`,
		`5: delay: the kind errors does not take it`,
		`5: for: 48h is too long`,
		`6: delay: 2m is too long`,
		`7: size: "3" is not a size`,
		`7: for: "90" is not a duration`,
		`7: service: the kind queue-stall cannot be put into auth`,
		`8: for: a fix does not take it`,
		`8: fix: "reboot" is unknown`,
		`9: at: 50m is outside of the drill, which lasts 30m`,
		`9: fault: "gremlin" is unknown`,
		`11: page_within: missing`,
		`11: to: 10m is not after from (20m)`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

// TestParseFixes: every setting of a fault can be written down, and a fault that
// a fix ends is over from then on, long before its own time.
func TestParseFixes(t *testing.T) {
	t.Parallel()
	got, err := drill.Parse("x.yaml", []byte(with(
		"timeline:",
		"  - {at: 5m, fault: errors, service: payments, ratio: 0.5, ramp: 2m, flap: 90s, for: 24h}",
		"  - {at: 10m, fix: restart, service: payments}",
		"  - {at: 12m, fix: rollback, service: payments}",
		"  - {at: 12m30s, fault: memory-leak, service: payments, size: 32MiB}",
		"  - {at: 13m, fault: slow-start, service: auth, factor: 2.5}",
	)))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	mins := func(n float64) fault.Duration { return fault.Duration(n * float64(time.Minute)) }
	want := []drill.Step{
		{At: 5 * time.Minute, Fault: &fault.Fault{Kind: "errors", Service: "payments", Ratio: 0.5, Ramp: mins(2), Flap: mins(1.5), For: mins(24 * 60)}},
		{At: 10 * time.Minute, Fix: &drill.Fix{Repair: "restart", Service: "payments"}},
		{At: 12 * time.Minute, Fix: &drill.Fix{Repair: "rollback", Service: "payments"}},
		{At: 12*time.Minute + 30*time.Second, Fault: &fault.Fault{Kind: "memory-leak", Service: "payments", Size: 32 << 20, For: mins(10)}},
		{At: 13 * time.Minute, Fault: &fault.Fault{Kind: "slow-start", Service: "auth", Factor: 2.5, For: mins(10)}},
	}
	if diff := cmp.Diff(want, got.Timeline); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
}

func TestRateAt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		shape drill.Shape
		since time.Duration
		want  float64
	}{
		{drill.Constant, 0, 40},
		{drill.Constant, -time.Hour, 40},
		{drill.Daily, 0, 4},
		{drill.Daily, 24 * time.Hour, 4},
		{drill.Daily, 12 * time.Hour, 40},
		{drill.Daily, -12 * time.Hour, 40},
		{drill.Daily, 6 * time.Hour, 22},
	}
	for _, tt := range tests {
		got := drill.Load{RPS: 40, Shape: tt.shape}.RateAt(tt.since)
		if fmt.Sprintf("%.6f", got) != fmt.Sprintf("%.6f", tt.want) {
			t.Errorf("%s at %v = %v, want %v", tt.shape, tt.since, got, tt.want)
		}
	}
	if got := (drill.Load{RPS: 40, Shape: drill.Daily}).MeanRate(); got != 22 {
		t.Errorf("mean of a day = %v, want 22", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		full, "", "name: x\nduration: 1h\n", "a: &a [*a]\n", "<<: {name: x}\n", "? [a]\n: b\n", "timeline: [{}]\n", "--- \n...\n---\n",
		"name: x\nduration: 1h\ntimeline: [{at: 1m, silence: {matchers: [1, [a], ~], for: 1m}}]\n", "timeline:\n- &x {at: 1m, fault: latency, service: auth, delay: 9h}\n- *x\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := drill.Parse("fuzz.yaml", content)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "fuzz.yaml:") {
					t.Errorf("the error %q does not begin with the file", line)
				}
			}
			return
		}
		if s.Name == "" || s.Duration <= 0 || !(s.Load.RPS > 0) {
			t.Errorf("Parse accepted %+v", s)
		}
		for _, step := range s.Timeline {
			deeds := 0
			for _, done := range []bool{step.Fault != nil, step.Silence != nil, step.Fix != nil} {
				if done {
					deeds++
				}
			}
			if deeds != 1 || step.At < 0 || step.At >= s.Duration {
				t.Errorf("Parse accepted the step %+v", step)
			}
		}
		for _, inc := range s.Incidents {
			if inc.From < 0 || inc.From >= inc.To || inc.To > s.Duration {
				t.Errorf("Parse accepted the incident %+v", inc)
			}
		}
	})
}
