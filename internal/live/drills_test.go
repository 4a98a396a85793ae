package live_test

import (
	"encoding/json"
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
	"goldensignals/internal/live"
	"goldensignals/internal/live/livetest"
	"goldensignals/internal/stack"
	"goldensignals/internal/tier"
)

func TestLiveDrillScoresAsItsReplay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	scenario, replayed := livetest.ReplayShort(t)
	var played drill.Result
	synctest.Test(t, func(t *testing.T) {
		g := livetest.Play(t, live.Options{Stack: stack.Options{DataDir: dir, Seed: 1, Interval: 15 * time.Second, RPS: scenario.Load.RPS}})
		defer g.Stop()
		time.Sleep(time.Minute + scenario.History - time.Second)
		began := time.Now()
		last, lines := g.Start(livetest.ShortDrill).Last()
		if last.Result == nil {
			t.Fatalf("last line = %+v, want a result", last)
		}
		played = *last.Result
		if took := time.Since(began); took != scenario.Duration+time.Second || lines != 180 {
			t.Errorf("the drill took %v and %d lines, want 15m1s and one every 5s", took, lines)
		}
		g.NothingLeft("20")
		ended := g.Status().Last
		if ended == nil || ended.Outcome != live.OutcomePassed || ended.By != "anna" || ended.Name != "short" {
			t.Errorf("last drill = %+v, want short of anna, passed", ended)
		}
		checkSaved(t, dir, last)
	})
	livetest.WantSame(t, replayed, played)
}

// checkSaved wants one file of each form, with the result in it.
func checkSaved(t *testing.T, dir string, last live.DrillLine) {
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
		g := livetest.Play(t, live.Options{Stack: stack.Options{Seed: 1}})
		defer g.Stop()
		time.Sleep(time.Minute)
		if s := g.Status(); s.Running != nil || s.Last != nil {
			t.Errorf("status before any drill = %+v", s)
		}
		s := g.Start(livetest.ShortDrill)
		s.Drain()
		time.Sleep(time.Minute)
		if got := g.Active(); len(got) > 0 {
			t.Errorf("faults in minute 1 = %v, want none", got)
		}
		time.Sleep(2*time.Minute + 6*time.Second)
		if diff := cmp.Diff([]string{"errors payments"}, g.Active()); diff != "" {
			t.Errorf("faults in minute 3 (-want +got):\n%s", diff)
		}
		if n := g.ActiveSilences(); n != 1 {
			t.Errorf("%d silences in minute 3, want 1", n)
		}

		var raw json.RawMessage
		g.Do(http.MethodGet, live.DrillsPath, nil, &raw)
		for _, secret := range []string{"payments", "Payments", "errors", "short", "checkout"} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("the status tells players %q: %s", secret, raw)
			}
		}
		running := g.Status().Running
		if running == nil || running.Brief != "Something is broken." || running.By != "anna" || running.ElapsedSeconds != 181 || running.DurationSeconds != 900 {
			t.Errorf("status = %+v", running)
		}
		page := g.Text("/")
		for _, want := range []string{"Something is broken.", "running for 3 min of 15 min", "/drills/stop"} {
			if !strings.Contains(page, want) {
				t.Errorf("the console lacks %q", want)
			}
		}
		if running, told := g.Query("gameday_drill_running", "job"), g.Query("gameday_fault_active", "kind"); running["gameday"] != "1" || len(told) > 0 {
			t.Errorf("Prometheus tells players that a drill runs: %v, and what is broken: %v; want 1 and nothing", running, told)
		}
		if list := g.Text("/api/v1/faults"); !strings.Contains(list, `"active":[],"hidden":true`) {
			t.Errorf("the API tells players what is broken: %s", list)
		}
		second := g.Post(t.Context(), livetest.ShortDrill)
		answer, _ := io.ReadAll(second.Body)
		second.Body.Close()
		if second.StatusCode != http.StatusConflict || !strings.Contains(string(answer), "a drill is running already (for 3m1s of 15m0s, started by anna)") {
			t.Errorf("second start = %d %s, want 409", second.StatusCode, answer)
		}
		if len(g.Active()) != 1 {
			t.Error("a refused start ended the fault of the drill that runs")
		}
		s.HangUp()
		synctest.Wait()
	})
}

func TestLiveDrillLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		end   func(*testing.T, *livetest.Game, *livetest.Stream)
		wants string // why there is no result, as the status tells it
	}{
		{"stopped", func(t *testing.T, g *livetest.Game, s *livetest.Stream) {
			var after live.DrillStatus
			if code := g.Do(http.MethodDelete, live.DrillsPath, nil, &after); code != http.StatusOK || after.Running != nil {
				t.Errorf("stop = %d %+v, want 200 and no drill", code, after)
			}
			if last, _ := s.Last(); last.Error != "somebody stopped the drill" {
				t.Errorf("last line = %+v", last)
			}
		}, "somebody stopped the drill"},
		{"stopped from the console", func(t *testing.T, g *livetest.Game, s *livetest.Stream) {
			s.Drain()
			resp, err := g.Client.PostForm(g.Base+"/drills/stop", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}, "somebody stopped the drill"},
		{"connection dropped", func(_ *testing.T, _ *livetest.Game, s *livetest.Stream) {
			s.HangUp()
			synctest.Wait()
		}, "the command that started the drill went away"},
	}
	for _, tt := range tier.Pick(t, tests[:1], tests) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := livetest.Play(t, live.Options{Stack: stack.Options{Seed: 1}})
				defer g.Stop()
				time.Sleep(10 * time.Second)
				s := g.Start(livetest.ShortDrill)
				for range 40 { // 200 s: the fault acts, the silence is there
					s.Next()
				}
				if len(g.Active()) != 1 || g.ActiveSilences() != 1 {
					t.Fatalf("faults %v, %d silences; want one of each", g.Active(), g.ActiveSilences())
				}
				tt.end(t, g, s)
				g.NothingLeft("40")
				if last := g.Status().Last; last == nil || last.Outcome != live.OutcomeStopped || last.Reason != tt.wants {
					t.Errorf("last drill = %+v, want stopped: %s", last, tt.wants)
				}
				again := g.Start(livetest.ShortDrill)
				again.HangUp()
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
		g := livetest.Play(t, live.Options{Stack: stack.Options{Seed: 1}})
		time.Sleep(10 * time.Second)
		s := g.Start(livetest.ShortDrill)
		for range 40 {
			s.Next()
		}
		heard := make(chan string, 1)
		go func() { last, _ := s.Last(); heard <- last.Error }()
		g.Stop()
		if got := <-heard; got != "the stack is stopping" {
			t.Errorf("last line = %q, want why", got)
		}
	})
}

func TestLiveDrillRepairedBeforeHarm(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	tier.Full(t)
	synctest.Test(t, func(t *testing.T) {
		g := livetest.Play(t, live.Options{Stack: stack.Options{Seed: 1, Interval: 15 * time.Second}})
		defer g.Stop()
		time.Sleep(time.Minute)
		time.AfterFunc(2*time.Minute+16*time.Second, func() { g.Do(http.MethodDelete, "/api/v1/faults", nil, nil) })
		last, _ := g.Start(livetest.ShortDrill).Last()
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
		g := livetest.Play(t, live.Options{Stack: stack.Options{Seed: 1}})
		defer g.Stop()
		tests := []struct {
			name, content string
			status        int
			want          string
		}{
			{"empty", "", 400, "short.yaml:1: the file is empty"},
			{"not YAML", "name: [", 400, "short.yaml:1: not YAML"},
			{"two errors", "name: short\nduration: 1s\ncolour: red\n", 400, `short.yaml:3: the key "colour" is unknown`},
			{"unknown fault", strings.Replace(livetest.ShortDrill, "fault: errors", "fault: gremlins", 1), 400, "short.yaml:8:"},
			{"too long to remember", "name: short\nduration: 48h\n", 400, "longer than the stack remembers"},
			{"too large", strings.Repeat("#", 300<<10), 413, "256 KiB"},
		}
		for _, tt := range tests {
			resp := g.Post(t.Context(), tt.content)
			var answer struct{ Error string }
			err := json.NewDecoder(resp.Body).Decode(&answer)
			resp.Body.Close()
			if resp.StatusCode != tt.status || err != nil || !strings.Contains(answer.Error, tt.want) {
				t.Errorf("%s: %d %q (%v), want %d with %q", tt.name, resp.StatusCode, answer.Error, err, tt.status, tt.want)
			}
		}
		var answer struct{ Error string }
		if code := g.Do(http.MethodPut, live.DrillsPath, nil, &answer); code != http.StatusMethodNotAllowed || answer.Error == "" {
			t.Errorf("PUT = %d %q, want 405", code, answer.Error)
		}
		if code := g.Do(http.MethodDelete, live.DrillsPath, nil, nil); code != http.StatusOK {
			t.Errorf("stop without a drill = %d, want 200", code)
		}
		g.Inject(map[string]any{"kind": "errors", "service": "auth"})
		resp := g.Post(t.Context(), livetest.ShortDrill)
		content, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusConflict || !strings.Contains(string(content), "gameday fault clear") {
			t.Errorf("start while a fault acts = %d %s, want 409", resp.StatusCode, content)
		}
		if diff := cmp.Diff([]string{"errors auth"}, g.Active()); diff != "" {
			t.Errorf("faults after the refusals (-want +got):\n%s", diff)
		}
		g.Do(http.MethodDelete, "/api/v1/faults", nil, nil)
		g.NothingLeft("40")
	})
}
