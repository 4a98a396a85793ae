package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"goldensignals/internal/bubble"
	"goldensignals/internal/engine"
)

// historyJob names the job of a child process that makes a history.
const historyJob = "history"

// History is healthy time before the start of a stack: the same shop, users,
// rules and intervals, run in virtual time in a child process while the stack
// already runs. Most of a long one is copies. Charts and burn rates see
// it once it is ready. If it cannot be made, that is a warning in the log and the
// stack runs without it.
type History struct {
	// Length is how far it goes back. Zero means no history.
	Length time.Duration
	// Rules and Alertmanager are the files of the stack's alert design, which
	// a child reads for itself. Empty means the shipped ones.
	Rules        []string
	Alertmanager string
}

// historySpec is the input of the job.
type historySpec struct {
	Start, End   time.Time // the virtual stack runs from Start to End
	Dir          string    // of the child alone; its parent removes it
	PublicURL    string
	Rules        []string
	Alertmanager string
	Interval     time.Duration
	RPS          float64
	Seed         uint64
}

// blocks is where the child leaves the series.
func (h historySpec) blocks() string { return filepath.Join(h.Dir, "blocks") }

// prepareHistory makes room for the history, which ends now: it is called
// just before the engines start. What it returns makes the history.
func (s *Stack) prepareHistory() (func(context.Context) error, error) {
	none := func(context.Context) error { return nil }
	dir := filepath.Join(s.opts.DataDir, "prometheus", "history.tmp")
	// A stack that was killed may have left its own.
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if s.opts.History.Length == 0 {
		return none, nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	end := time.Now()
	start := end.Add(-s.opts.History.Length)
	room, err := s.parts.engine.MakeRoom(start)
	if err != nil {
		return nil, err
	}
	if !room {
		s.opts.Log.Info("no history is made: the data folder has samples of that time already", "since", start)
		return none, nil
	}
	spec := historySpec{
		Start: start, End: end, Dir: dir, PublicURL: s.opts.PublicURL.String(),
		Rules: s.opts.History.Rules, Alertmanager: s.opts.History.Alertmanager,
		Interval: s.opts.Interval, RPS: s.opts.RPS, Seed: s.opts.Seed,
	}
	return func(ctx context.Context) error {
		s.makeHistory(ctx, spec)
		return nil
	}, nil
}

// makeHistory has a child make the history and adds it to the series. A stack
// without history is still a stack, so it handles errors itself.
func (s *Stack) makeHistory(ctx context.Context, spec historySpec) {
	began := time.Now()
	err := s.runHistory(ctx, spec)
	switch err = errors.Join(err, os.RemoveAll(spec.Dir)); {
	case ctx.Err() != nil: // the stack ends
	case err != nil:
		s.opts.Log.Warn("no history: charts begin with the start of the stack", "err", err)
	default:
		s.opts.Log.Info("history added", "since", spec.Start, "took", time.Since(began).Round(time.Millisecond))
	}
}

func (s *Stack) runHistory(ctx context.Context, spec historySpec) error {
	if err := os.MkdirAll(spec.Dir, 0o755); err != nil {
		return fmt.Errorf("create folder of the history: %w", err)
	}
	if err := spec.run(ctx); err != nil {
		return err
	}
	return s.parts.engine.AddHistory(spec.blocks(), spec.End)
}

// run has a child make the blocks.
func (h historySpec) run(ctx context.Context) error {
	input, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode history: %w", err)
	}
	// One processor, as for a replayed drill; the live stack has the others.
	_, err = bubble.Run(ctx, bubble.Options{Job: historyJob, Input: input, Procs: 1})
	return err
}

// HistoryOptions say which past a Prometheus of its own shall remember. Fields without
// a stated default are required.
type HistoryOptions struct {
	History
	Dir      string        // its data folder; it must not be running
	Interval time.Duration // how often it scrapes; zero means 5s
	RPS      float64       // of the users; zero means 40
	Seed     uint64
}

// WriteHistory puts a history that ends now into the data folder of a Prometheus that
// has not been started yet. It reports false, and does nothing, if that has data of its
// own already.
func WriteHistory(ctx context.Context, o HistoryOptions) (made bool, err error) {
	dir, err := filepath.Abs(filepath.Join(o.Dir, "history.tmp"))
	if err != nil {
		return false, err
	}
	// One that was cut off may have left its own.
	if err := os.RemoveAll(dir); err != nil {
		return false, err
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || len(entries) > 0 {
		return false, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	end := time.Now()
	spec := historySpec{
		Start: end.Add(-o.Length), End: end, Dir: dir, PublicURL: "http://localhost", // it shows in no series
		Rules: o.Rules, Alertmanager: o.Alertmanager, Interval: o.Interval, RPS: o.RPS, Seed: o.Seed,
	}
	err = spec.run(ctx)
	if err == nil {
		_, err = engine.MoveBlocks(spec.blocks(), o.Dir)
	}
	return err == nil, errors.Join(err, os.RemoveAll(dir))
}

// runHistoryJob is the child's side of makeHistory. It sets its virtual clock
// to the time that the history is about, so that every timestamp, also one
// that is the value of a series, and every phase within an interval is as if
// the live stack had been there.
func runHistoryJob(ctx context.Context, input []byte, emit func(any)) ([]byte, error) {
	var spec historySpec
	if err := json.Unmarshal(input, &spec); err != nil {
		return nil, fmt.Errorf("decode history: %w", err)
	}
	opts, err := spec.options()
	if err != nil {
		return nil, err
	}
	length := spec.End.Sub(spec.Start)
	simulated := min(length, maxSimulated)
	time.Sleep(time.Until(spec.End.Add(-simulated)))
	return nil, inVirtualTime(ctx, opts, func(ctx context.Context, s *Stack) error {
		if passTime(ctx, spec.End, func() { emit(progress{time.Since(spec.Start), length}) }) != nil {
			return nil // Run tells why
		}
		if simulated < length {
			if err := s.parts.engine.Repeat(ctx, simulated-warmUp, warmUp, spec.Start); err != nil {
				return fmt.Errorf("copy the history: %w", err)
			}
		}
		return s.parts.engine.Snapshot(spec.blocks())
	})
}

func (h historySpec) options() (Options, error) {
	rules, alertmanager := Design(h.Rules, h.Alertmanager)
	public, err := url.Parse(h.PublicURL)
	return Options{
		DataDir: filepath.Join(h.Dir, "work"), PublicURL: public, Rules: rules, Alertmanager: alertmanager,
		Interval: h.Interval, RPS: h.RPS, Seed: h.Seed,
		Remember: time.Minute, // nobody asks what these users saw
	}, err
}
