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
	"goldensignals/internal/referee"
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
	if err := page.Executable(o.Scenario); err != nil {
		return runbook.Execution{}, err
	}
	x := &execution{page: page}
	x.broken, x.whole = faultTime(o)
	// The drill must not clear up before the alert has had its time to end.
	longer := *o.Scenario
	longer.Duration = max(longer.Duration, x.whole+page.ResolvesWithin+time.Minute)
	o.Scenario = &longer
	err := replay.Attend(ctx, o, func(ctx context.Context, game referee.Options) error {
		x.game = game
		return x.follow(ctx)
	})
	return x.done, err
}

// faultTime returns when the first fault of a scenario begins and the last one
// ends, if nobody repairs it.
func faultTime(o replay.Options) (from, to time.Duration) {
	from = o.Scenario.Duration
	for _, step := range o.Scenario.Timeline {
		if step.Fault != nil {
			from, to = min(from, step.At), max(to, step.At+time.Duration(step.Fault.For))
		}
	}
	return from, to
}
