package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// Repeat puts copies of everything that was sampled within the last period before
// all that was sampled so far, one after the other, back to since. What was sampled
// before that period must be within warmUp before it: there are no copies of it, as
// rates know little of the past when a process is new. Counters go on from one copy
// to the next, and start again where the copies end and the warm-up begins. Exemplars
// have no copies. Lengths that are multiples of all intervals keep samples on their
// grid. It is called while the engine runs, and returns when queries see the copies.
func (e *Engine) Repeat(ctx context.Context, period, warmUp time.Duration, since time.Time) error {
	db := e.prom.db
	to := time.Now().UnixMilli()
	first := db.Head().MinTime()
	if period <= 0 || to-first > (warmUp+period).Milliseconds() || len(db.Blocks()) > 0 {
		return fmt.Errorf("repeat %v: there are samples from before", period)
	}
	dir := filepath.Join(e.opts.DataDir, "prometheus", "repeat.tmp")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create folder of the copies: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // empty by then, or useless
	copies := repeater{to: to, period: period.Milliseconds(), warmUp: warmUp.Milliseconds(), since: since.UnixMilli()}
	if err := copies.write(ctx, db, filepath.Join(dir, "blocks")); err != nil {
		return fmt.Errorf("repeat %v: %w", period, err)
	}
	return e.AddHistory(filepath.Join(dir, "blocks"), time.UnixMilli(first-1))
}

// repeater writes copies of the samples in the period before to.
type repeater struct{ to, period, warmUp, since int64 } // milliseconds

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

// series appends the copies of one series, the oldest first.
func (r repeater) series(app storage.Appender, s storage.Series) error {
	before, points, err := r.read(s)
	if err != nil {
		return err
	}
	more := growth(s.Labels().Get(model.MetricNameLabel), before, points)
	var ref storage.SeriesRef
	end := r.to - r.period - r.warmUp // of the copies
	copies := (end - r.since + r.period - 1) / r.period
	for n := range copies {
		back := r.to - end + (copies-1-n)*r.period
		earlier := more.times(float64(n)) // what the copies before have counted
		for _, p := range points {
			if p.t-back < r.since { // less than a period of it may be wanted
				continue
			}
			p, err := p.plus(earlier)
			if err != nil {
				return err
			}
			if p.fh != nil {
				ref, err = app.AppendHistogram(ref, s.Labels(), p.t-back, nil, p.fh)
			} else {
				ref, err = app.Append(ref, s.Labels(), p.t-back, p.v)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// point is one sample: a value, or a histogram.
type point struct {
	t  int64
	v  float64
	fh *histogram.FloatHistogram
}

// times returns n times as much as p, at no time.
func (p point) times(n float64) point {
	out := point{v: n * p.v}
	if p.fh != nil {
		out.fh = p.fh.Copy().Mul(n)
	}
	return out
}

// plus returns p with more on top, and a histogram of its own.
func (p point) plus(more point) (point, error) {
	p.v += more.v
	if p.fh == nil {
		return p, nil
	}
	p.fh = p.fh.Copy()
	if more.fh == nil {
		return p, nil
	}
	if _, _, _, err := p.fh.Add(more.fh); err != nil {
		return p, err
	}
	p.fh.CounterResetHint = histogram.UnknownCounterReset
	return p, nil
}

// read returns the points of s within the period, and the last one before it, which
// is zero if there is none.
func (r repeater) read(s storage.Series) (before point, within []point, err error) {
	it := s.Iterator(nil)
	for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
		var p point
		if kind == chunkenc.ValFloat {
			p.t, p.v = it.At()
		} else {
			p.t, p.fh = it.AtFloatHistogram(nil)
		}
		if p.t < r.to-r.period {
			before = p
		} else {
			within = append(within, p)
		}
	}
	return before, within, it.Err()
}

// growth is by how much a counter grows within points. It is zero for what is none,
// and for one that started again: its copies start again as well.
func growth(name string, before point, points []point) point {
	if len(points) == 0 || !counts(name, points[0].fh != nil) {
		return point{}
	}
	last, prev := points[len(points)-1], before
	if last.fh != nil {
		more := last.fh.Copy()
		if prev.fh == nil {
			return point{fh: more}
		}
		if last.fh.DetectReset(prev.fh) {
			return point{}
		}
		if _, _, _, err := more.Sub(prev.fh); err != nil {
			return point{} // of another schema, as after a start
		}
		return point{fh: more}
	}
	for _, p := range points {
		if p.v < prev.v {
			return point{}
		}
		prev = p
	}
	return point{v: last.v - before.v}
}

// counts reports whether a series is a counter, as its name says: what is stored
// does not tell. What rules record (level:metric:operation) never is.
func counts(name string, histogram bool) bool {
	if strings.Contains(name, ":") {
		return false
	}
	return histogram || slices.ContainsFunc([]string{"_total", "_count", "_sum", "_bucket"}, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}
