package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"goldensignals/dashboards/boards"
	"goldensignals/internal/bubble"
	"goldensignals/internal/referee"
	"goldensignals/internal/replay"
	"goldensignals/internal/stack"
	"goldensignals/internal/tier"
)

// showing is a run in which something of boards is looked at. Without the other two it
// is a replay as any other.
type showing struct {
	Drill   string
	Live    bool          // it is played live, to its end
	History time.Duration // how much healthy time goes before it; zero means as the drill has it
}

func (s showing) shared() bool { return !s.Live && s.History == 0 }

func (s showing) String() string {
	if s.Live {
		return s.Drill + " live"
	}
	return fmt.Sprintf("%s after %v", s.Drill, s.History)
}

// showings lists all that boards show, by the run in which there is something to see.
func showings() (map[showing][]ask, error) {
	all, err := boards.All()
	if err != nil {
		return nil, err
	}
	list := map[showing][]ask{}
	for _, b := range all {
		asks, err := asksOf(b)
		if err != nil {
			return nil, fmt.Errorf("board %s: %w", b.Name, err)
		}
		for _, a := range asks {
			s := showing{a.shown.Drill, a.shown.Live, a.shown.History}
			list[s] = append(list[s], a)
		}
	}
	return list, nil
}

// ask is a panel, a variable or an annotation at the moment at which there is
// something to see.
type ask struct {
	name      string // for people
	from      string // the time that its board shows, such as "now-1h"
	shown     boards.Shown
	queries   []query
	variables []dashboard.VariableModel // that its queries may name
	annotates bool
}

func (a ask) String() string { return fmt.Sprintf("%s, in %s", a.name, a.shown.Drill) }

// query is one of a panel, as its JSON has it.
type query struct {
	Expr     string `json:"expr"`
	Exemplar bool   `json:"exemplar"`
	Instant  bool   `json:"instant"`
}

// asksOf lists everything that a board asks.
func asksOf(b boards.Board) (list []ask, err error) {
	add := func(a ask, name string) {
		a.name, a.from = fmt.Sprintf("board %s, %s", b.Name, name), b.Dashboard.Time.From
		list = append(list, a)
	}
	variables := b.Dashboard.Templating.List
	for i, v := range variables {
		if v.Type == dashboard.VariableTypeQuery {
			add(ask{shown: b.Around[v.Name], variables: variables[:i+1]}, "variable "+v.Name)
		}
	}
	for _, a := range b.Dashboard.Annotations.List {
		add(ask{shown: b.Around[a.Name], queries: []query{{Expr: *a.Expr}}, annotates: true}, "annotation "+a.Name)
	}
	for _, p := range b.Dashboard.Panels {
		if p.Panel == nil { // a row
			continue
		}
		queries, err := queriesOf(*p.Panel)
		if err != nil {
			return nil, err
		}
		add(ask{shown: b.Shown[*p.Panel.Id], queries: queries, variables: variables}, fmt.Sprintf("panel %q", *p.Panel.Title))
	}
	return list, nil
}

func queriesOf(p dashboard.Panel) (list []query, err error) {
	data, err := json.Marshal(p.Targets)
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	return list, err
}

// TestBoards looks at what boards show in runs that no drill shares: after days of
// history, and after a drill that was played live. The rest is looked at in TestDrills.
func TestBoards(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	tier.Full(t)
	all, err := showings()
	if err != nil {
		t.Fatal(err)
	}
	for s, list := range all {
		if s.shared() {
			continue
		}
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			var findings []string
			run(t, bubble.Options{Job: showJob, Name: s.String()}, s, &findings)
			for _, f := range findings {
				t.Error(f)
			}
			t.Logf("%d things of boards were looked at", len(list))
		})
	}
}

// TestBoardsNameDrills: whatever a board shows, there is a drill to show it in.
func TestBoardsNameDrills(t *testing.T) {
	t.Parallel()
	all, err := showings()
	if err != nil {
		t.Fatal(err)
	}
	for s, list := range all {
		if _, err := scenario(s.Drill); err != nil {
			t.Errorf("%s: %v", list[0], err)
		}
	}
}

// showJob names the job of a child process that plays a showing.
const showJob = "show"

// runShowJob plays a showing and returns what is wrong in it.
func runShowJob(ctx context.Context, input []byte, emit func(any)) ([]byte, error) {
	var s showing
	if err := json.Unmarshal(input, &s); err != nil {
		return nil, fmt.Errorf("decode showing: %w", err)
	}
	all, err := showings()
	if err != nil {
		return nil, err
	}
	opts := replay.Options{Seed: 1, OnProgress: func(done, total time.Duration) { emit([]time.Duration{done, total}) }}
	if opts.Scenario, err = scenario(s.Drill); err != nil {
		return nil, err
	}
	g := &grafana{}
	if s.Live {
		err = showLive(ctx, opts, g.watch(all[s]))
	} else {
		opts.Scenario.History, opts.Interval = s.History, 2*scrapeInterval // half the samples of days
		opts.Scenario.Load.RPS = 15
		err = replay.Attend(ctx, opts, g.watch(all[s]))
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(g.findings)
}

// showLive plays the drill live, beside a drill in which nothing happens, before
// watch is called.
func showLive(ctx context.Context, o replay.Options, watch replay.Observer) error {
	drilled := o.Scenario
	quiet := *drilled
	quiet.Timeline, quiet.Incidents, quiet.Duration, quiet.History = nil, nil, drilled.Duration+10*time.Minute, 15*time.Minute
	o.Scenario, o.Interval = &quiet, scrapeInterval
	var board scoreboard
	o.Drills = stack.Drills{Running: board.running, Scored: board.scored}
	return replay.Attend(ctx, o, func(ctx context.Context, game referee.Options) error {
		if err := sleepUntil(ctx, game.Start); err != nil {
			return err
		}
		if err := board.play(ctx, game, drilled); err != nil {
			return err
		}
		game.Start = time.Now() // what is looked at is looked at now
		return watch(ctx, game)
	})
}

// sleepUntil returns the cause for which ctx ends before t.
func sleepUntil(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Until(t)):
		return nil
	}
}
