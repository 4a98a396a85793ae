package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// Repeat puts copies of everything that was sampled within the last period
// before it, one after the other, back to since. All that was sampled so far
// must be within the period, so that every copy begins as a fresh process does:
// counters start again, which rates know how to read. Exemplars have no copies.
// A period that is a multiple of all intervals keeps samples on their grid.
// It is called while the engine runs, and returns when queries see the copies.
func (e *Engine) Repeat(ctx context.Context, period time.Duration, since time.Time) error {
	db := e.prom.db
	to := time.Now().UnixMilli()
	first := db.Head().MinTime()
	if period <= 0 || to-first > period.Milliseconds() || len(db.Blocks()) > 0 {
		return fmt.Errorf("repeat %v: there are samples from before", period)
	}
	dir := filepath.Join(e.opts.DataDir, "prometheus", "repeat.tmp")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create folder of the copies: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // empty by then, or useless
	copies := repeater{to: to, period: period.Milliseconds(), since: since.UnixMilli()}
	if err := copies.write(ctx, db, filepath.Join(dir, "blocks")); err != nil {
		return fmt.Errorf("repeat %v: %w", period, err)
	}
	return e.AddHistory(filepath.Join(dir, "blocks"), time.UnixMilli(first-1))
}

// repeater writes copies of the samples before to.
type repeater struct{ to, period, since int64 } // milliseconds

func (r repeater) write(ctx context.Context, db *tsdb.DB, dir string) error {
	// Series after series, each from its oldest sample: the writer takes what is
	// up to half its range older than its newest sample.
	w, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, 2*(r.to-r.since))
	if err != nil {
		return fmt.Errorf("create block: %w", err)
	}
	defer func() { _ = w.Close() }() // flushed by then, or useless
	q, err := db.Querier(math.MinInt64, r.to-1)
	if err != nil {
		return fmt.Errorf("read series: %w", err)
	}
	defer func() { _ = q.Close() }() // only read
	all := q.Select(ctx, true, nil, labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, ".+"))
	for all.Next() {
		app := w.Appender(ctx) // one a series: it holds all samples until it commits
		if err := r.series(app, all.At()); err != nil {
			return errors.Join(fmt.Errorf("copy %s: %w", all.At().Labels(), err), app.Rollback())
		}
		if err := app.Commit(); err != nil {
			return fmt.Errorf("write samples: %w", err)
		}
	}
	if err := all.Err(); err != nil {
		return fmt.Errorf("read series: %w", err)
	}
	if _, err := w.Flush(ctx); err != nil {
		return fmt.Errorf("write block: %w", err)
	}
	return nil
}

// point is one sample: a value, or one of the two kinds of histograms.
type point struct {
	t  int64
	v  float64
	h  *histogram.Histogram
	fh *histogram.FloatHistogram
}

// series appends the copies of one series, the oldest first.
func (r repeater) series(app storage.Appender, s storage.Series) error {
	var points []point
	it := s.Iterator(nil)
	for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
		var p point
		switch kind {
		case chunkenc.ValHistogram:
			p.t, p.h = it.AtHistogram(nil)
		case chunkenc.ValFloatHistogram:
			p.t, p.fh = it.AtFloatHistogram(nil)
		default:
			p.t, p.v = it.At()
		}
		points = append(points, p)
	}
	if err := it.Err(); err != nil {
		return err
	}
	var ref storage.SeriesRef
	oldest := (r.to - r.since - 1) / r.period * r.period // less than a period of it may be wanted
	for back := oldest; back > 0; back -= r.period {
		for _, p := range points {
			if p.t-back < r.since {
				continue
			}
			var err error
			switch { // the writer may change a histogram
			case p.h != nil:
				ref, err = app.AppendHistogram(ref, s.Labels(), p.t-back, p.h.Copy(), nil)
			case p.fh != nil:
				ref, err = app.AppendHistogram(ref, s.Labels(), p.t-back, nil, p.fh.Copy())
			default:
				ref, err = app.Append(ref, s.Labels(), p.t-back, p.v)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
