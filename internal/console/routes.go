package console

import (
	"errors"
	"net/http"

	"goldensignals/internal/faultapi"
)

// routes is the whole surface of the console.
func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.servePage)
	mux.HandleFunc("GET /traces", c.serveTraces)
	mux.HandleFunc("GET /traces/{id}", c.serveTrace)
	mux.HandleFunc("GET /d/{board}", boardInstead)
	mux.HandleFunc("GET /events", c.serveEvents)
	mux.Handle("GET /assets/{hash}/{file}", c.pages.assets())

	mux.HandleFunc("POST /faults", c.postFault)
	mux.HandleFunc("POST /faults/clear", c.postClear)
	mux.HandleFunc("POST /fixes", c.postFix)
	mux.HandleFunc("POST /fixes/undo", c.postUndo)
	mux.HandleFunc("POST /drills/stop", c.postStopDrill)
	mux.HandleFunc("POST /silences", c.postSilence)
	mux.HandleFunc("POST /silences/{id}/end", c.postEndSilence)

	mux.Handle("/api/", c.faults)

	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(foreignOrigin))
	return GuardHost(harden(origins.Handler(mux)), c.opts.Hosts...)
}

// boardInstead leads whoever follows an alert's dashboard_url to what the console
// has in place of that board: alerts name Grafana's addresses (dashboards/), and
// the same rules run where there is no Grafana.
func boardInstead(w http.ResponseWriter, r *http.Request) {
	section := map[string]string{
		"golden": "#services", "service": "#services", "hosts": "#services", "budgets": "#services", "alerting": "#alerts", "gameday": "#faults",
	}
	http.Redirect(w, r, "/"+section[r.PathValue("board")], http.StatusSeeOther)
}

// foreignOrigin answers a change that a page of another origin asked for.
func foreignOrigin(w http.ResponseWriter, _ *http.Request) {
	faultapi.WriteError(w, http.StatusForbidden, errors.New("a page of another origin may not change anything here; use the console's own page"))
}
