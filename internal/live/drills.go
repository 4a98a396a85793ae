package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"goldensignals/internal/console"
	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
	"goldensignals/internal/load"
	"goldensignals/internal/referee"
)

// Why a live drill ends before its time.
var (
	errStopped  = errors.New("somebody stopped the drill")
	errGone     = errors.New("the command that started the drill went away")
	errStopping = errors.New("the stack is stopping")
)

// busyError refuses a drill because the stack is not free for it.
type busyError struct{ why string }

func (e busyError) Error() string { return e.why }

// DrillsOptions say where drills are played. Fields without a stated default are required.
type DrillsOptions struct {
	Game   referee.Options // of any drill: without the scenario and its start
	Active func() []fault.Active
	RPS    func() (float64, error) // of the users
	// Interval is that of scrapes and evaluations.
	Interval time.Duration
	// Remember is how long the truth is remembered. Zero means 24h.
	Remember time.Duration
	// Folder is where reports are kept. Empty means nowhere.
	Folder string
	// Marker is a file that is there while a drill runs: what comes after this process
	// knows by it that it must clear up. Empty means that a drill ends with the process.
	Marker string
	Log    *slog.Logger
}

func (o *DrillsOptions) setDefaults() {
	if o.Remember == 0 {
		o.Remember = load.DefaultRetention
	}
}

// Drills plays drills live, one at a time, on a running stack. It is safe for
// concurrent use.
type Drills struct {
	opts   DrillsOptions
	marker marker

	mu      sync.Mutex
	closed  bool
	current *liveDrill // nil: none is running
	last    *EndedDrill
	scored  *scoredDrill // nil: none yet
}

// NewDrills returns drills of which none runs.
func NewDrills(o DrillsOptions) *Drills {
	d := new(Drills)
	d.playOn(o)
	return d
}

// playOn says where drills are played. It is called before any begins.
func (d *Drills) playOn(o DrillsOptions) {
	o.setDefaults()
	d.opts, d.marker = o, marker(o.Marker)
}

// scoredDrill is the result of a drill that was played to its end.
type scoredDrill struct {
	result drill.Result
	ended  time.Time
}

// liveDrill is one drill while it runs. The fields below done are set once it
// is closed.
type liveDrill struct {
	scenario *drill.Scenario
	by       string // who started it; may be empty
	start    time.Time
	cancel   context.CancelCauseFunc

	done    chan struct{} // closed when nothing of the drill is left
	result  drill.Result
	saved   []string // files
	saveErr error
	err     error // there is no result
}

// check refuses what a live drill cannot be.
func (d *Drills) check(s *drill.Scenario) error {
	if s.Duration > d.opts.Remember {
		return fmt.Errorf("duration: %v is longer than the stack remembers what users saw (%v); make the drill shorter, or replay it", s.Duration, d.opts.Remember)
	}
	return nil
}

// begin starts a drill at the next full interval, as a replay does: scrapes and
// evaluations are then at the same places within both. It refuses with a busyError
// while another drill runs or a fault acts that the drill knows nothing of.
func (d *Drills) begin(s *drill.Scenario, by string) (*liveDrill, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	l := &liveDrill{
		scenario: s, by: by, start: time.Now().Truncate(d.opts.Interval).Add(d.opts.Interval), cancel: cancel,
		done: make(chan struct{}),
	}
	if err := d.take(l); err != nil {
		cancel(err)
		return nil, err
	}
	d.opts.Log.Info("drill started", "drill", s.Name, "by", by)
	if err := d.marker.set(s.Name); err != nil {
		d.opts.Log.Warn("if this process is killed, the next one will not know that it must clear up", "err", err)
	}
	go d.run(ctx, l)
	return l, nil
}

// take makes l the drill that runs, if it may.
func (d *Drills) take(l *liveDrill) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch active := d.opts.Active(); {
	case d.closed:
		return errStopping
	case d.current != nil:
		return busyError{fmt.Sprintf("a drill is running already (%s); wait for its end, or stop it with: gameday drill stop", d.current.since(time.Now()))}
	case d.marker.isSet():
		return busyError{"an earlier drill was cut off, and that all its faults are gone is not confirmed yet; try again in some seconds"}
	case len(active) > 0:
		return busyError{fmt.Sprintf("a fault is active already (%s of %s) and would spoil the score; end it first with: gameday fault clear", active[0].Kind, active[0].Service)}
	}
	d.current = l
	return nil
}

// run plays the drill, scores it and keeps its reports.
func (d *Drills) run(ctx context.Context, l *liveDrill) {
	defer close(l.done)
	defer l.cancel(nil)
	l.result, l.err = d.play(ctx, l)
	if l.err == nil && d.opts.Folder != "" {
		l.saved, l.saveErr = saveReports(d.opts.Folder, l.result, l.start)
	}
	d.unmark()
	ended := l.ended(ctx, time.Now())
	d.opts.Log.Info("drill ended", "drill", ended.Name, "outcome", ended.Outcome, "err", errors.Join(l.err, l.saveErr))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.current, d.last = nil, &ended
	if l.err == nil {
		d.scored = &scoredDrill{l.result, ended.EndedAt}
	}
}

