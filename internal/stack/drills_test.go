package stack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/stack"
	"goldensignals/internal/stack/stacktest"
)

// shortDrill hurts users from minute 2 to minute 8.
const shortDrill = `name: short
title: Payments fails
brief: Something is broken.
history: 5m
duration: 15m
load: {rps: 20}
timeline:
  - {at: 2m, fault: errors, service: payments, ratio: 0.5, for: 6m}
  - {at: 3m, silence: {matchers: ['severity="info"'], for: 5m, comment: known}}
incidents:
  - {name: checkout fails, from: 2m, to: 8m, page_within: 5m}
`

// stream is a drill that was started over HTTP.
type stream struct {
	t      *testing.T
	dec    *json.Decoder
	body   io.Closer
	hangUp context.CancelFunc
}

// start starts a drill; the answer is its stream.
func (g *game) start(content string) *stream {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	resp := g.post(ctx, content)
	if resp.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(resp.Body)
		g.t.Fatalf("start = %d %s", resp.StatusCode, answer)
	}
	s := &stream{t: g.t, dec: json.NewDecoder(resp.Body), body: resp.Body, hangUp: cancel}
	if first := s.next(); first.State != "started" || first.Started == nil {
		g.t.Fatalf("first line = %+v, want the start", first)
	}
	return s
}

func (g *game) post(ctx context.Context, content string) *http.Response {
	g.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.base+stack.DrillsPath+"?name=short.yaml&by=anna", strings.NewReader(content))
	if err != nil {
		g.t.Fatal(err)
	}
	resp, err := g.client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp
}

func (s *stream) next() stack.DrillLine {
	s.t.Helper()
	var line stack.DrillLine
	if err := s.dec.Decode(&line); err != nil {
		s.t.Fatalf("read line: %v", err)
	}
	return line
}

// last reads to the end and returns the line that ended the drill, and how many
// came before.
func (s *stream) last() (stack.DrillLine, int) {
	s.t.Helper()
	defer s.hangUp()
	for n := 0; ; n++ {
		line := s.next()
		if line.Result != nil || line.Error != "" {
			if err := s.dec.Decode(new(any)); !errors.Is(err, io.EOF) {
				s.t.Errorf("after the last line: %v, want the end", err)
			}
			s.body.Close()
			return line, n
		}
	}
}

// drain lets a stream that nobody looks at run on.
func (s *stream) drain() {
	go func() { _, _ = io.Copy(io.Discard, s.dec.Buffered()); _, _ = io.Copy(io.Discard, s.body.(io.Reader)) }()
}

// active asks the services themselves: the API hides what a drill breaks.
func (g *game) active() []string {
	g.t.Helper()
	names := []string{}
	for _, a := range g.stack.ActiveFaults() {
		names = append(names, a.Kind+" "+a.Service)
	}
	return names
}

func (g *game) activeSilences() int {
	g.t.Helper()
	var silences []struct{ Status struct{ State string } }
	g.do(http.MethodGet, "/alertmanager/api/v2/silences", nil, &silences)
	n := 0
	for _, s := range silences {
		if s.Status.State == "active" {
			n++
		}
	}
	return n
}

func (g *game) status() stack.DrillStatus {
	g.t.Helper()
	var s stack.DrillStatus
	g.do(http.MethodGet, stack.DrillsPath, nil, &s)
	return s
}

// nothingLeft fails if a drill has left something behind, or the users with
// another rate than they had.
func (g *game) nothingLeft(rps string) {
	g.t.Helper()
	if got := g.active(); len(got) > 0 {
		g.t.Errorf("active faults = %v, want none", got)
	}
	if n := g.activeSilences(); n > 0 {
		g.t.Errorf("%d silences are active, want none", n)
	}
	if s := g.status(); s.Running != nil {
		g.t.Errorf("a drill is still running: %+v", s.Running)
	}
	time.Sleep(15 * time.Second) // until the next scrape
	if got := g.query("load_offered_requests_per_second", "job")["load"]; got != rps {
		g.t.Errorf("the users' rate = %s, want %s", got, rps)
	}
}

