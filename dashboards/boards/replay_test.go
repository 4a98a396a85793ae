package boards

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/prometheus/common/model"

	"goldensignals/drills"
	"goldensignals/internal/drill"
	"goldensignals/internal/referee"
	"goldensignals/internal/replay"
	"goldensignals/internal/stack"
	"goldensignals/internal/tier"
)

// scrapeInterval is what the data source says of itself.
const scrapeInterval = 15 * time.Second

// ask is a panel, a variable or an annotation at the moment at which there is
// something to see.
type ask struct {
	board     Board
	name      string // for people
	shown     Shown
	queries   []panelQuery
	variables []dashboard.VariableModel // that its queries may name
	annotates bool
}

func (a ask) String() string {
	return fmt.Sprintf("board %s, %s, in %s", a.board.Name, a.name, a.shown.Drill)
}

// asks lists everything that a board asks.
func asks(t *testing.T, b Board) (list []ask) {
	t.Helper()
	variables := b.Dashboard.Templating.List
	for i, v := range variables {
		if v.Type == dashboard.VariableTypeQuery {
			list = append(list, ask{board: b, name: "variable " + v.Name, shown: b.Around[v.Name], variables: variables[:i+1]})
		}
	}
	for _, a := range b.Dashboard.Annotations.List {
		if q := queryOf(t, a.Target); q.Expr != *a.Expr {
			t.Errorf("board %s, annotation %s: it asks %q and %q", b.Name, a.Name, q.Expr, *a.Expr)
		}
		list = append(list, ask{board: b, name: "annotation " + a.Name, shown: b.Around[a.Name], queries: []panelQuery{{Expr: *a.Expr}}, annotates: true})
	}
	for _, p := range panels(b) {
		list = append(list, ask{
			board: b, name: fmt.Sprintf("panel %q", *p.Title), shown: b.Shown[*p.Id], queries: queriesOf(t, p), variables: variables,
		})
	}
	return list
}

// TestBoardsShowSomething replays the drills that the boards name, and asks every
// query of every panel, variable and annotation at the moment that it names. None
// may be empty; and values of 0 alone need a reason, for a panel on which nothing
// moves in an outage proves nothing.
func TestBoardsShowSomething(t *testing.T) {
	tier.Replay(t)
	type run struct {
		drill string
		live  bool
	}
	runs := map[run][]ask{}
	for _, b := range boards(t) {
		for _, a := range asks(t, b) {
			r := run{a.shown.Drill, a.shown.Live}
			runs[r] = append(runs[r], a)
		}
	}
	for r, list := range runs {
		t.Run(fmt.Sprintf("%s,live=%v", r.drill, r.live), func(t *testing.T) {
			t.Parallel()
			slices.SortStableFunc(list, func(a, b ask) int { return int(a.shown.At - b.shown.At) })
			synctest.Test(t, func(t *testing.T) { attend(t, scenario(t, r.drill), r.live, list) })
		})
	}
}

