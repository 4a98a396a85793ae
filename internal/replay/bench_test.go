package replay_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"goldensignals/alerts"
	"goldensignals/internal/bubble"
	"goldensignals/internal/engine"
	"goldensignals/internal/load"
	"goldensignals/internal/replay"
	"goldensignals/internal/shop"
)

// What the three benchmarks have in common. They take seconds a round: run them
// with -benchtime=1x -count=5, and all three at a time, as the ratios say more
// than the figures.
const (
	benchHistory  = 2 * time.Hour
	benchDrill    = time.Hour
	benchLength   = benchHistory + benchDrill
	benchInterval = 15 * time.Second
	benchRPS      = 40.0
)

func reportSpeed(b *testing.B, virtual time.Duration) {
	b.ReportMetric(virtual.Seconds()*float64(b.N)/b.Elapsed().Seconds(), "x_realtime")
}

// BenchmarkDrill replays a drill of an hour after two hours of history, all
// rules, in a child process as gameday does. The first round makes the history,
// which the others share.
func BenchmarkDrill(b *testing.B) {
	spec := replay.Spec{
		File: "test.yaml", Seed: 1, Interval: benchInterval,
		Content: errorsDrill(benchHistory, benchDrill, 10*time.Minute, 15*time.Minute, 0.3, ""),
	}
	histories := replay.NewHistories(b.TempDir())
	for b.Loop() {
		if _, err := histories.Drill(b.Context(), spec, nil); err != nil {
			b.Fatal(err)
		}
	}
	reportSpeed(b, benchLength)
}

// BenchmarkDrillThreeDays has a history that no slow window outgrows.
func BenchmarkDrillThreeDays(b *testing.B) {
	const history = 72 * time.Hour
	spec := replay.Spec{
		File: "test.yaml", Seed: 1, Interval: benchInterval,
		Content: errorsDrill(history, benchDrill, 10*time.Minute, 15*time.Minute, 0.3, ""),
	}
	histories := replay.NewHistories(b.TempDir())
	for b.Loop() {
		if _, err := histories.Drill(b.Context(), spec, nil); err != nil {
			b.Fatal(err)
		}
	}
	reportSpeed(b, history+benchDrill)
}

// BenchmarkRequestsAlone has users and shop, and nobody who looks.
func BenchmarkRequestsAlone(b *testing.B) {
	for b.Loop() {
		if _, err := bubble.Run(b.Context(), bubble.Options{Job: "requests", Procs: 1}); err != nil {
			b.Fatal(err)
		}
	}
	reportSpeed(b, benchLength)
}

// runRequests is the job of BenchmarkRequestsAlone.
func runRequests(ctx context.Context, _ []byte, _ func(any)) ([]byte, error) {
	network := &bubble.Network{}
	for _, name := range shop.Names() {
		svc, err := shop.New(shop.Options{Name: name, Transport: network.Transport(), Seed: 1})
		if err != nil {
			return nil, err
		}
		stop, err := network.Serve(name+":8080", svc.Handler())
		if err != nil {
			return nil, err
		}
		defer func() { _ = stop(context.WithoutCancel(ctx)) }()
	}
	users, err := load.New(load.Options{Target: "http://shop:8080", Transport: network.Transport(), RPS: benchRPS, Seed: 1})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, benchLength)
	defer cancel()
	return nil, users.Run(ctx)
}

