package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/bubble"
	"goldensignals/internal/fault"
	"goldensignals/internal/referee"
	"goldensignals/internal/runbook"
)

const (
	// executeJob names the job of a child process that executes one runbook.
	executeJob = "execute"
	// fullRates is how long after an alert its readings are taken: the rates of
	// one minute then are of the outage alone.
	fullRates = time.Minute
	// lookAfter is how long after each evaluation interval of the drill somebody
	// looks, so that it is never the moment at which something is evaluated.
	lookAfter = 500 * time.Millisecond
	// maxQueryAnswer bounds what the answer to one query may weigh.
	maxQueryAnswer = 8 << 20
)

// errExecuted ends a drill whose runbook is through.
var errExecuted = errors.New("the runbook is executed")

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

// execution is somebody on call who follows one runbook.
type execution struct {
	page          runbook.Page
	broken, whole time.Duration // first fault begins, last one ends by itself; since minute zero
	game          referee.Options
	faults        faults
	done          runbook.Execution
}

// alongsideDrill follows the runbook while the referee plays the drill, which it
// ends when the runbook is through.
func (x *execution) alongsideDrill(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	played := make(chan error, 1)
	go func() {
		_, err := referee.Play(ctx, x.game)
		cancel(err)
		played <- err
	}()
	err := x.follow(ctx)
	cancel(errExecuted)
	if drill := <-played; err != nil || !errors.Is(context.Cause(ctx), errExecuted) {
		return errors.Join(err, drill)
	}
	return nil
}

// follow does what the runbook says. What it finds wrong goes into done.
func (x *execution) follow(ctx context.Context) error {
	fires, err := x.awaitAlert(ctx)
	if err != nil || !fires {
		return err
	}
	if err := x.diagnose(ctx); err != nil {
		return err
	}
	ordered, err := x.repair(ctx)
	if err != nil {
		return err
	}
	x.done.Ordered = ordered.Sub(x.game.Start)
	return x.verify(ctx, ordered)
}

// awaitAlert waits until the alert fires. It must not before something is broken.
func (x *execution) awaitAlert(ctx context.Context) (fires bool, err error) {
	if err := wait(ctx, x.game.Start.Add(x.broken)); err != nil {
		return false, err
	}
	firing, err := x.firing(ctx)
	if err != nil {
		return false, err
	}
	if len(firing) > 0 {
		x.find(x.page.FiresBefore(firing))
		return false, nil
	}
	fires, err = x.poll(ctx, x.game.Start.Add(x.whole), func() (bool, error) {
		firing, err := x.firing(ctx)
		return len(firing) > 0, err
	})
	if err == nil && !fires {
		x.find(x.page.NeverFired())
	}
	x.done.Fired = time.Since(x.game.Start)
	return fires, err
}

// diagnose asks all queries while the alert fires and something is broken.
func (x *execution) diagnose(ctx context.Context) error {
	full := time.Now().Add(fullRates)
	if last := x.game.Start.Add(x.whole - lookAfter); last.Before(full) {
		full = last
	}
	if err := wait(ctx, full); err != nil {
		return err
	}
	answers, err := x.ask(ctx)
	x.find(x.page.CheckOutage(answers)...)
	return err
}

// repair applies what the runbook says, and returns when it did so first. Without
// repairs that is when the last fault of the drill ends by itself.
func (x *execution) repair(ctx context.Context) (time.Time, error) {
	ordered := time.Now()
	if len(x.page.Repairs) == 0 {
		ordered = x.game.Start.Add(x.whole)
		if err := wait(ctx, ordered); err != nil {
			return ordered, err
		}
	}
	firing, err := x.firing(ctx)
	if err != nil {
		return ordered, err
	}
	if len(firing) == 0 {
		x.find(x.page.EndedBefore())
	}
	for _, r := range x.page.Repairs {
		if err := x.apply(ctx, r); err != nil {
			return ordered, err
		}
	}
	return ordered, nil
}

// apply orders one repair. While another is under way it waits for its end, as people have to.
func (x *execution) apply(ctx context.Context, r runbook.Repair) error {
	applied, err := x.faults.Apply(r.Name, r.Service)
	if busy, ok := errors.AsType[*fault.BusyError](err); ok {
		if err := wait(ctx, busy.Effect); err != nil {
			return err
		}
		applied, err = x.faults.Apply(r.Name, r.Service)
	}
	if err != nil {
		return fmt.Errorf("%s:%d: apply %s: %w", x.page.File, r.Line, r, err)
	}
	x.done.Applied = append(x.done.Applied, applied)
	return nil
}

