package console

import "net/http"

// routes is the whole surface of the console.
func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.servePage)
	mux.HandleFunc("GET /traces", c.serveTraces)
	mux.HandleFunc("GET /traces/{id}", c.serveTrace)
	mux.HandleFunc("GET /events", c.serveEvents)
	mux.Handle("GET /assets/{hash}/{file}", c.pages.assets())

	mux.HandleFunc("POST /faults", c.postFault)
	mux.HandleFunc("POST /faults/clear", c.postClear)
	mux.HandleFunc("POST /drills/stop", c.postStopDrill)
	mux.HandleFunc("POST /silences", c.postSilence)
	mux.HandleFunc("POST /silences/{id}/end", c.postEndSilence)

	mux.HandleFunc("GET /api/v1/faults", c.apiList)
	mux.HandleFunc("POST /api/v1/faults", c.apiInject)
	mux.HandleFunc("DELETE /api/v1/faults", c.apiClear)
	mux.HandleFunc("/api/v1/faults", c.apiMethod)
	mux.HandleFunc("/api/", c.apiUnknown)

	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(c.foreignOrigin))
	return GuardHost(harden(origins.Handler(mux)), c.opts.Hosts...)
}
