package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace/noop"

	"goldensignals/internal/bubble"
	"goldensignals/internal/drill"
	"goldensignals/internal/engine"
)

// drillJob names the job of a child process that replays one drill.
const drillJob = "replay"

// Jobs are what this package runs in child processes. A program that calls
// Drill, WriteHistory or History.Make passes them to bubble.Child first of all.
func Jobs() map[string]bubble.Job {
	return map[string]bubble.Job{
		drillJob: withoutTraces(runDrillJob), historyJob: withoutTraces(runHistoryJob), pastJob: withoutTraces(runPastJob),
	}
}

// Spec says what a child process shall replay.
type Spec struct {
	File     string        // the name by which errors call the drill
	Content  []byte        // of the drill file
	Seed     uint64        // of everything random
	Interval time.Duration // zero means 15s
	// Rules are rule files or folders, Alertmanager is a configuration file.
	// Empty means the shipped ones.
	Rules        []string
	Alertmanager string
	// Past is a folder with the series of the history; see Histories. Empty: the
	// history is made first.
	Past string
	// LateStart allows to leave out minutes in which nothing happens; see Options.
	LateStart bool
}

// Design returns the alert design at the given paths; empty ones mean the
// shipped design, as nil does in stack.Options.
func Design(rules []string, alertmanager string) (engine.RuleSource, engine.ConfigSource) {
	var (
		ruleSource   engine.RuleSource
		configSource engine.ConfigSource
	)
	if len(rules) > 0 {
		ruleSource = engine.RulesFromPaths(rules...)
	}
	if alertmanager != "" {
		configSource = engine.ConfigFromFile(alertmanager)
	}
	return ruleSource, configSource
}

// progress is what a child reports: how much of its virtual time has passed.
type progress struct{ Done, Total time.Duration }

// Drill replays a drill in a child process of its own and scores it. The
// result carries the wall time that it took. OnProgress may be nil.
func Drill(ctx context.Context, spec Spec, onProgress func(done, total time.Duration)) (drill.Result, error) {
	input, err := json.Marshal(spec)
	if err != nil {
		return drill.Result{}, fmt.Errorf("encode replay: %w", err)
	}
	start := time.Now()
	output, err := bubble.Run(ctx, bubble.Options{
		Job: drillJob, Name: spec.File, Input: input,
		// One processor: the goroutines of one drill wait for one another far
		// more than they work side by side, and waking another processor costs
		// more than it gives. Drills run side by side instead.
		Procs: 1,
		OnProgress: func(b json.RawMessage) {
			var p progress
			if json.Unmarshal(b, &p) == nil && onProgress != nil {
				onProgress(p.Done, p.Total)
			}
		},
	})
	if err != nil {
		return drill.Result{}, err
	}
	var result drill.Result
	if err := json.Unmarshal(output, &result); err != nil {
		return drill.Result{}, fmt.Errorf("decode the result of %s: %w", spec.File, err)
	}
	result.WallSeconds = wallSeconds(start)
	return result, nil
}

func wallSeconds(since time.Time) float64 { return float64(time.Since(since).Milliseconds()) / 1000 }

// withoutTraces spares a child the spans of the engines, which nobody would see. A child
// is a process of its own, so that is nobody else's setting.
func withoutTraces(job bubble.Job) bubble.Job {
	return func(ctx context.Context, input []byte, emit func(any)) ([]byte, error) {
		otel.SetTracerProvider(noop.NewTracerProvider())
		return job(ctx, input, emit)
	}
}

// runDrillJob is the child's side of Drill.
func runDrillJob(ctx context.Context, input []byte, emit func(any)) ([]byte, error) {
	var spec Spec
	if err := json.Unmarshal(input, &spec); err != nil {
		return nil, fmt.Errorf("decode replay: %w", err)
	}
	opts, err := spec.Options(emit)
	if err != nil {
		return nil, err
	}
	result, err := Run(ctx, opts)
	if err != nil {
		return nil, err
	}
	return json.Marshal(result)
}

// Options are those of the replay that a child does, which tells emit how far it is.
func (spec Spec) Options(emit func(any)) (Options, error) {
	scenario, err := drill.Parse(spec.File, spec.Content)
	if err != nil {
		return Options{}, err
	}
	rules, alertmanager := Design(spec.Rules, spec.Alertmanager)
	return Options{
		Scenario: scenario, Seed: spec.Seed, Interval: spec.Interval, Rules: rules, Alertmanager: alertmanager, Past: spec.Past, LateStart: spec.LateStart,
		OnProgress: func(done, total time.Duration) { emit(progress{done, total}) },
	}, nil
}
