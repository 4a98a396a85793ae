package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"goldensignals/dashboards/boards"
)

// answers are those of a Prometheus that knows a few queries, and nothing else.
func answers(t *testing.T) *grafana {
	t.Helper()
	series := func(value string) string { return `{"data":{"result":[{"values":[[1,"NaN"],[2,"` + value + `"]]}]}}` }
	known := map[string]string{
		"query_range moves":                 series("0.5"),
		"query_range moves[1m]":             series("0.5"),
		"query_range still":                 series("0"),
		"query_range undefined":             series("NaN"),
		"query_range of_shop":               series("1"),
		"query number":                      `{"data":{"result":[{"value":[1,"3"]}]}}`,
		"query_exemplars moves":             `{"data":[{"exemplars":[{"labels":{"trace_id":"1"}}]}]}`,
		"label/service/values up":           `{"data":["auth","shop"]}`,
		"label/instance/values up":          `{"data":["a"]}`,
		"query_range moves_of{service=~.+}": series("1"),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		asked := strings.TrimPrefix(r.URL.Path, "/api/v1/") + " " + r.Form.Get("query") + r.Form.Get("match[]")
		answer, ok := known[asked]
		switch {
		case ok:
		case strings.HasPrefix(asked, "query_exemplars"), strings.HasPrefix(asked, "label"):
			answer = `{"data":[]}`
		default:
			answer = `{"data":{"result":[]}}`
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &grafana{base: base, client: server.Client()}
}

func service(series string, many bool) dashboard.VariableModel {
	return dashboard.VariableModel{
		Name: "service", Type: dashboard.VariableTypeQuery, Multi: &many, AllValue: cog.ToPtr(".+"),
		Query: &dashboard.StringOrMap{Map: map[string]any{"query": "label_values(" + series + ", service)"}},
	}
}

// TestWhatIsNamedOnBoards opens panels of each kind before a Prometheus of few words.
func TestWhatIsNamedOnBoards(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		ask  ask
		want string // the finding; empty: none
	}{
		{"values that move", ask{queries: []query{{Expr: "moves"}}}, ""},
		{"a number", ask{queries: []query{{Expr: "number", Instant: true}}}, ""},
		{"the window of a rate", ask{queries: []query{{Expr: "moves[$__rate_interval]"}}}, ""},
		{"no series", ask{queries: []query{{Expr: "moves"}, {Expr: "nobody_exports"}}}, "nothing comes of nobody_exports"},
		{"no number", ask{queries: []query{{Expr: "undefined"}}}, "nothing comes of undefined"},
		{"zeroes alone", ask{queries: []query{{Expr: "still"}}}, "all is 0; name a drill"},
		{"zeroes for a reason", ask{queries: []query{{Expr: "still"}}, shown: boards.Shown{Calm: "nobody is hurt"}}, ""},
		{"zeroes beside what moves", ask{queries: []query{{Expr: "still"}, {Expr: "moves"}}}, ""},
		{"a reason for nothing", ask{queries: []query{{Expr: "moves"}}, shown: boards.Shown{Calm: "nobody is hurt"}}, "no reason is needed: nobody is hurt"},
		{"a trace", ask{queries: []query{{Expr: "moves", Exemplar: true}}}, ""},
		{"no trace", ask{queries: []query{{Expr: "of_shop", Exemplar: true}}}, "no exemplar opens a trace: of_shop"},
		{"a variable", ask{variables: []dashboard.VariableModel{service("up", false)}}, ""},
		{"a variable without values", ask{variables: []dashboard.VariableModel{service("down", false)}}, "variable service has nothing to choose from: down"},
		{"the service of the moment", ask{
			queries: []query{{Expr: "of_$service"}}, variables: []dashboard.VariableModel{service("up", false)}, shown: boards.Shown{Service: "shop"},
		}, ""},
		{"the first service", ask{queries: []query{{Expr: "of_$service"}}, variables: []dashboard.VariableModel{service("up", false)}}, "nothing comes of of_auth"},
		{"all services", ask{queries: []query{{Expr: "moves_of{service=~$service}"}}, variables: []dashboard.VariableModel{service("up", true)}}, ""},
		{"no such variable", ask{queries: []query{{Expr: "of_$instance"}}}, "of_$instance: it names a variable that nobody knows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := answers(t)
			tt.ask.name, tt.ask.from = "panel", "now-1h"
			if err := g.look(t.Context(), tt.ask); err != nil {
				t.Fatal(err)
			}
			got := strings.Join(g.findings, "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("findings %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWindowsAreAsFineAsGrafanas(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from      string
		annotates bool
		want      time.Duration
	}{
		{"now-1h", false, 15 * time.Second},
		{"now-1h", true, 36 * time.Second},
		{"now-7d", false, 7 * 24 * time.Hour / 500},
	} {
		w, err := windowOf(ask{from: tt.from, annotates: tt.annotates}, time.Now())
		if err != nil || w.step != tt.want {
			t.Errorf("%s, annotations %v: a point every %v, %v; want %v", tt.from, tt.annotates, w.step, err, tt.want)
		}
	}
}
