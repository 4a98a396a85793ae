package replay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/bubble"
	"goldensignals/internal/drill"
	"goldensignals/internal/replay"
	"goldensignals/internal/tier"
)

func TestMain(m *testing.M) {
	jobs := replay.Jobs()
	jobs["requests"] = runRequests
	bubble.Child(jobs)
	os.Exit(m.Run())
}

// errorsDrill is a drill in which a share of all requests to the shop fails.
func errorsDrill(history, duration, from, limit time.Duration, ratio float64, extra string) []byte {
	return fmt.Appendf(nil, `name: test
title: Test
brief: Test.
history: %v
duration: %v
timeline:
  - {at: %v, fault: errors, service: shop, ratio: %g, for: %v}
%s
incidents:
  - {name: the shop fails, from: %v, to: %v, page_within: %v}
`, history, duration, from, ratio, limit, extra, from, from+limit, limit)
}

// lightly is a drill with a quarter of the users.
func lightly(content []byte) []byte {
	return bytes.Replace(content, []byte("duration:"), []byte("load: {rps: 10}\nduration:"), 1)
}

// design writes an alert design to a folder.
func design(t *testing.T, rules, alertmanager string) (rulePaths []string, config string) {
	t.Helper()
	dir := t.TempDir()
	config = filepath.Join(dir, "alertmanager.yml")
	rulePaths = []string{filepath.Join(dir, "test.rules.yml")}
	for name, content := range map[string]string{rulePaths[0]: rules, config: alertmanager} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return rulePaths, config
}

