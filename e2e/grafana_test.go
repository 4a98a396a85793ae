package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/prometheus/common/model"

	"goldensignals/internal/referee"
	"goldensignals/internal/replay"
)

// scrapeInterval is what the data source says of itself.
const scrapeInterval = 15 * time.Second

// grafana asks as a Grafana would in front of which somebody opens the boards. None of
// what it asks may be empty; and values of 0 alone need a reason, for a panel on which
// nothing moves in an outage proves nothing.
type grafana struct {
	base     *url.URL // of Prometheus
	client   *http.Client
	findings []string
}

// watch looks at each thing in its moment.
func (g *grafana) watch(list []ask) replay.Observer {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b ask) int { return int(a.shown.At - b.shown.At) })
	return func(ctx context.Context, game referee.Options) error {
		g.base, g.client = game.Prometheus, &http.Client{Transport: game.Transport}
		for _, a := range list {
			// Not the moment at which something is evaluated.
			moment := game.Start.Add(a.shown.At + time.Second/2)
			if time.Now().After(moment) {
				return fmt.Errorf("%s: its moment had passed when the history was there; name a later one", a)
			}
			if err := sleepUntil(ctx, moment); err != nil {
				return err
			}
			if err := g.look(ctx, a); err != nil {
				return fmt.Errorf("%s: %w", a, err)
			}
		}
		return nil
	}
}

func (g *grafana) find(a ask, format string, args ...any) {
	g.findings = append(g.findings, fmt.Sprintf("%s: %s", a, fmt.Sprintf(format, args...)))
}

// look opens one thing of a board.
func (g *grafana) look(ctx context.Context, a ask) error {
	w, err := windowOf(a, time.Now())
	if err != nil {
		return err
	}
	values, err := g.variables(ctx, a, w)
	if err != nil {
		return err
	}
	moved := len(a.queries) == 0
	for _, q := range a.queries {
		expr := w.macros(values).Replace(q.Expr)
		if strings.Contains(expr, "$") {
			g.find(a, "%s: it names a variable that nobody knows", expr)
			continue
		}
		some, any, err := g.values(ctx, expr, q.Instant, w)
		if err != nil {
			return err
		}
		if !some {
			g.find(a, "nothing comes of %s", expr)
		}
		moved = moved || any
		if err := g.exemplars(ctx, a, q, expr, w); err != nil {
			return err
		}
	}
	if !moved && a.shown.Calm == "" {
		g.find(a, "all is 0; name a drill in which it is not, or say in calm why that is well")
	}
	if moved && a.shown.Calm != "" {
		g.find(a, "it is not all 0, so no reason is needed: %s", a.shown.Calm)
	}
	return nil
}

// prometheus asks its API, as the data source does, and decodes the data.
func (g *grafana) prometheus(ctx context.Context, path string, params url.Values, data any) error {
	target := g.base.JoinPath("api/v1", path)
	target.RawQuery = params.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return err
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read the answer to %s: %w", target, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s = %d %s", target, resp.StatusCode, body)
	}
	answer := struct{ Data any }{data}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("decode %s %v: %w", path, params, err)
	}
	return nil
}

// variables chooses a value of each, as the board does when it is opened: all, or
// the first, unless the moment names a service.
func (g *grafana) variables(ctx context.Context, a ask, w window) (map[string]string, error) {
	form := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
	values := map[string]string{}
	for _, v := range a.variables {
		if v.Type != dashboard.VariableTypeQuery {
			continue
		}
		m := form.FindStringSubmatch(v.Query.Map["query"].(string))
		if m == nil {
			return nil, fmt.Errorf("variable %s is no label_values(series, label)", v.Name)
		}
		params := w.params()
		params.Set("match[]", w.macros(values).Replace(m[1]))
		var found []string
		if err := g.prometheus(ctx, "label/"+m[2]+"/values", params, &found); err != nil {
			return nil, err
		}
		switch {
		case len(found) == 0:
			g.find(a, "variable %s has nothing to choose from: %s", v.Name, params.Get("match[]"))
		case *v.Multi:
			values[v.Name] = *v.AllValue
		case v.Name == "service" && slices.Contains(found, a.shown.Service):
			values[v.Name] = a.shown.Service
		default:
			values[v.Name] = found[0]
		}
	}
	return values, nil
}

// values reports whether the query has any value, and any that is not 0.
func (g *grafana) values(ctx context.Context, expr string, instant bool, w window) (some, moved bool, err error) {
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
	if err := g.prometheus(ctx, path, params, &answer); err != nil {
		return false, false, err
	}
	for _, series := range answer.Result {
		if series.Value != nil {
			series.Values = append(series.Values, *series.Value)
		}
		for _, v := range series.Values {
			var f float64
			if _, err := fmt.Sscan(fmt.Sprint(v[1]), &f); err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
				continue
			}
			some, moved = true, moved || f != 0
		}
	}
	return some, moved, nil
}

// exemplars wants one with a trace, of a query that has them.
func (g *grafana) exemplars(ctx context.Context, a ask, q query, expr string, w window) error {
	if !q.Exemplar {
		return nil
	}
	params := w.params()
	params.Set("query", expr)
	var found []struct {
		Exemplars []struct{ Labels map[string]string }
	}
	if err := g.prometheus(ctx, "query_exemplars", params, &found); err != nil {
		return err
	}
	for _, series := range found {
		for _, e := range series.Exemplars {
			if e.Labels["trace_id"] != "" {
				return nil
			}
		}
	}
	g.find(a, "no exemplar opens a trace: %s", expr)
	return nil
}

// window is what a board shows, and how finely.
type window struct {
	end          time.Time
	length, step time.Duration
}

func windowOf(a ask, now time.Time) (window, error) {
	ago, err := model.ParseDuration(strings.TrimPrefix(a.from, "now-"))
	if err != nil {
		return window{}, fmt.Errorf("read the time shown: %w", err)
	}
	finest := time.Duration(500)
	if a.annotates {
		finest = 100 // so Grafana asks for them
	}
	return window{end: now, length: time.Duration(ago), step: max(scrapeInterval, time.Duration(ago)/finest)}, nil
}

// macros fills in what Grafana knows, and the variables.
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
