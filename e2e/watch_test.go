package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"goldensignals/internal/bubble"
	"goldensignals/internal/drill"
	"goldensignals/internal/rehearsal"
	"goldensignals/internal/replay"
	"goldensignals/internal/runbook"
	"goldensignals/runbooks"
)

// watchJob names the job of a child process that plays a drill before everybody who
// has something to look at in it.
const watchJob = "watch"

// watched is what comes of a drill that was watched.
type watched struct {
	Result   drill.Result
	Asked    int                          // how many things of boards were looked at
	Findings []string                     // what was wrong with them
	Followed map[string]runbook.Execution // :: alert -> what came of its runbook
}

// watch plays a drill in a child process.
func watch(t *testing.T, name string) (w watched) {
	t.Helper()
	input, err := spec(name)
	if err != nil {
		t.Fatal(err)
	}
	if input, err = histories.With(t.Context(), input); err != nil {
		t.Fatal(err)
	}
	input.LateStart = true
	run(t, bubble.Options{Job: watchJob, Name: input.File}, input, &w)
	return w
}

// run runs a job with one processor, as drills are replayed.
func run(t *testing.T, o bubble.Options, input, output any) {
	t.Helper()
	var err error
	if o.Input, err = json.Marshal(input); err != nil {
		t.Fatal(err)
	}
	o.Procs = 1
	answer, err := bubble.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer, output); err != nil {
		t.Fatal(err)
	}
}

// runWatchJob is the child's side of watch.
func runWatchJob(ctx context.Context, input []byte, emit func(any)) ([]byte, error) {
	var spec replay.Spec
	if err := json.Unmarshal(input, &spec); err != nil {
		return nil, fmt.Errorf("decode replay: %w", err)
	}
	opts, err := spec.Options(emit)
	if err != nil {
		return nil, err
	}
	viewers, err := audienceOf(opts.Scenario)
	if err != nil {
		return nil, err
	}
	opts.Observers = viewers.observers
	result, err := replay.Run(ctx, opts)
	if err != nil {
		return nil, err
	}
	return json.Marshal(viewers.tell(result))
}

// audience is everybody who has something to look at in a drill.
type audience struct {
	observers []replay.Observer
	grafana   *grafana
	asked     int
	followed  map[string]*runbook.Execution // :: alert -> what came of its runbook
}

func audienceOf(s *drill.Scenario) (audience, error) {
	shown, err := showings()
	if err != nil {
		return audience{}, err
	}
	pages, err := drilled()
	if err != nil {
		return audience{}, err
	}
	list := shown[showing{Drill: s.Name}]
	a := audience{grafana: &grafana{}, asked: len(list), followed: map[string]*runbook.Execution{}}
	a.observers = append(a.observers, a.grafana.watch(list))
	for _, page := range pages {
		if follow, execution, ok := rehearsal.Watch(page, s); ok {
			a.observers = append(a.observers, follow)
			a.followed[page.Alert] = execution
		}
	}
	return a, nil
}

// tell says what everybody has seen.
func (a audience) tell(result drill.Result) watched {
	w := watched{Result: result, Asked: a.asked, Findings: a.grafana.findings, Followed: map[string]runbook.Execution{}}
	for alert, execution := range a.followed {
		w.Followed[alert] = *execution
	}
	return w
}

// drilled are the runbooks that have a drill.
func drilled() (pages []runbook.Page, err error) {
	lib, err := runbook.Load(runbooks.FS())
	if err != nil {
		return nil, err
	}
	for _, alert := range lib.Names() {
		if page, ok := lib.Lookup(alert); ok && page.Drill != "" {
			pages = append(pages, page)
		}
	}
	return pages, nil
}
