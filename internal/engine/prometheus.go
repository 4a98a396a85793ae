package engine

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	commoncfg "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/logging"
)

// Prometheus' own defaults for the flags that matter here.
const (
	queryMaxSamples    = 50_000_000
	queryTimeout       = 2 * time.Minute
	queryLookback      = 5 * time.Minute
	ruleForGracePeriod = 10 * time.Minute
	ruleOutage         = time.Hour
	ruleResendDelay    = time.Minute
	notifyQueue        = 10_000
)

// prometheusServer is what cmd/prometheus wires (v3.15), less discovery,
// remote storage and pages: its targets are given, not discovered.
type prometheusServer struct {
	opts      Options
	log       *slog.Logger
	registry  *prometheus.Registry
	config    *config.Config
	parser    *RuleParser
	startTime time.Time

	db       *tsdb.DB
	stats    *tsdb.DBStats
	engine   *promql.Engine
	scraper  *scrape.Manager
	rules    *rules.Manager
	notifier *notifier.Manager
	files    atomic.Pointer[RuleFiles] // what the group loader serves
	running  sync.WaitGroup
}

func newPrometheus(opts Options, files RuleFiles, onStop func(string, func() error)) (*prometheusServer, error) {
	conf, err := serverConfig(opts)
	if err != nil {
		return nil, err
	}
	s := &prometheusServer{
		opts: opts, config: conf, parser: NewRuleParser(),
		log:       opts.Log.With("component", "prometheus"),
		registry:  prometheus.NewRegistry(),
		startTime: time.Now(),
	}
	s.files.Store(&files)
	if err := s.openDB(); err != nil {
		return nil, err
	}
	onStop("time series database", s.db.Close)
	if err := s.buildManagers(); err != nil {
		return nil, err
	}
	onStop("prometheus", s.stop)
	return s, nil
}

func (s *prometheusServer) openDB() (err error) {
	dbOpts := tsdb.DefaultOptions()
	dbOpts.RetentionDuration = s.opts.Retention.Milliseconds()
	dbOpts.EnableExemplarStorage = true
	dbOpts.MaxExemplars = 10_000
	dbOpts.StripeSize = 1 << 10 // thousands of series, not millions
	if s.opts.NoWAL {
		dbOpts.WALSegmentSize = -1
	}
	s.stats = tsdb.NewDBStats()
	s.db, err = tsdb.Open(filepath.Join(s.opts.DataDir, "prometheus"), s.log, s.registry, dbOpts, s.stats)
	if err != nil {
		return fmt.Errorf("open time series database: %w", err)
	}
	return nil
}

func (s *prometheusServer) buildManagers() (err error) {
	s.engine = promql.NewEngine(promql.EngineOpts{
		Logger: s.log, Reg: s.registry, MaxSamples: queryMaxSamples, Timeout: queryTimeout, LookbackDelta: queryLookback,
		EnableAtModifier: true, EnableNegativeOffset: true, Parser: s.parser,
		NoStepSubqueryIntervalFn: func(int64) int64 { return s.opts.EvaluationInterval.Milliseconds() },
	})
	scrapeOpts := &scrape.Options{
		DiscoveryReloadOnStartup: true, // targets are known from the start
		HTTPClientOptions:        []commoncfg.HTTPClientOption{commoncfg.WithDialContextFunc(s.opts.Dial)},
	}
	if err := fixScrapePhase(scrapeOpts); err != nil {
		return err
	}
	s.scraper, err = scrape.NewManager(scrapeOpts, s.log, logging.NewJSONFileLogger, nil, s.db, s.registry)
	if err != nil {
		return fmt.Errorf("create scrape manager: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: s.opts.Dial, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute}}
	s.notifier = notifier.NewManager(&notifier.Options{
		QueueCapacity: notifyQueue, DrainOnShutdown: true, Registerer: s.registry,
		Do: func(ctx context.Context, _ *http.Client, req *http.Request) (*http.Response, error) {
			return client.Do(req.WithContext(ctx))
		},
	}, model.UTF8Validation, s.log)
	s.rules = rules.NewManager(&rules.ManagerOptions{
		Appendable: s.db, Queryable: s.db,
		QueryFunc:          rules.EngineQueryFunc(s.engine, s.db),
		NotifyFunc:         rules.SendAlerts(s.notifier, s.opts.PrometheusURL.String()),
		Context:            context.Background(),
		ExternalURL:        s.opts.PrometheusURL,
		Registerer:         s.registry,
		Logger:             s.log,
		OutageTolerance:    ruleOutage,
		ForGracePeriod:     ruleForGracePeriod,
		ResendDelay:        ruleResendDelay,
		MaxConcurrentEvals: 4,
		GroupLoader:        groupLoader{parser: s.parser, files: func() RuleFiles { return *s.files.Load() }},
		Parser:             s.parser,
	})
	if err := s.scraper.ApplyConfig(s.config); err != nil {
		return fmt.Errorf("apply scrape configuration: %w", err)
	}
	if err := s.notifier.ApplyConfig(s.config); err != nil {
		return fmt.Errorf("apply alerting configuration: %w", err)
	}
	return nil
}

// start loads the rules only now: a rule group is a goroutine that the rule
// manager can end only once it runs.
func (s *prometheusServer) start() error {
	if err := s.updateRules(); err != nil {
		return err
	}
	s.running.Go(func() { s.notifier.Run(sendOnce(notifierTargets(s.config))) })
	s.running.Go(s.rules.Run)
	s.running.Go(func() { _ = s.scraper.Run(sendOnce(scrapeTargets(s.config))) }) // always nil
	return nil
}

// sendOnce is a target discovery that has found everything already. The
// channel stays open, as a closed one means that discovery has ended.
func sendOnce(groups map[string][]*targetgroup.Group) <-chan map[string][]*targetgroup.Group {
	ch := make(chan map[string][]*targetgroup.Group, 1)
	ch <- groups
	return ch
}

// stop ends rule evaluation before the notifier, so that what was evaluated
// is also sent, and the scraper before the database is closed.
func (s *prometheusServer) stop() error {
	s.rules.Stop()
	s.scraper.Stop()
	s.notifier.Stop()
	s.running.Wait()
	return nil
}

func (s *prometheusServer) applyRules(files RuleFiles) error {
	old := s.files.Swap(&files)
	if err := s.updateRules(); err != nil {
		s.files.Store(old)
		return err
	}
	return nil
}

func (s *prometheusServer) updateRules() error {
	err := s.rules.Update(s.opts.EvaluationInterval, s.files.Load().names(), s.config.GlobalConfig.ExternalLabels, s.opts.PrometheusURL.String(), nil)
	if err != nil {
		return fmt.Errorf("apply rules: %w", err)
	}
	return nil
}
