// Package rehearsal executes runbooks: somebody on call, who replays the drill of a
// runbook and does what the runbook says. Tests of runbooks call it. It is apart from
// package replay because reading a runbook takes a parser of Markdown.
package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"goldensignals/internal/bubble"
	"goldensignals/internal/drill"
	"goldensignals/internal/replay"
	"goldensignals/internal/runbook"
)

// executeJob names the job of a child process that executes one runbook.
const executeJob = "execute"

// Jobs are what this package runs in child processes. A program that calls Runbook
// passes them to bubble.Child first of all.
func Jobs() map[string]bubble.Job { return map[string]bubble.Job{executeJob: runExecuteJob} }

// Spec says which runbook a child process shall execute, and with what.
type Spec struct {
	File    string      // the name by which findings call the runbook
	Content []byte      // of the runbook
	Drill   replay.Spec // its drill
}

// Runbook does in a child process of its own what a runbook says, in its
// drill: it waits for the alert, asks its queries, applies its repairs, asks again
// and waits for the end of the alert. The findings of the answer say where the
// runbook is wrong; an error means that it could not be executed.
func Runbook(ctx context.Context, spec Spec) (runbook.Execution, error) {
	var done runbook.Execution
	input, err := json.Marshal(spec)
	if err != nil {
		return done, fmt.Errorf("encode execution: %w", err)
	}
	// One processor, as for a replayed drill.
	output, err := bubble.Run(ctx, bubble.Options{Job: executeJob, Name: spec.File, Input: input, Procs: 1})
	if err != nil {
		return done, err
	}
	if err := json.Unmarshal(output, &done); err != nil {
		return done, fmt.Errorf("decode the execution of %s: %w", spec.File, err)
	}
	return done, nil
}

// runExecuteJob is the child's side of Runbook.
func runExecuteJob(ctx context.Context, input []byte, emit func(any)) ([]byte, error) {
	var spec Spec
	if err := json.Unmarshal(input, &spec); err != nil {
		return nil, fmt.Errorf("decode execution: %w", err)
	}
	page, err := runbook.Parse(spec.File, spec.Content)
	if err != nil {
		return nil, err
	}
	opts, err := spec.Drill.Options(emit)
	if err != nil {
		return nil, err
	}
	done, err := Execute(ctx, page, opts)
	if err != nil {
		return nil, err
	}
	return json.Marshal(done)
}

// Execute is Runbook within this process. It must be called inside a
// bubble: see package bubble.
func Execute(ctx context.Context, page runbook.Page, o replay.Options) (runbook.Execution, error) {
	x, err := begin(page, o.Scenario)
	if err != nil {
		return runbook.Execution{}, err
	}
	// The drill must not clear up before the alert has had its time to end.
	longer := *o.Scenario
	longer.Duration = max(longer.Duration, x.needs())
	o.Scenario = &longer
	err = replay.Attend(ctx, o, x.watch)
	return x.done, err
}

// Watch returns an observer of a runbook's drill who does all that the runbook says,
// and what comes of it, which is complete when the replay has ended. It reports false
// for a runbook that watching is not enough for: it repairs something, or its drill
// does not suit it.
func Watch(page runbook.Page, s *drill.Scenario) (replay.Observer, *runbook.Execution, bool) {
	x, err := begin(page, s)
	if err != nil || len(page.Repairs) > 0 || x.needs() > s.Duration {
		return nil, nil, false
	}
	return x.watch, &x.done, true
}

func begin(page runbook.Page, s *drill.Scenario) (*execution, error) {
	if err := page.Executable(s); err != nil {
		return nil, err
	}
	x := &execution{page: page}
	x.broken, x.whole = faultTime(s)
	return x, nil
}

// faultTime returns when the first fault of a scenario begins and the last one
// ends, if nobody repairs it.
func faultTime(s *drill.Scenario) (from, to time.Duration) {
	from = s.Duration
	for _, step := range s.Timeline {
		if step.Fault != nil {
			from, to = min(from, step.At), max(to, step.At+time.Duration(step.Fault.For))
		}
	}
	return from, to
}