func play(t *testing.T, content []byte, rules, alertmanager string) (result drill.Result) {
	t.Helper()
	scenario, err := drill.Parse("test.yaml", content)
	if err != nil {
		t.Fatal(err)
	}
	ruleSource, configSource := replay.Design(design(t, rules, alertmanager))
	synctest.Test(t, func(t *testing.T) {
		result, err = replay.Run(t.Context(), replay.Options{Scenario: scenario, Seed: 1, Rules: ruleSource, Alertmanager: configSource})
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// burnRule is the first tier of the SRE workbook for all requests of the shop.
const burnRule = `groups:
- name: workbook
  rules:
  - alert: Burn
    expr: |
      %[1]s[1h])) / %[2]s[1h])) > 14.4 * 0.001
      and
      %[1]s[5m])) / %[2]s[5m])) > 14.4 * 0.001
    labels: {severity: critical, service: shop}
    annotations: {summary: s, runbook_url: 'http://127.0.0.1/Burn'}
`

func workbookRule() string {
	const series = `http_server_request_duration_seconds_count{service="shop"`
	return fmt.Sprintf(burnRule, `sum(rate(`+series+`,http_response_status_code=~"5.."}`, `sum(rate(`+series+`}`)
}

const plainAlertmanager = `route: {receiver: r, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 4h}
receivers: [{name: r, webhook_configs: [{url: 'http://alertrouter:8080/api/v1/webhook'}]}]
`

// TestDetectionFollowsTheFormula holds replay against the arithmetic of the SRE
// workbook, chapter 5: detected after (1 - objective) / error ratio * window *
// burn rate, plus at most a scrape, an evaluation and group_wait; never, where
// the ratio is below the burn rate.
func TestDetectionFollowsTheFormula(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	for _, ratio := range tier.Pick(t, []float64{0.1}, []float64{1, 0.1, 0.012}) {
		t.Run(fmt.Sprint(ratio), func(t *testing.T) {
			t.Parallel()
			const window, overhead = time.Hour, (15 + 15 + 10) * time.Second
			formula := 0.001 / ratio * 14.4 * window.Seconds()
			got := play(t, errorsDrill(65*time.Minute, 25*time.Minute, 5*time.Minute, 15*time.Minute, ratio, ""), workbookRule(), plainAlertmanager)
			detected := got.Incidents[0].TimeToDetectSeconds
			if ratio <= 14.4*0.001 {
				if detected != nil {
					t.Errorf("ratio %g was detected after %gs; the formula says never", ratio, *detected)
				}
				return
			}
			// Which requests fail is drawn: three standard deviations of the
			// number of failures that it takes.
			noise := 3 * formula / math.Sqrt(formula*40*ratio)
			if detected == nil || *detected < formula-noise || *detected > formula+noise+overhead.Seconds() {
				t.Errorf("ratio %g: detected after %v, formula says %.0fs to %.0fs", ratio, detected, formula-noise, formula+noise+overhead.Seconds())
			}
		})
	}
}

// simpleRule fires as long as a tenth of the last minute's requests fails.
const simpleRule = `groups:
- name: simple
  rules:
  - alert: Failing
    expr: sum(rate(http_server_request_duration_seconds_count{service="shop",http_response_status_code="500"}[1m])) / sum(rate(http_server_request_duration_seconds_count{service="shop"}[1m])) > 0.1
    %s
    labels: {severity: critical, service: shop}
    annotations: {summary: s, runbook_url: 'http://127.0.0.1/Failing'}
  - alert: Cause
    expr: vector(1)
    labels: {severity: info, service: shop}
    annotations: {summary: s, runbook_url: 'http://127.0.0.1/Cause'}
`

// TestDesignChangesWhatReachesPeople changes one thing at a time and wants the
// difference that production would show.
func TestDesignChangesWhatReachesPeople(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	run := func(t *testing.T, rule, alertmanager, timeline string) drill.Result {
		return play(t, lightly(errorsDrill(5*time.Minute, 25*time.Minute, 5*time.Minute, 10*time.Minute, 0.5, timeline)), fmt.Sprintf(simpleRule, rule), alertmanager)
	}
	base := run(t, "", plainAlertmanager, "").Incidents[0]
	if base.Verdict != drill.Detected || base.ResetSeconds == nil {
		t.Fatalf("base = %+v, want detected and reset", base)
	}
	tests := []struct {
		name                         string
		rule, alertmanager, timeline string
		detect, reset                float64 // how much later than in the base, in seconds
		missed                       bool
		sentinel                     bool // of the default tier
	}{
		{name: "for", rule: "for: 3m", alertmanager: plainAlertmanager, detect: 180},
		{name: "keep_firing_for", rule: "keep_firing_for: 4m", alertmanager: plainAlertmanager, reset: 240},
		{name: "group_wait", sentinel: true, alertmanager: strings.Replace(plainAlertmanager, "group_wait: 10s", "group_wait: 2m10s", 1), detect: 120},
		{name: "inhibition", sentinel: true, missed: true, alertmanager: plainAlertmanager +
			"inhibit_rules: [{source_matchers: [alertname=Cause], target_matchers: [alertname=Failing], equal: [service]}]\n"},
		{name: "silence", missed: true, alertmanager: plainAlertmanager,
			timeline: `  - {at: 1m, silence: {matchers: ["alertname=Failing"], for: 20m, comment: known}}`},
		{name: "silence that ends early", alertmanager: plainAlertmanager, detect: 5*60 - *base.TimeToDetectSeconds,
			timeline: `  - {at: 1m, silence: {matchers: ["alertname=Failing"], for: 9m, comment: known}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !tt.sentinel {
				tier.Full(t)
			}
			got := run(t, tt.rule, tt.alertmanager, tt.timeline).Incidents[0]
			if tt.missed {
				if got.Verdict != drill.Missed {
					t.Errorf("verdict = %s, want missed", got.Verdict)
				}
				return
			}
			if got.TimeToDetectSeconds == nil || got.ResetSeconds == nil {
				t.Fatalf("incident = %+v, want a page and its end", got)
			}
			// Messages leave at a group's interval: a minute of slack.
			near := func(what string, got, want float64) {
				if math.Abs(got-want) > 61 {
					t.Errorf("%s = %gs, want %gs within a group_interval", what, got, want)
				}
			}
			near("time to detect", *got.TimeToDetectSeconds, *base.TimeToDetectSeconds+tt.detect)
			near("reset time", *got.ResetSeconds, *base.ResetSeconds+tt.reset)
		})
	}
}

// TestSameSeedSameBytes replays one drill in children with one and with two
// processors.
func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	spec := replay.Spec{File: "test.yaml", Content: errorsDrill(5*time.Minute, 12*time.Minute, 2*time.Minute, 4*time.Minute, 0.3, ""), Seed: 7}
	input, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	var first []byte
	for run := range tier.Pick(t, 2, 6) {
		got, err := bubble.Run(t.Context(), bubble.Options{Job: "replay", Input: input, Procs: 1 + run%2})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if !bytes.Equal(got, first) {
			t.Fatalf("run %d differs:\n%s\nthe first was:\n%s", run, got, first)
		}
	}
}

func TestReplayRefusesFalseClaims(t *testing.T) {
	t.Parallel()
	spec := replay.Spec{File: "liar.yaml", Seed: 1, Content: []byte(`name: liar
title: Liar
brief: Nothing happens.
history: 0s
duration: 10m
incidents:
  - {name: the shop fails, from: 1m, to: 3m, page_within: 2m}
`)}
	_, err := replay.Drill(t.Context(), spec, nil)
	if err == nil || !strings.Contains(err.Error(), "liar.yaml") || !strings.Contains(err.Error(), "the shop fails") {
		t.Errorf("Drill = %v, want an error that names drill and incident", err)
	}
}