// replayShort is shortDrill, and what comes of it in virtual time.
func replayShort(t *testing.T) (scenario *drill.Scenario, replayed drill.Result) {
	t.Helper()
	scenario, err := drill.Parse("short.yaml", []byte(shortDrill))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		if replayed, err = stack.Replay(t.Context(), stack.ReplayOptions{Scenario: scenario, Seed: 1}); err != nil {
			t.Fatal(err)
		}
	})
	return scenario, replayed
}

func TestLiveDrillScoresAsItsReplay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	scenario, replayed := replayShort(t)
	var live drill.Result
	synctest.Test(t, func(t *testing.T) {
		g := play(t, stack.Options{DataDir: dir, Seed: 1, Interval: 15 * time.Second, RPS: scenario.Load.RPS})
		defer g.stop()
		time.Sleep(time.Minute + scenario.History - time.Second)
		began := time.Now()
		last, lines := g.start(shortDrill).last()
		if last.Result == nil {
			t.Fatalf("last line = %+v, want a result", last)
		}
		live = *last.Result
		if took := time.Since(began); took != scenario.Duration+time.Second || lines != 180 {
			t.Errorf("the drill took %v and %d lines, want 15m1s and one every 5s", took, lines)
		}
		g.nothingLeft("20")
		ended := g.status().Last
		if ended == nil || ended.Outcome != stack.OutcomePassed || ended.By != "anna" || ended.Name != "short" {
			t.Errorf("last drill = %+v, want short of anna, passed", ended)
		}
		checkSaved(t, dir, last)
	})
	wantSame(t, replayed, live)
}

// wantSame wants a live drill that passes, with the messages and the score of its
// replay.
func wantSame(t *testing.T, replayed, live drill.Result) {
	t.Helper()
	if !live.Passed || len(live.Notes) > 0 {
		t.Errorf("problems %q, notes %q, want a drill that passes as claimed", live.Problems, live.Notes)
	}
	if diff := cmp.Diff(story(replayed), story(live)); diff != "" {
		t.Errorf("messages (-replayed +live):\n%s", diff)
	}
	if diff := cmp.Diff(replayed.Score, live.Score); diff != "" {
		t.Errorf("score (-replayed +live):\n%s", diff)
	}
}

// story is who was told what, in order.
func story(r drill.Result) []string {
	var list []string
	for _, n := range r.Notifications {
		list = append(list, fmt.Sprintf("%v %s %s %s %s", n.AtSeconds, n.Receiver, n.Status, n.AlertName, n.CountsAs))
	}
	return list
}

// checkSaved wants one file of each form, with the result in it.
func checkSaved(t *testing.T, dir string, last stack.DrillLine) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "drills", "short-20000101T000600Z.*"))
	if err != nil {
		t.Fatal(err)
	}
	saved := slices.Sorted(slices.Values(last.Saved))
	if diff := cmp.Diff(found, saved); diff != "" || len(found) != 3 || last.SaveError != "" {
		t.Fatalf("saved %v, found %v, %s", saved, found, last.SaveError)
	}
	for _, file := range found {
		if content, err := os.ReadFile(file); err != nil || !strings.Contains(string(content), "checkout fails") {
			t.Errorf("%s lacks the incident (%v): %.200s", file, err, content)
		}
	}
	var kept drill.Result
	content, err := os.ReadFile(found[1])
	if err == nil {
		err = json.Unmarshal(content, &kept)
	}
	if diff := cmp.Diff(*last.Result, kept); err != nil || diff != "" {
		t.Errorf("the JSON file (%v) differs from the answer:\n%s", err, diff)
	}
}

func TestLiveDrillByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := play(t, stack.Options{Seed: 1})
		defer g.stop()
		time.Sleep(time.Minute)
		if s := g.status(); s.Running != nil || s.Last != nil {
			t.Errorf("status before any drill = %+v", s)
		}
		s := g.start(shortDrill)
		s.drain()
		time.Sleep(time.Minute)
		if got := g.active(); len(got) > 0 {
			t.Errorf("faults in minute 1 = %v, want none", got)
		}
		time.Sleep(2*time.Minute + 6*time.Second)
		if diff := cmp.Diff([]string{"errors payments"}, g.active()); diff != "" {
			t.Errorf("faults in minute 3 (-want +got):\n%s", diff)
		}
		if n := g.activeSilences(); n != 1 {
			t.Errorf("%d silences in minute 3, want 1", n)
		}

		var raw json.RawMessage
		g.do(http.MethodGet, stack.DrillsPath, nil, &raw)
		for _, secret := range []string{"payments", "Payments", "errors", "short", "checkout"} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("the status tells players %q: %s", secret, raw)
			}
		}
		running := g.status().Running
		if running == nil || running.Brief != "Something is broken." || running.By != "anna" || running.ElapsedSeconds != 181 || running.DurationSeconds != 900 {
			t.Errorf("status = %+v", running)
		}
		page := g.text("/")
		for _, want := range []string{"Something is broken.", "running for 3 min of 15 min", "/drills/stop"} {
			if !strings.Contains(page, want) {
				t.Errorf("the console lacks %q", want)
			}
		}
		if running, told := g.query("gameday_drill_running", "job"), g.query("gameday_fault_active", "kind"); running["gameday"] != "1" || len(told) > 0 {
			t.Errorf("Prometheus tells players that a drill runs: %v, and what is broken: %v; want 1 and nothing", running, told)
		}
		if list := g.text("/api/v1/faults"); !strings.Contains(list, `"active":[],"hidden":true`) {
			t.Errorf("the API tells players what is broken: %s", list)
		}
		second := g.post(t.Context(), shortDrill)
		answer, _ := io.ReadAll(second.Body)
		second.Body.Close()
		if second.StatusCode != http.StatusConflict || !strings.Contains(string(answer), "a drill is running already (for 3m1s of 15m0s, started by anna)") {
			t.Errorf("second start = %d %s, want 409", second.StatusCode, answer)
		}
		if len(g.active()) != 1 {
			t.Error("a refused start ended the fault of the drill that runs")
		}
		s.hangUp()
		synctest.Wait()
	})
}

func (g *game) text(path string) string {
	g.t.Helper()
	resp, err := g.client.Get(g.base + path)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(body)
}

func TestLiveDrillLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		end   func(*game, *stream)
		wants string // why there is no result, as the status tells it
	}{
		{"stopped", func(g *game, s *stream) {
			var after stack.DrillStatus
			if code := g.do(http.MethodDelete, stack.DrillsPath, nil, &after); code != http.StatusOK || after.Running != nil {
				g.t.Errorf("stop = %d %+v, want 200 and no drill", code, after)
			}
			if last, _ := s.last(); last.Error != "somebody stopped the drill" {
				g.t.Errorf("last line = %+v", last)
			}
		}, "somebody stopped the drill"},
		{"stopped from the console", func(g *game, s *stream) {
			s.drain()
			resp, err := g.client.PostForm(g.base+"/drills/stop", nil)
			if err != nil {
				g.t.Fatal(err)
			}
			resp.Body.Close()
		}, "somebody stopped the drill"},
		{"connection dropped", func(_ *game, s *stream) {
			s.hangUp()
			synctest.Wait()
		}, "the command that started the drill went away"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := play(t, stack.Options{Seed: 1})
				defer g.stop()
				time.Sleep(10 * time.Second)
				s := g.start(shortDrill)
				for range 40 { // 200 s: the fault acts, the silence is there
					s.next()
				}
				if len(g.active()) != 1 || g.activeSilences() != 1 {
					t.Fatalf("faults %v, %d silences; want one of each", g.active(), g.activeSilences())
				}
				tt.end(g, s)
				g.nothingLeft("40")
				if last := g.status().Last; last == nil || last.Outcome != stack.OutcomeStopped || last.Reason != tt.wants {
					t.Errorf("last drill = %+v, want stopped: %s", last, tt.wants)
				}
				again := g.start(shortDrill)
				again.hangUp()
				synctest.Wait()
			})
		})
	}
}

