package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"goldensignals/internal/replay"
)

// History is healthy time before the start of a stack: the same shop, users,
// rules and intervals, run in virtual time in a child process while the stack
// already runs. Charts and burn rates see it once it is ready. If it cannot be
// made, that is a warning in the log and the stack runs without it.
type History struct {
	// Length is how far it goes back. Zero means no history.
	Length time.Duration
	// Rules and Alertmanager are the files of the stack's alert design, which
	// a child reads for itself. Empty means the shipped ones.
	Rules        []string
	Alertmanager string
}

// prepareHistory makes room for the history, which ends now: it is called
// just before the engines start. What it returns makes the history.
func (s *Stack) prepareHistory() (func(context.Context), error) {
	none, opts := func(context.Context) {}, s.wired.Options()
	dir := filepath.Join(opts.DataDir, "prometheus", "history.tmp")
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
	room, err := s.wired.Engine().MakeRoom(start)
	if err != nil {
		return nil, err
	}
	if !room {
		opts.Log.Info("no history is made: the data folder has samples of that time already", "since", start)
		return none, nil
	}
	spec := replay.History{
		Start: start, End: end, Dir: dir, PublicURL: opts.PublicURL.String(),
		Rules: s.opts.History.Rules, Alertmanager: s.opts.History.Alertmanager,
		Interval: opts.Interval, RPS: opts.RPS, Seed: opts.Seed,
	}
	return func(ctx context.Context) { s.makeHistory(ctx, spec) }, nil
}

// makeHistory has a child make the history and adds it to the series. A stack
// without history is still a stack, so it handles errors itself.
func (s *Stack) makeHistory(ctx context.Context, spec replay.History) {
	log, began := s.wired.Options().Log, time.Now()
	err := s.runHistory(ctx, spec)
	switch err = errors.Join(err, os.RemoveAll(spec.Dir)); {
	case ctx.Err() != nil: // the stack ends
	case err != nil:
		log.Warn("no history: charts begin with the start of the stack", "err", err)
	default:
		log.Info("history added", "since", spec.Start, "took", time.Since(began).Round(time.Millisecond))
	}
}

func (s *Stack) runHistory(ctx context.Context, spec replay.History) error {
	if err := os.MkdirAll(spec.Dir, 0o755); err != nil {
		return fmt.Errorf("create folder of the history: %w", err)
	}
	if err := spec.Make(ctx); err != nil {
		return err
	}
	return s.wired.Engine().AddHistory(spec.Blocks(), spec.End)
}
