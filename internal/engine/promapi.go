package engine

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/notifications"
	v1 "github.com/prometheus/prometheus/web/api/v1"
)

// prometheusVersion is what /api/v1/status/buildinfo answers: the version of
// the module that this binary carries.
const prometheusVersion = "3.15.0"

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

func (s *prometheusServer) api() *v1.API {
	return v1.NewAPI(
		s.engine, s.db, nil, nil, s.db,
		func(context.Context) v1.ScrapePoolsRetriever { return s.scraper },
		func(context.Context) v1.TargetRetriever { return s.scraper },
		func(context.Context) v1.AlertmanagerRetriever { return s.notifier },
		func() config.Config { return *s.config },
		map[string]string{},
		v1.GlobalURLOptions{ListenAddress: s.opts.PrometheusURL.Host, Host: s.opts.PrometheusURL.Host, Scheme: s.opts.PrometheusURL.Scheme},
		func(h http.HandlerFunc) http.HandlerFunc { return h }, // served only once ready
		adminStats{s.db, s.stats}, s.db.Dir(), false, false, 0,
		s.log,
		func(context.Context) v1.RulesRetriever { return s.rules },
		0, 0, 0, false, nil,
		s.runtimeInfo,
		&v1.PrometheusVersion{Version: prometheusVersion, GoVersion: runtime.Version()},
		func() []notifications.Notification { return nil },
		func() (<-chan notifications.Notification, func(), bool) { return nil, nil, false },
		s.registry, s.registry, nil,
		false, remoteapi.MessageTypes{}, false, false, false, false,
		queryLookback, false, false, nil, nil,
		v1.OpenAPIOptions{ExternalURL: s.opts.PrometheusURL.String(), Version: prometheusVersion},
		s.parser,
	)
}

func (s *prometheusServer) runtimeInfo() (v1.RuntimeInfo, error) {
	dir, err := os.Getwd()
	if err != nil {
		return v1.RuntimeInfo{}, fmt.Errorf("read working folder: %w", err)
	}
	return v1.RuntimeInfo{
		StartTime: s.startTime, CWD: dir, ReloadConfigSuccess: true, LastConfigTime: s.startTime,
		GoroutineCount: runtime.NumGoroutine(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		GOMEMLIMIT: debug.SetMemoryLimit(-1), StorageRetention: s.opts.Retention.String(),
	}, nil
}

// adminStats gives the API its view of the database.
type adminStats struct {
	*tsdb.DB
	stats *tsdb.DBStats
}

func (a adminStats) Stats(label string, limit int) (*tsdb.Stats, error) {
	return a.Head().Stats(label, limit), nil
}

func (a adminStats) WALReplayStatus() (tsdb.WALReplayStatus, error) {
	return a.stats.Head.WALReplayStatus.GetWALReplayStatus(), nil
}

func (a adminStats) BlockMetas() ([]tsdb.BlockMeta, error) { return a.DB.BlockMetas(), nil }