// BenchmarkRulesAlone evaluates the same rules at the same times over the same
// series, which are in memory, without anything else: what replay costs beyond
// it is everything else.
func BenchmarkRulesAlone(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // as the child of BenchmarkDrill
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	end := time.Now().Truncate(time.Minute)
	start := end.Add(-benchLength)
	scraped := scrape(b, start, end)
	for b.Loop() {
		b.StopTimer()
		db := fill(b, scraped)
		groups := ruleGroups(b, db)
		b.StartTimer()
		for now := start; now.Before(end); now = now.Add(benchInterval) {
			for _, g := range groups {
				if now.Sub(start)%g.Interval() == 0 {
					g.Eval(b.Context(), now)
				}
			}
		}
		b.StopTimer()
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	reportSpeed(b, benchLength)
}

// BenchmarkRulesOverThreeDays evaluates all rules once a round, those of the long
// windows included, with three days of series to look back at: one round is what a
// cycle costs at most.
func BenchmarkRulesOverThreeDays(b *testing.B) {
	end := time.Now().Truncate(time.Minute)
	opts := tsdb.DefaultOptions()
	opts.WALSegmentSize = -1
	db, err := tsdb.Open(scrape(b, end.Add(-72*time.Hour), end), nil, nil, opts, nil)
	if err != nil {
		b.Fatal(err)
	}
	groups := ruleGroups(b, db)
	for b.Loop() {
		end = end.Add(time.Millisecond) // a time that no rule has written at
		for _, g := range groups {
			g.Eval(b.Context(), end)
		}
	}
	for _, g := range groups {
		for _, r := range g.Rules() {
			if err := r.LastError(); err != nil {
				b.Errorf("%s: %v", r.Name(), err)
			}
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

// scrape returns a folder of blocks with what a stack has scraped.
func scrape(b *testing.B, start, end time.Time) string {
	b.Helper()
	dir := b.TempDir()
	input, err := json.Marshal(map[string]any{
		"Start": start, "End": end, "Dir": dir, "PublicURL": "http://127.0.0.1:8080", "Interval": benchInterval, "RPS": benchRPS, "Seed": 1,
	})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := bubble.Run(b.Context(), bubble.Options{Job: "history", Input: input, Procs: 1}); err != nil {
		b.Fatal(err)
	}
	return filepath.Join(dir, "blocks")
}

// fill returns a database that has in memory what was scraped, and not what
// rules have made of it.
func fill(b *testing.B, blocks string) *tsdb.DB {
	b.Helper()
	opts := tsdb.DefaultOptions()
	opts.MinBlockDuration = (24 * time.Hour).Milliseconds() // rules write hours before the newest sample
	opts.MaxBlockDuration, opts.WALSegmentSize = opts.MinBlockDuration, -1
	db, err := tsdb.Open(b.TempDir(), nil, nil, opts, nil)
	if err != nil {
		b.Fatal(err)
	}
	from, err := tsdb.Open(blocks, nil, nil, opts, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer from.Close()
	q, err := from.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	app := db.Appender(b.Context())
	all := q.Select(b.Context(), false, nil, labels.MustNewMatcher(labels.MatchNotRegexp, model.MetricNameLabel, ".*:.*|ALERTS.*"))
	for all.Next() {
		if err := copySeries(app, all.At()); err != nil {
			b.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil || all.Err() != nil {
		b.Fatal(err, all.Err())
	}
	return db
}

func copySeries(app storage.Appender, s storage.Series) (err error) {
	it := s.Iterator(nil)
	for kind := it.Next(); kind != chunkenc.ValNone && err == nil; kind = it.Next() {
		if kind == chunkenc.ValFloat {
			t, v := it.At()
			_, err = app.Append(0, s.Labels(), t, v)
		} else {
			t, h := it.AtFloatHistogram(nil)
			_, err = app.AppendHistogram(0, s.Labels(), t, nil, h)
		}
	}
	return err
}

// rememberingLoader loads rule files as the engine does.
type rememberingLoader struct{ parser *engine.RuleParser }

func (l rememberingLoader) Load(name string, _ bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	return rulefmt.ParseFile(name, false, scheme, l.parser, slog.New(slog.DiscardHandler))
}

func (l rememberingLoader) Parse(query string) (parser.Expr, error) { return l.parser.ParseRule(query) }

func ruleGroups(b *testing.B, db *tsdb.DB) []*rules.Group {
	b.Helper()
	dir := b.TempDir()
	files, err := fs.Glob(alerts.FS(), "*.rules.yml")
	if err != nil {
		b.Fatal(err)
	}
	for i, name := range files {
		content, err := fs.ReadFile(alerts.FS(), name)
		if err != nil {
			b.Fatal(err)
		}
		files[i] = filepath.Join(dir, name)
		if err := os.WriteFile(files[i], content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	ruleParser := engine.NewRuleParser()
	query := promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute, Parser: ruleParser})
	manager := rules.NewManager(&rules.ManagerOptions{
		Parser: ruleParser, GroupLoader: rememberingLoader{ruleParser},
		Appendable: db, Queryable: db, QueryFunc: rules.EngineQueryFunc(query, db), Context: b.Context(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	found, errs := manager.LoadGroups(benchInterval, labels.EmptyLabels(), "", nil, false, files...)
	if len(errs) > 0 {
		b.Fatal(errs)
	}
	var groups []*rules.Group
	for _, g := range found {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *rules.Group) int { return strings.Compare(a.Name(), b.Name()) })
	return groups
}
