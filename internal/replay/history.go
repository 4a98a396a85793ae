package replay

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
	"goldensignals/internal/stack"
)

// historyJob names the job of a child process that makes a history.
const historyJob = "history"

// History says which healthy time a child shall make: the same shop, users, rules and
// intervals as those of a stack, run in virtual time. Most of a long one is copies.
type History struct {
	Start, End time.Time // the virtual stack runs from Start to End
	Dir        string    // of the child alone; whoever calls Make removes it
	PublicURL  string
	// Rules and Alertmanager are the files of the alert design, which the child
	// reads for itself. Empty means the shipped ones.
	Rules        []string
	Alertmanager string
	Interval     time.Duration
	RPS          float64
	Seed         uint64
}

// Blocks is where the child leaves the series.
func (h History) Blocks() string { return filepath.Join(h.Dir, "blocks") }

// Make has a child make the blocks.
func (h History) Make(ctx context.Context) error {
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
	Dir    string        // its data folder; it must not be running
	Length time.Duration // how far it goes back
	// Rules and Alertmanager are files of an alert design. Empty means the shipped ones.
	Rules        []string
	Alertmanager string
	Interval     time.Duration // how often it scrapes; zero means 5s
	RPS          float64       // of the users; zero means 40
	Seed         uint64
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
	spec := History{
		Start: end.Add(-o.Length), End: end, Dir: dir, PublicURL: "http://localhost", // it shows in no series
		Rules: o.Rules, Alertmanager: o.Alertmanager, Interval: o.Interval, RPS: o.RPS, Seed: o.Seed,
	}
	err = spec.Make(ctx)
	if err == nil {
		_, err = engine.MoveBlocks(spec.Blocks(), o.Dir)
	}
	return err == nil, errors.Join(err, os.RemoveAll(dir))
}

// runHistoryJob is the child's side of Make. It sets its virtual clock
// to the time that the history is about, so that every timestamp, also one
// that is the value of a series, and every phase within an interval is as if
// the live stack had been there.
func runHistoryJob(ctx context.Context, input []byte, emit func(any)) ([]byte, error) {
	var spec History
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
	return nil, inVirtualTime(ctx, opts, func(ctx context.Context, s *stack.Stack) error {
		if passTime(ctx, spec.End, func() { emit(progress{time.Since(spec.Start), length}) }) != nil {
			return nil // Run tells why
		}
		if simulated < length {
			if err := s.Engine().Repeat(ctx, copied, simulated-copied, spec.Start); err != nil {
				return fmt.Errorf("copy the history: %w", err)
			}
		}
		return s.Engine().Snapshot(spec.Blocks())
	})
}

func (h History) options() (stack.Options, error) {
	rules, alertmanager := Design(h.Rules, h.Alertmanager)
	public, err := url.Parse(h.PublicURL)
	return stack.Options{
		DataDir: filepath.Join(h.Dir, "work"), PublicURL: public, Rules: rules, Alertmanager: alertmanager,
		Interval: h.Interval, RPS: h.RPS, Seed: h.Seed,
		Remember: time.Minute, // nobody asks what these users saw
	}, err
}