// TestLiveDrillEndsWithTheStack: the stack stops in good order in the middle of
// a drill, and the one who started it hears why.
func TestLiveDrillEndsWithTheStack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := play(t, stack.Options{Seed: 1})
		time.Sleep(10 * time.Second)
		s := g.start(shortDrill)
		for range 40 {
			s.next()
		}
		heard := make(chan string, 1)
		go func() { last, _ := s.last(); heard <- last.Error }()
		g.stop()
		if got := <-heard; got != "the stack is stopping" {
			t.Errorf("last line = %q, want why", got)
		}
	})
}

func TestLiveDrillRepairedBeforeHarm(t *testing.T) {
	t.Parallel()
	stacktest.SkipUnderRace(t)
	synctest.Test(t, func(t *testing.T) {
		g := play(t, stack.Options{Seed: 1})
		defer g.stop()
		time.Sleep(time.Minute)
		time.AfterFunc(2*time.Minute+6*time.Second, func() { g.do(http.MethodDelete, "/api/v1/faults", nil, nil) })
		last, _ := g.start(shortDrill).last()
		if last.Result == nil || !last.Result.Passed || last.Result.Incidents[0].Verdict != drill.Averted {
			t.Fatalf("last line = %+v, want an incident that was averted", last)
		}
		if notes := last.Result.Notes; len(notes) != 1 || !strings.Contains(notes[0], "the players were quicker than the harm") {
			t.Errorf("notes = %q", notes)
		}
		if len(last.Saved) > 0 {
			t.Errorf("saved %v in a folder that nobody keeps", last.Saved)
		}
	})
}

func TestLiveDrillRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := play(t, stack.Options{Seed: 1})
		defer g.stop()
		tests := []struct {
			name, content string
			status        int
			want          string
		}{
			{"empty", "", 400, "short.yaml:1: the file is empty"},
			{"not YAML", "name: [", 400, "short.yaml:1: not YAML"},
			{"two errors", "name: short\nduration: 1s\ncolour: red\n", 400, `short.yaml:3: the key "colour" is unknown`},
			{"unknown fault", strings.Replace(shortDrill, "fault: errors", "fault: gremlins", 1), 400, "short.yaml:8:"},
			{"too long to remember", "name: short\nduration: 48h\n", 400, "longer than the stack remembers"},
			{"too large", strings.Repeat("#", 300<<10), 413, "256 KiB"},
		}
		for _, tt := range tests {
			resp := g.post(t.Context(), tt.content)
			var answer struct{ Error string }
			err := json.NewDecoder(resp.Body).Decode(&answer)
			resp.Body.Close()
			if resp.StatusCode != tt.status || err != nil || !strings.Contains(answer.Error, tt.want) {
				t.Errorf("%s: %d %q (%v), want %d with %q", tt.name, resp.StatusCode, answer.Error, err, tt.status, tt.want)
			}
		}
		var answer struct{ Error string }
		if code := g.do(http.MethodPut, stack.DrillsPath, nil, &answer); code != http.StatusMethodNotAllowed || answer.Error == "" {
			t.Errorf("PUT = %d %q, want 405", code, answer.Error)
		}
		if code := g.do(http.MethodDelete, stack.DrillsPath, nil, nil); code != http.StatusOK {
			t.Errorf("stop without a drill = %d, want 200", code)
		}
		g.inject(map[string]any{"kind": "errors", "service": "auth"})
		resp := g.post(t.Context(), shortDrill)
		content, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusConflict || !strings.Contains(string(content), "gameday fault clear") {
			t.Errorf("start while a fault acts = %d %s, want 409", resp.StatusCode, content)
		}
		if diff := cmp.Diff([]string{"errors auth"}, g.active()); diff != "" {
			t.Errorf("faults after the refusals (-want +got):\n%s", diff)
		}
		g.do(http.MethodDelete, "/api/v1/faults", nil, nil)
		g.nothingLeft("40")
	})
}