// verify asks all queries again and again until they read well and the alert has
// ended, or the time that the runbook states is over.
func (x *execution) verify(ctx context.Context, ordered time.Time) error {
	var unwell []runbook.Finding
	var firing []runbook.Sample
	_, err := x.poll(ctx, ordered.Add(x.page.ResolvesWithin), func() (bool, error) {
		answers, err := x.ask(ctx)
		if err != nil {
			return false, err
		}
		if unwell = x.page.CheckWell(answers); len(unwell) == 0 && x.done.Verified == 0 {
			x.done.Verified = time.Since(ordered)
		}
		if firing, err = x.firing(ctx); len(firing) == 0 && err == nil && x.done.Resolved == 0 {
			x.done.Resolved = time.Since(ordered)
		}
		return len(unwell)+len(firing) == 0, err
	})
	x.find(unwell...)
	x.find(x.page.CheckEnd(firing)...)
	x.find(x.page.CheckProof(x.done.Applied, x.game.Scenario.Timeline, x.game.Start, time.Now())...)
	return err
}

func (x *execution) find(findings ...runbook.Finding) {
	x.done.Findings = append(x.done.Findings, findings...)
}

// poll calls look after each evaluation interval, and at the deadline for the
// last time, until it is satisfied.
func (x *execution) poll(ctx context.Context, deadline time.Time, look func() (bool, error)) (bool, error) {
	for {
		passed := time.Since(x.game.Start)
		next := x.game.Start.Add((passed - lookAfter).Truncate(x.game.Sample) + x.game.Sample + lookAfter)
		if next.After(deadline) {
			next = deadline
		}
		if err := wait(ctx, next); err != nil {
			return false, err
		}
		satisfied, err := look()
		if err != nil || satisfied || !next.Before(deadline) {
			return satisfied, err
		}
	}
}

func wait(ctx context.Context, t time.Time) error {
	return passTime(ctx, t, func() {})
}

// firing returns the labels for which the alert fires.
func (x *execution) firing(ctx context.Context) ([]runbook.Sample, error) {
	return x.query(ctx, fmt.Sprintf(`ALERTS{alertname=%q,alertstate="firing"}`, x.page.Alert))
}

// ask asks all queries of the runbook.
func (x *execution) ask(ctx context.Context) (answers []runbook.Answer, err error) {
	for _, q := range x.page.Queries {
		samples, err := x.query(ctx, q.Expr)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: ask %q: %w", x.page.File, q.Line, q.Expr, err)
		}
		answers = append(answers, runbook.Answer{Query: q, Samples: samples})
	}
	return answers, nil
}

// query asks Prometheus' HTTP API, as people with the runbook in their hands do.
func (x *execution) query(ctx context.Context, expr string) ([]runbook.Sample, error) {
	target := x.game.Prometheus.JoinPath("api/v1/query")
	target.RawQuery = url.Values{"query": {expr}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	resp, err := (&http.Client{Transport: x.game.Transport}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxQueryAnswer))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("prometheus answered %s: %.300s", resp.Status, body)
	}
	return decodeSamples(body)
}

// point is Prometheus' pair of seconds and value.
type point [2]any

func (p point) value() float64 {
	text, _ := p[1].(string)
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN() // a native histogram has no single value
	}
	return v
}

// decodeSamples reads the answer to an instant query.
func decodeSamples(body []byte) ([]runbook.Sample, error) {
	var answer struct {
		Data struct {
			ResultType string          `json:"resultType"`
			Result     json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("decode answer: %w", err)
	}
	var vector []struct {
		Metric alert.Labels `json:"metric"`
		Value  point        `json:"value"`
	}
	var scalar point
	switch answer.Data.ResultType {
	case "vector":
		if err := json.Unmarshal(answer.Data.Result, &vector); err != nil {
			return nil, fmt.Errorf("decode vector: %w", err)
		}
		var samples []runbook.Sample
		for _, s := range vector {
			samples = append(samples, runbook.Sample{Labels: s.Metric, Value: s.Value.value()})
		}
		return samples, nil
	case "scalar":
		err := json.Unmarshal(answer.Data.Result, &scalar)
		return []runbook.Sample{{Value: scalar.value()}}, err
	default:
		return nil, fmt.Errorf("the query returns a %s; a reading is of a vector or a number", answer.Data.ResultType)
	}
}
