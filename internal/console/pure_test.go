package console // the pure parts have names of their own, which the pages hide

import (
	"io/fs"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/alerts"
	"goldensignals/internal/alert"
)

func TestEverySignalIsRecorded(t *testing.T) {
	t.Parallel()
	rules, err := fs.ReadFile(alerts.FS(), "signals.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range signals() {
		for _, m := range sig.metrics {
			if !strings.Contains(string(rules), "- record: "+m.name+"\n") {
				t.Errorf("%s is shown but not recorded in signals.rules.yml", m.name)
			}
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	route := func(r string) alert.Labels { return alert.Labels{"alertname": "A", "route": r} }
	am := func(fp string, l alert.Labels, silencedBy ...string) amAlert {
		a := amAlert{Labels: l, Fingerprint: fp}
		a.Status.SilencedBy = silencedBy
		return a
	}
	prom := func(state string, l alert.Labels) promAlert { return promAlert{Labels: l, State: state} }
	with := func(l alert.Labels, k, v string) alert.Labels { l = l.Clone(); l[k] = v; return l }
	tests := []struct {
		name string
		prom []promAlert
		am   []amAlert
		want []string // state, fingerprint, labels
	}{
		{"nothing", nil, nil, nil},
		{"pending is Prometheus' alone", []promAlert{prom("pending", route("x"))}, nil, []string{`pending  {alertname="A", route="x"}`}},
		{"firing, not yet with Alertmanager", []promAlert{prom("firing", route("x"))}, nil, []string{`firing  {alertname="A", route="x"}`}},
		{"one alert in both", []promAlert{prom("firing", route("x"))}, []amAlert{am("1", with(route("x"), "dc", "a"))}, []string{`firing 1 {alertname="A", dc="a", route="x"}`}},
		{"silenced", []promAlert{prom("firing", route("x"))}, []amAlert{am("1", route("x"), "s1")}, []string{`silenced 1 {alertname="A", route="x"}`}},
		{"Alertmanager's alone", nil, []amAlert{am("1", route("x"))}, []string{`firing 1 {alertname="A", route="x"}`}},
		{"pending beside the old one", []promAlert{prom("pending", route("x"))}, []amAlert{am("1", route("x"))}, []string{`firing 1 {alertname="A", route="x"}`, `pending  {alertname="A", route="x"}`}},
		{
			"fewer labels do not take another's partner",
			[]promAlert{prom("firing", alert.Labels{"alertname": "A"}), prom("firing", route("x"))},
			[]amAlert{am("2", with(route("x"), "dc", "a")), am("1", alert.Labels{"alertname": "A", "dc": "a"})},
			[]string{`firing 2 {alertname="A", dc="a", route="x"}`, `firing 1 {alertname="A", dc="a"}`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range merge(tt.prom, tt.am) {
				got = append(got, f.State+" "+f.Fingerprint+" "+f.Labels.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("merge (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSafeLink(t *testing.T) {
	t.Parallel()
	for raw, ok := range map[string]bool{
		"http://h/x": true, "https://h": true, "/router/runbooks/A": true,
		"": false, "x": false, "//h/x": false, "/\\h": false, "javascript:alert(1)": false, "JavaScript:x": false,
		"data:text/html,x": false, "http:": false, "ftp://h/x": false, " http://h": false, "http://h\x7f": false,
	} {
		if got := safeLink(raw); (got != "") != ok || ok && got != raw {
			t.Errorf("safeLink(%q) = %q, want usable: %t", raw, got, ok)
		}
	}
}

func TestSparkline(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	tests := []struct {
		name   string
		points []float64
		want   sparkline
	}{
		{"none", nil, sparkline{}},
		{"no values", []float64{nan, nan, math.Inf(1)}, sparkline{}},
		{"line", []float64{0, 5, 10}, sparkline{Line: "M0 31L60 16L120 1", Area: "M0 32L0 31L60 16L120 1L120 32Z"}},
		{"gap", []float64{10, 10, nan, 0, 0}, sparkline{Line: "M0 1L30 1M90 31L120 31", Area: "M0 32L0 1L30 1L30 32ZM90 32L90 31L120 31L120 32Z"}},
		{"single value", []float64{nan, 10, nan}, sparkline{Line: "M59 1L60 1", Area: "M59 32L59 1L60 1L60 32Z"}},
		{"beyond the edges", []float64{-5, 50}, sparkline{Line: "M0 31L120 1", Area: "M0 32L0 31L120 1L120 32Z"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, drawSparkline(tt.points, 10)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestOnGrid(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_700_000_000, 0)
	at := func(i int, v float64) sample {
		return sample{at: float64(start.Unix()) + float64(i)*chartStep.Seconds(), value: v}
	}
	got := onGrid([]sample{at(-1, 9), at(0, 1), at(chartLen-1, 2), at(chartLen, 9)}, start)
	if len(got) != chartLen || got[0] != 1 || got[chartLen-1] != 2 || !math.IsNaN(got[1]) {
		t.Errorf("onGrid = %v", got)
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ got, want string }{
		{formatSeconds(0.0042), "4.2 ms"},
		{formatSeconds(0.0843), "84 ms"},
		{formatSeconds(0.9999), "1000 ms"},
		{formatSeconds(1.234), "1.2 s"},
		{formatSeconds(math.NaN()), noValue},
		{formatRatio(0), "0 %"},
		{formatRatio(0.0004), "0.04 %"},
		{formatRatio(0.016), "1.6 %"},
		{formatRatio(1), "100 %"},
		{formatRate(39.7), "40/s"},
		{formatRate(math.Inf(1)), noValue},
		{age(-time.Second), "0 s"},
		{age(59 * time.Second), "59 s"},
		{age(125 * time.Second), "2 min"},
		{age(125 * time.Minute), "2 h 5 min"},
		{age(75 * time.Hour), "3 days"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestOpenPages(t *testing.T) {
	t.Parallel()
	sms := func(incident string, status alert.Status, state alert.State) alert.Notification {
		return alert.Notification{ReceiverType: typeSMS, Incident: incident, Status: status, State: state}
	}
	list := []alert.Notification{ // newest first
		sms("3", alert.Firing, alert.Pending), // not with anybody yet
		sms("2", alert.Firing, alert.Delivered),
		{ReceiverType: typeTicket, Incident: "4", Status: alert.Firing, State: alert.Delivered},
		sms("1", alert.Resolved, alert.Delivered),
		sms("2", alert.Firing, alert.Delivered),
		sms("1", alert.Firing, alert.Delivered),
	}
	if got := openPages(list); got != 2 {
		t.Errorf("openPages = %d, want 2", got)
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"status":"error","error":"bad query"}`: "bad query",
		`{"code":400,"message":"bad matcher"}`:   "bad matcher",
		`"start time in the past"`:               "start time in the past",
		`<html>502</html>`:                       "",
		``:                                       "",
	} {
		if got := reason([]byte(body)); got != want {
			t.Errorf("reason(%q) = %q, want %q", body, got, want)
		}
	}
}
