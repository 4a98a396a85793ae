package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"goldensignals/internal/bubble"
	"goldensignals/internal/referee"
	"goldensignals/internal/runbook"
)

// executeJob names the job of a child process that executes one runbook.
const executeJob = "execute"

// ExecuteSpec says which runbook a child process shall execute, and with what.
type ExecuteSpec struct {
	File    string     // the name by which findings call the runbook
	Content []byte     // of the runbook
	Drill   ReplaySpec // its drill
}

// ExecuteRunbook does in a child process of its own what a runbook says, in its
// drill: it waits for the alert, asks its queries, applies its repairs, asks again
// and waits for the end of the alert. The findings of the answer say where the
// runbook is wrong; an error means that it could not be executed.
func ExecuteRunbook(ctx context.Context, spec ExecuteSpec) (runbook.Execution, error) {
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

// runExecuteJob is the child's side of ExecuteRunbook.
func runExecuteJob(ctx context.Context, input []byte, emit func(any)) ([]byte, error) {
	var spec ExecuteSpec
	if err := json.Unmarshal(input, &spec); err != nil {
		return nil, fmt.Errorf("decode execution: %w", err)
	}
	page, err := runbook.Parse(spec.File, spec.Content)
	if err != nil {
		return nil, err
	}
	opts, err := spec.Drill.options(emit)
	if err != nil {
		return nil, err
	}
	done, err := Execute(ctx, page, opts)
	if err != nil {
		return nil, err
	}
	return json.Marshal(done)
}

// Execute is ExecuteRunbook within this process. It must be called inside a
// bubble: see package bubble.
func Execute(ctx context.Context, page runbook.Page, o ReplayOptions) (runbook.Execution, error) {
	if err := page.Executable(o.Scenario); err != nil {
		return runbook.Execution{}, err
	}
	x := &execution{page: page}
	x.broken, x.whole = faultTime(o)
	// The drill must not clear up before the alert has had its time to end.
	longer := *o.Scenario
	longer.Duration = max(longer.Duration, x.whole+page.ResolvesWithin+time.Minute)
	o.Scenario = &longer
	err := o.afterHistory(ctx, func(ctx context.Context, s *Stack, opts referee.Options) error {
		x.game, x.faults = opts, faults{s.parts.services}
		return x.alongsideDrill(ctx)
	})
	return x.done, err
}

// faultTime returns when the first fault of a scenario begins and the last one
// ends, if nobody repairs it.
func faultTime(o ReplayOptions) (from, to time.Duration) {
	from = o.Scenario.Duration
	for _, step := range o.Scenario.Timeline {
		if step.Fault != nil {
			from, to = min(from, step.At), max(to, step.At+time.Duration(step.Fault.For))
		}
	}
	return from, to
}
