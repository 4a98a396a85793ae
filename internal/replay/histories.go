package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"goldensignals/internal/bubble"
	"goldensignals/internal/cache"
	"goldensignals/internal/drill"
)

// pastJob names the job of a child process that makes the history of drills.
const pastJob = "past"

// maxHistories bounds how many are kept. One of two hours has two megabytes.
const maxHistories = 40

// Histories are the healthy histories of drills, each made once for all drills that
// have the same load, seed, intervals and rules. Create them with NewHistories; they
// are safe for concurrent use.
type Histories struct {
	store   cache.Store
	program func() (string, error) // what this program is
}

// NewHistories keeps histories in the folder dir, which it makes when it needs it. Those
// of other versions of the program in it are left alone until there are too many.
func NewHistories(dir string) *Histories {
	return &Histories{store: cache.Store{Dir: dir, Max: maxHistories}, program: sync.OnceValues(hashOfProgram)}
}

// DefaultHistoriesDir is where the histories of this user are: a folder of the user's
// cache.
func DefaultHistoriesDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder: %w", err)
	}
	return filepath.Join(dir, "goldensignals", "histories"), nil
}

// Drill replays a drill as the function Drill does, with a history that may have been
// made before, and starts late if the drill is calm at first. That a history was there
// before changes no byte of the result.
func (h *Histories) Drill(ctx context.Context, spec Spec, onProgress func(done, total time.Duration)) (drill.Result, error) {
	start := time.Now()
	spec, err := h.With(ctx, spec)
	if err != nil {
		return drill.Result{}, err
	}
	spec.LateStart = true
	result, err := Drill(ctx, spec, onProgress)
	result.WallSeconds = wallSeconds(start)
	return result, err
}

// With returns spec with a history that is there.
func (h *Histories) With(ctx context.Context, spec Spec) (Spec, error) {
	past, err := h.past(ctx, spec)
	if err != nil {
		return spec, fmt.Errorf("%s: history: %w", spec.File, err)
	}
	spec.Past = past
	return spec, nil
}

// past returns the folder with the series of the history; empty if the drill needs none.
func (h *Histories) past(ctx context.Context, spec Spec) (string, error) {
	opts, err := spec.Options(func(any) {})
	if err != nil {
		return "", err
	}
	if m := opts.moments(time.Now()); m.cut.Equal(m.began) {
		return "", nil
	}
	key, err := h.key(opts)
	if err != nil {
		return "", err
	}
	dir, err := h.store.Get(ctx, key, func(ctx context.Context, dir string) error {
		input, err := json.Marshal(pastSpec{spec, dir})
		if err != nil {
			return fmt.Errorf("encode history: %w", err)
		}
		_, err = bubble.Run(ctx, bubble.Options{Job: pastJob, Name: "history of " + spec.File, Input: input, Procs: 1})
		return err
	})
	return dir, err
}

// key names a history by all that it follows from.
func (h *Histories) key(o Options) (string, error) {
	program, err := h.program()
	if err != nil {
		return "", err
	}
	from := struct {
		Program      string
		Load         drill.Load
		History      time.Duration
		Interval     time.Duration
		Seed         uint64
		Rules        any
		Alertmanager string
	}{Program: program, Load: o.Scenario.Load, History: o.Scenario.History, Interval: o.interval(), Seed: o.Seed}
	if o.Rules != nil {
		if from.Rules, err = o.Rules(); err != nil {
			return "", err
		}
	}
	if o.Alertmanager != nil {
		config, err := o.Alertmanager()
		if err != nil {
			return "", err
		}
		from.Alertmanager = config.String()
	}
	text, err := json.Marshal(from)
	if err != nil {
		return "", fmt.Errorf("name history: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// hashOfProgram tells this program from another version of it, in which the shop or
// the engines may work otherwise.
func hashOfProgram() (string, error) {
	name, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("read this program: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("read this program: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// pastSpec is the input of the job.
type pastSpec struct {
	Spec Spec // of any drill that has this history
	Dir  string
}

// runPastJob is the child's side of past.
func runPastJob(ctx context.Context, input []byte, emit func(any)) ([]byte, error) {
	var p pastSpec
	if err := json.Unmarshal(input, &p); err != nil {
		return nil, fmt.Errorf("decode history: %w", err)
	}
	opts, err := p.Spec.Options(emit)
	if err != nil {
		return nil, err
	}
	opts.Interval = opts.interval()
	return nil, opts.makePast(ctx, opts.moments(time.Now()), p.Dir, opts.Scenario.Load.Shape == drill.Constant)
}