// LastScored returns the last drill that has a score, and when it ended.
func (d *Drills) LastScored() (drill.Result, time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.scored == nil {
		return drill.Result{}, time.Time{}, false
	}
	return d.scored.result, d.scored.ended, true
}

// unmark says that nothing of the drill is left, if that is so.
func (d *Drills) unmark() {
	if left := d.opts.Active(); len(left) > 0 {
		d.opts.Log.Warn("faults are left: they are cleared as soon as their services answer", "faults", len(left))
		return
	}
	if err := d.marker.remove(); err != nil {
		d.opts.Log.Warn("the next start will clear all faults", "err", err)
	}
}

// play gives the users back the rate that they had.
func (d *Drills) play(ctx context.Context, l *liveDrill) (drill.Result, error) {
	began := time.Now()
	rps, err := d.opts.RPS()
	if err != nil {
		return drill.Result{}, fmt.Errorf("ask the users for their rate: %w", err)
	}
	o := d.opts.Game
	o.Scenario, o.Start = l.scenario, l.start
	run, err := referee.Play(ctx, o)
	if err = errors.Join(cutShort(ctx, err), o.Users.SetRPS(rps)); err != nil {
		return drill.Result{}, err
	}
	run.Wall = time.Since(began)
	return drill.EvaluateLive(l.scenario, run)
}

// cutShort puts the reason for which ctx ended in place of what the referee was
// doing at that moment. What could not be cleared up stays in the error.
func cutShort(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if err == nil || cause == nil {
		return err
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the referee's own join, not what it wraps
		return errors.Join(append([]error{cause}, joined.Unwrap()[1:]...)...)
	}
	return cause
}

// Running tells the console of the drill that runs now.
func (d *Drills) Running() (console.Drill, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		return console.Drill{}, false
	}
	return console.Drill{Brief: d.current.scenario.Brief, Elapsed: d.current.elapsed(time.Now()), Duration: d.current.scenario.Duration}, true
}

// Runs reports whether a drill runs now.
func (d *Drills) Runs() bool {
	_, runs := d.Running()
	return runs
}

// CutOff reports whether a drill was cut off, so that something of it may be left: by
// a service that did not answer, or by the end of an earlier process.
func (d *Drills) CutOff() bool { return !d.Runs() && d.marker.isSet() }

// ClearedUp says that nothing is left of a drill that was cut off.
func (d *Drills) ClearedUp() error { return d.marker.remove() }

// Stop ends the drill that runs, if one does, and waits until nothing of it is
// left.
func (d *Drills) Stop() { d.stop(errStopped) }

func (d *Drills) stop(why error) {
	d.mu.Lock()
	l := d.current
	d.mu.Unlock()
	if l == nil {
		return
	}
	l.cancel(why)
	<-l.done
}

// Close ends the drill that runs and lets no other begin.
func (d *Drills) Close() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.stop(errStopping)
	return nil
}

// elapsed is the time since minute zero, from zero to the duration.
func (l *liveDrill) elapsed(now time.Time) time.Duration {
	return max(0, min(now.Sub(l.start), l.scenario.Duration))
}

// since says for how long the drill has been running, and whose it is.
func (l *liveDrill) since(now time.Time) string {
	text := fmt.Sprintf("for %v of %v", l.elapsed(now).Truncate(time.Second), l.scenario.Duration)
	if l.by != "" {
		text += ", started by " + l.by
	}
	return text
}

// ended is what is told of the drill from now on.
func (l *liveDrill) ended(ctx context.Context, now time.Time) EndedDrill {
	e := EndedDrill{
		Name: l.scenario.Name, Title: l.scenario.Title, By: l.by, StartedAt: l.start.UTC(), EndedAt: now.UTC(),
		Problems: l.result.Problems, Notes: l.result.Notes, Saved: l.saved,
	}
	switch {
	case l.err != nil && context.Cause(ctx) != nil:
		e.Outcome, e.Reason = OutcomeStopped, l.err.Error()
	case l.err != nil:
		e.Outcome, e.Reason = OutcomeFailed, l.err.Error()
	case l.result.Passed:
		e.Outcome = OutcomePassed
	default:
		e.Outcome = OutcomeFellShort
	}
	return e
}

// line is the last line of the stream of the drill.
func (l *liveDrill) line() DrillLine {
	if l.err != nil {
		return DrillLine{Error: l.err.Error()}
	}
	line := DrillLine{Result: &l.result, Saved: l.saved}
	if l.saveErr != nil {
		line.SaveError = l.saveErr.Error()
	}
	return line
}

// status says what may be told to anybody, players included.
func (d *Drills) status(now time.Time) DrillStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := DrillStatus{Last: d.last}
	if l := d.current; l != nil {
		running := l.running(now)
		s.Running = &running
	}
	return s
}

func (l *liveDrill) running(now time.Time) RunningDrill {
	return RunningDrill{
		Brief: strings.TrimSpace(l.scenario.Brief), By: l.by, StartedAt: l.start.UTC(),
		ElapsedSeconds: l.elapsed(now).Truncate(time.Second).Seconds(), DurationSeconds: l.scenario.Duration.Seconds(),
	}
}
