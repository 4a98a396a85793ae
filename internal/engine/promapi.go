package engine

import (
	"net/http"
	"strings"

	"github.com/prometheus/common/route"

	"goldensignals/internal/engine/promapi"
)

// handler serves API v1 and the fixed endpoints below the public URL's path.
func (s *prometheusServer) handler(reload func() error) http.Handler {
	prefix := "/" + strings.Trim(s.opts.PrometheusURL.Path, "/")
	router := route.New()
	if prefix != "/" {
		router = router.WithPrefix(prefix)
	}
	registerFixed(router, s.registry, reload)
	mux := http.NewServeMux()
	mux.Handle("/", router)
	apiPath := strings.TrimSuffix(prefix, "/") + "/api/v1"
	apiRouter := route.New()
	s.api().Register(apiRouter)
	mux.Handle(apiPath+"/", http.StripPrefix(apiPath, apiRouter))
	return mux
}

func (s *prometheusServer) api() promapi.Server {
	return promapi.Server{
		Config: s.config, DB: s.db, Stats: s.stats, Parser: s.parser, Engine: s.engine,
		Scraper: s.scraper, Rules: s.rules, Notifier: s.notifier, Registry: s.registry, Log: s.log,
		URL: s.opts.PrometheusURL, Started: s.startTime, Lookback: queryLookback, Retention: s.opts.Retention,
	}
}
