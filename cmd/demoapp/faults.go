package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"goldensignals/internal/fault"
)

// faultsFile holds what is broken, for the next process of the container.
const faultsFile = "faults.json"

// faults breaks and mends the one service. It implements faultapi.Faults.
type faults struct {
	service string
	set     *fault.Set
	dir     string // of faultsFile; empty: nothing outlives the process
	log     *slog.Logger
	mu      sync.Mutex // serialises writes of the file
}

// Kinds lists what can be put into the service.
func (f *faults) Kinds() []fault.Kind {
	return slices.DeleteFunc(fault.Kinds(), func(k fault.Kind) bool {
		return len(k.Services) > 0 && !slices.Contains(k.Services, f.service)
	})
}

// Services lists the one service.
func (f *faults) Services() []string { return []string{f.service} }

// Active lists the faults that act now.
func (f *faults) Active() []fault.Active { return f.set.Active(time.Now()) }

// Inject starts a fault.
func (f *faults) Inject(what fault.Fault) (fault.Active, error) {
	return f.set.Inject(time.Now(), what)
}

// Clear ends the fault of a kind; empty means every one.
func (f *faults) Clear(kind, _ string) ([]fault.Active, error) {
	return f.set.Clear(time.Now(), kind), nil
}

// Repairs lists what can be applied to the service.
func (f *faults) Repairs() []fault.Repair {
	return slices.DeleteFunc(fault.Repairs(), func(r fault.Repair) bool {
		return len(r.Services) > 0 && !slices.Contains(r.Services, f.service)
	})
}

// Applied lists the repairs that were ordered since the process started, and
// those that were in force then.
func (f *faults) Applied() []fault.Applied { return f.set.Applied() }

// Apply orders a repair.
func (f *faults) Apply(repair, service string) (fault.Applied, error) {
	if _, err := fault.CheckRepair(repair, service, f.service); err != nil {
		return fault.Applied{}, err
	}
	return f.set.Apply(time.Now(), repair)
}

// Undo takes back what repairs have added.
func (f *faults) Undo(string) error {
	f.set.Undo(time.Now())
	return nil
}

// kept is what faultsFile holds.
type kept struct {
	Faults  []fault.Active  `json:"faults"`
	Repairs []fault.Applied `json:"repairs"` // under way or in force
}

// keep writes down what is broken and mended, for the next process: what is
// wrong with the code or the volume does not go away because the kernel killed
// a process.
func (f *faults) keep() {
	if f.dir == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	k := kept{Faults: f.Active()}
	for _, a := range f.Applied() {
		if a.Until.After(time.Now()) || a.Effect.After(time.Now()) {
			k.Repairs = append(k.Repairs, a)
		}
	}
	data, err := json.Marshal(k)
	if err == nil {
		err = replaceFile(filepath.Join(f.dir, faultsFile), data)
	}
	if err != nil {
		f.log.Warn("a restart will forget what is broken", "err", err)
	}
}

// restore breaks and mends the service as the last process was, except for what
// a new process ends.
func (f *faults) restore() error {
	if f.dir == "" {
		return nil
	}
	path := filepath.Join(f.dir, faultsFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return fmt.Errorf("read %s: %w; remove the file", path, err)
	}
	for _, step := range k.steps() {
		if err := step.do(f.set); err != nil {
			f.log.Warn("not broken as before the restart", "err", err)
		}
	}
	f.keep()
	return nil
}

// step is one thing that somebody did to the service.
type step struct {
	at time.Time
	do func(*fault.Set) error
}

// steps are what has to be done again, in order. What ends with the process is
// not: the list of what the repair "restart" ends says what that is.
func (k kept) steps() []step {
	ended := endedByRestart()
	var steps []step
	for _, a := range k.Faults {
		if slices.Contains(ended, a.Kind) {
			continue
		}
		steps = append(steps, step{a.Since, func(s *fault.Set) error {
			_, err := s.Inject(a.Since, a.Fault)
			return err
		}})
	}
	for _, a := range k.Repairs {
		steps = append(steps, step{a.At, func(s *fault.Set) error {
			_, err := s.Apply(a.At, a.Repair)
			return err
		}})
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return steps
}

func endedByRestart() []string {
	for _, r := range fault.Repairs() {
		if r.Name == "restart" {
			return r.Ends
		}
	}
	return nil
}
