// Package promapi makes the routes of Prometheus' HTTP API v1 for package engine. It
// is apart for what it costs: whatever names the API's type compiles the generic types
// of the API's OpenAPI document anew, and that takes ten times as long as all the rest
// of engine. It starts nothing and keeps nothing but what it is given.
package promapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/notifications"
	v1 "github.com/prometheus/prometheus/web/api/v1"
)

// version is what /api/v1/status/buildinfo answers: the version of the module that
// this binary carries.
const version = "3.15.0"

// Server is what the API tells of: the parts of a Prometheus. All are required.
type Server struct {
	Config    *config.Config
	DB        *tsdb.DB
	Stats     *tsdb.DBStats
	Parser    parser.Parser
	Engine    promql.QueryEngine
	Scraper   *scrape.Manager
	Rules     *rules.Manager
	Notifier  *notifier.Manager
	Registry  *prometheus.Registry
	Log       *slog.Logger
	URL       *url.URL // that people use
	Started   time.Time
	Lookback  time.Duration // of queries
	Retention time.Duration
}

// Register adds the API's routes, which begin behind /api/v1.
func (s Server) Register(router *route.Router) {
	v1.NewAPI(
		s.Engine, s.DB, nil, nil, s.DB,
		func(context.Context) v1.ScrapePoolsRetriever { return s.Scraper },
		func(context.Context) v1.TargetRetriever { return s.Scraper },
		func(context.Context) v1.AlertmanagerRetriever { return s.Notifier },
		func() config.Config { return *s.Config },
		map[string]string{},
		v1.GlobalURLOptions{ListenAddress: s.URL.Host, Host: s.URL.Host, Scheme: s.URL.Scheme},
		func(h http.HandlerFunc) http.HandlerFunc { return h }, // served only once ready
		adminStats{s.DB, s.Stats}, s.DB.Dir(), false, false, 0,
		s.Log,
		func(context.Context) v1.RulesRetriever { return s.Rules },
		0, 0, 0, false, nil,
		s.runtimeInfo,
		&v1.PrometheusVersion{Version: version, GoVersion: runtime.Version()},
		func() []notifications.Notification { return nil },
		func() (<-chan notifications.Notification, func(), bool) { return nil, nil, false },
		s.Registry, s.Registry, nil,
		false, remoteapi.MessageTypes{}, false, false, false, false,
		s.Lookback, false, false, nil, nil,
		v1.OpenAPIOptions{ExternalURL: s.URL.String(), Version: version},
		s.Parser,
	).Register(router)
}

func (s Server) runtimeInfo() (v1.RuntimeInfo, error) {
	dir, err := os.Getwd()
	if err != nil {
		return v1.RuntimeInfo{}, fmt.Errorf("read working folder: %w", err)
	}
	return v1.RuntimeInfo{
		StartTime: s.Started, CWD: dir, ReloadConfigSuccess: true, LastConfigTime: s.Started,
		GoroutineCount: runtime.NumGoroutine(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		GOMEMLIMIT: debug.SetMemoryLimit(-1), StorageRetention: s.Retention.String(),
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