func scenario(t *testing.T, name string) *drill.Scenario {
	t.Helper()
	content, err := fs.ReadFile(drills.FS(), name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := drill.Parse(name+".yaml", content)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// attend plays one drill and asks all that is to be asked in it.
func attend(t *testing.T, s *drill.Scenario, live bool, list []ask) {
	t.Helper()
	name, interval := s.Name, scrapeInterval
	if live {
		quiet := *s // beside which the drill is played
		quiet.Timeline, quiet.Incidents, quiet.Duration = nil, nil, s.Duration+10*time.Minute
		s = &quiet
	}
	s.History = 15 * time.Minute // nothing shown needs the drill's own
	if !live {
		s.Load.RPS = 15
	}
	for _, a := range list {
		if a.shown.History > s.History {
			s.History, interval = a.shown.History, 2*scrapeInterval // half the samples of days
		}
	}
	var board scoreboard
	o := replay.Options{
		Scenario: s, Seed: 1, Interval: interval,
		Drills: stack.Drills{Running: board.running, Scored: board.scored},
	}
	err := replay.Attend(t.Context(), o, func(ctx context.Context, game referee.Options) error {
		g := grafana{t: t, base: game.Prometheus, client: &http.Client{Transport: game.Transport}}
		if live {
			time.Sleep(time.Until(game.Start))
			board.play(ctx, t, game, name)
		}
		for _, a := range list {
			// Not the moment at which something is evaluated.
			time.Sleep(time.Until(game.Start.Add(a.shown.At + time.Second/2)))
			g.look(a)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// scoreboard plays a drill live beside one that is replayed, as package live does.
type scoreboard struct {
	mu     sync.Mutex
	plays  bool
	result *drill.Result // nil: none has ended
	ended  time.Time
}

func (b *scoreboard) running() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.plays
}

func (b *scoreboard) scored() (drill.Result, time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.result == nil {
		return drill.Result{}, time.Time{}, false
	}
	return *b.result, b.ended, true
}

// play plays a drill to its end, and waits for a scrape after it.
func (b *scoreboard) play(ctx context.Context, t *testing.T, game referee.Options, name string) {
	t.Helper()
	b.set(true, nil)
	game.Scenario, game.OnProgress = scenario(t, name), nil
	game.Start = time.Now().Truncate(game.Sample).Add(game.Sample)
	game.Since, game.Sample = game.Start, 0
	run, err := referee.Play(ctx, game)
	if err != nil {
		t.Fatal(err)
	}
	result, err := drill.EvaluateLive(game.Scenario, run)
	if err != nil {
		t.Fatalf("the drill %s has no result: %v", name, err)
	}
	b.set(false, &result)
	time.Sleep(2 * scrapeInterval)
}

func (b *scoreboard) set(plays bool, result *drill.Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plays, b.result, b.ended = plays, result, time.Now()
}

// grafana asks as a Grafana would in front of which somebody opens the boards.
type grafana struct {
	t      *testing.T
	base   *url.URL // of Prometheus
	client *http.Client
}

// prometheus asks its API, as the data source does, and decodes the data.
func (g grafana) prometheus(path string, params url.Values, data any) {
	g.t.Helper()
	target := g.base.JoinPath("api/v1", path)
	target.RawQuery = params.Encode()
	resp, err := g.client.Get(target.String())
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		g.t.Fatalf("GET %s = %d %s, %v", target, resp.StatusCode, body, err)
	}
	var answer struct{ Data json.RawMessage }
	if err := json.Unmarshal(body, &answer); err != nil {
		g.t.Fatal(err)
	}
	if err := json.Unmarshal(answer.Data, data); err != nil {
		g.t.Fatalf("%s %v: %v", path, params, err)
	}
}

// look opens one thing of a board.
func (g grafana) look(a ask) {
	g.t.Helper()
	ago, err := model.ParseDuration(strings.TrimPrefix(a.board.Dashboard.Time.From, "now-"))
	if err != nil {
		g.t.Fatal(err)
	}
	finest := time.Duration(500)
	if a.annotates {
		finest = 100 // so Grafana asks for them
	}
	w := window{end: time.Now(), length: time.Duration(ago), step: max(scrapeInterval, time.Duration(ago)/finest)}
	values := g.variables(a, w)
	moved := len(a.queries) == 0
	for _, q := range a.queries {
		expr := w.macros(values).Replace(q.Expr)
		if strings.Contains(expr, "$") {
			g.t.Errorf("%s: %s: it names a variable that nobody knows", a, expr)
			continue
		}
		some, any := g.values(expr, q.Instant, w)
		if !some {
			g.t.Errorf("%s: nothing comes of %s", a, expr)
		}
		moved = moved || any
		if q.Exemplar {
			g.exemplars(a, expr, w)
		}
	}
	if !moved && a.shown.Calm == "" {
		g.t.Errorf("%s: all is 0; name a drill in which it is not, or say in calm why that is well", a)
	}
	if moved && a.shown.Calm != "" {
		g.t.Errorf("%s: it is not all 0, so no reason is needed: %s", a, a.shown.Calm)
	}
}

// window is what a board shows, and how finely.
type window struct {
	end          time.Time
	length, step time.Duration
}

func (w window) macros(values map[string]string) *strings.Replacer {
	rate := max(w.step+scrapeInterval, 4*scrapeInterval) // as the documentation of the data source has it
	pairs := []string{
		"$__rate_interval", model.Duration(rate).String(), "$__interval", model.Duration(w.step).String(), "$__range", model.Duration(w.length).String(),
	}
	for name, value := range values {
		pairs = append(pairs, "$"+name, value)
	}
	return strings.NewReplacer(pairs...)
}

func (w window) params() url.Values {
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	return url.Values{"start": {stamp(w.end.Add(-w.length))}, "end": {stamp(w.end)}, "step": {fmt.Sprint(w.step.Seconds())}}
}

// variables chooses a value of each, as the board does when it is opened: all, or
// the first, unless the moment names a service.
func (g grafana) variables(a ask, w window) map[string]string {
	g.t.Helper()
	form := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
	values := map[string]string{}
	for _, v := range a.variables {
		if v.Type != dashboard.VariableTypeQuery {
			continue
		}
		m := form.FindStringSubmatch(v.Query.Map["query"].(string))
		if m == nil {
			g.t.Fatalf("%s: variable %s is no label_values(series, label)", a, v.Name)
		}
		params := w.params()
		params.Set("match[]", w.macros(values).Replace(m[1]))
		var found []string
		g.prometheus("label/"+m[2]+"/values", params, &found)
		switch {
		case len(found) == 0:
			g.t.Errorf("%s: variable %s has nothing to choose from: %s", a, v.Name, params.Get("match[]"))
		case *v.Multi:
			values[v.Name] = *v.AllValue
		case v.Name == "service" && slices.Contains(found, a.shown.Service):
			values[v.Name] = a.shown.Service
		default:
			values[v.Name] = found[0]
		}
	}
	return values
}

// values reports whether the query has any value, and any that is not 0.
func (g grafana) values(expr string, instant bool, w window) (some, moved bool) {
	g.t.Helper()
	path, params := "query_range", w.params()
	if instant {
		path, params = "query", url.Values{"time": params["end"]}
	}
	params.Set("query", expr)
	var answer struct {
		Result []struct {
			Value  *[2]any
			Values [][2]any
		}
	}
	g.prometheus(path, params, &answer)
	for _, series := range answer.Result {
		if series.Value != nil {
			series.Values = append(series.Values, *series.Value)
		}
		for _, v := range series.Values {
			var f float64
			if _, err := fmt.Sscan(v[1].(string), &f); err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
				continue
			}
			some, moved = true, moved || f != 0
		}
	}
	return some, moved
}

// exemplars wants one with a trace.
func (g grafana) exemplars(a ask, expr string, w window) {
	g.t.Helper()
	params := w.params()
	params.Set("query", expr)
	var found []struct {
		Exemplars []struct{ Labels map[string]string }
	}
	g.prometheus("query_exemplars", params, &found)
	for _, series := range found {
		for _, e := range series.Exemplars {
			if e.Labels["trace_id"] != "" {
				return
			}
		}
	}
	g.t.Errorf("%s: no exemplar opens a trace: %s", a, expr)
}
