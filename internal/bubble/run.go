package bubble

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options says what to run in a child process.
type Options struct {
	Job        string                // key of the job in the map given to [Child]
	Name       string                // what errors begin with, such as "drill payments-errors"; empty: "job " and Job
	Input      []byte                // handed to the job
	OnProgress func(json.RawMessage) // called with each emitted value, in order, never twice at once; may be nil
	Stuck      time.Duration         // real time without a message after which the child is killed; 0: two minutes
	Procs      int                   // GOMAXPROCS of the child; 0: as this process
}

const (
	defaultStuck = 2 * time.Minute
	// lastWords is how long a stuck child may take to print where it is stuck,
	// and how long a descendant that it left behind may hold the pipes open.
	lastWords = 5 * time.Second
)

// errStuck is why a child's context was cancelled by the watchdog.
var errStuck = errors.New("no sign of life")

// Run runs a job in virtual time in a child process of its own, and returns the
// job's result. It is safe for concurrent use; memory and processors are all
// that limits how many run at once.
//
// An error begins with Options.Name. It is the job's own, as text; the cause of
// ctx, which also kills the child; or it tells how the child came to grief: a
// deadlock, goroutines left behind, a panic, an exit, no message for too long.
// Where there is one it has a stack, on further lines.
func Run(ctx context.Context, o Options) ([]byte, error) {
	o.Name = cmp.Or(o.Name, "job "+o.Job)
	o.Stuck = cmp.Or(o.Stuck, defaultStuck)
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Name, err)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", o.Name, context.Cause(ctx))
	}
	c, err := o.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Name, err)
	}
	result, err := c.judge(ctx, o.Stuck)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Name, err)
	}
	return result, nil
}

func (o Options) check() error {
	if _, ok := os.LookupEnv(jobVariable); ok {
		// Without this a program that forgot Child would start itself for ever.
		return errors.New("this process is itself a child; call bubble.Child first in main, and in TestMain")
	}
	switch {
	case o.Job == "":
		return errors.New("bubble.Options.Job is empty; name one of the jobs given to bubble.Child")
	case o.Stuck < 0:
		return fmt.Errorf("bubble.Options.Stuck is %v; give a positive duration, or 0 for %v", o.Stuck, defaultStuck)
	case o.Procs < 0:
		return fmt.Errorf("bubble.Options.Procs is %d; give a positive number, or 0 for all", o.Procs)
	}
	return nil
}

// child is what is known of a child process that has ended.
type child struct {
	messages receiver
	stderr   tail
	stuck    bool
	exit     error // of exec.Cmd.Wait
}

// run starts the child and returns when it has ended, for better or worse. An
// error means that it did not start.
func (o Options) run(ctx context.Context) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(o.Stuck, func() { cancel(errStuck) })
	defer watchdog.Stop()

	c := &child{messages: receiver{
		onProgress: o.OnProgress,
		// The clock stands still while the parent is busy with a message.
		pause: func() { watchdog.Stop() },
		alive: func() { watchdog.Reset(o.Stuck) },
	}}
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = o.environment()
	cmd.Stdout, cmd.Stderr = &c.messages, &c.stderr
	cmd.WaitDelay = lastWords
	cmd.Cancel = func() error {
		// On SIGQUIT the runtime prints all stacks, then exits.
		if errors.Is(context.Cause(ctx), errStuck) && cmd.Process.Signal(syscall.SIGQUIT) == nil {
			return nil
		}
		return cmd.Process.Kill()
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open pipe to child: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start child: %w", err)
	}
	// A write fails only if the child has ended, which Wait knows more about.
	// The pipe stays open until then: its end tells the child to exit.
	_ = json.NewEncoder(stdin).Encode(request{Input: o.Input})
	c.exit = cmd.Wait()
	c.stuck = errors.Is(context.Cause(ctx), errStuck)
	return c, nil
}

func (o Options) environment() []string {
	env := append(os.Environ(), jobVariable+"="+o.Job)
	if os.Getenv("GOGC") == "" {
		// A child lives for seconds and allocates all the while: a larger heap
		// for fewer collections is a good trade, and the heap goes with it.
		env = append(env, "GOGC=400")
	}
	if o.Procs > 0 {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(o.Procs))
	}
	return env
}

// judge makes a result or a readable error of what is known of the child.
func (c *child) judge(ctx context.Context, stuck time.Duration) ([]byte, error) {
	m := &c.messages
	switch crash := findCrash(c.stderr.text()); {
	case m.outcome != nil && m.outcome.Failed && !m.done && crash != nil:
		return nil, fmt.Errorf("%s\nand then: %s", m.outcome.Error, crash)
	case m.outcome != nil && m.outcome.Failed:
		return nil, errors.New(m.outcome.Error)
	case m.outcome != nil && m.done && c.exit == nil:
		return m.outcome.Result, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case c.stuck && crash != nil:
		return nil, fmt.Errorf("no sign of life for %v; killed%s", stuck, crash.stacks)
	case c.stuck:
		return nil, fmt.Errorf("no sign of life for %v; killed%s", stuck, c.stderr.lastLines())
	case m.spoiled != nil:
		return nil, m.spoiled
	case crash != nil:
		return nil, errors.New(crash.String())
	case m.outcome != nil: // the race detector does this
		return nil, fmt.Errorf("child failed after the job was done: %w%s", c.exit, c.stderr.lastLines())
	default:
		return nil, fmt.Errorf("child ended without a result: %s%s", describeExit(c.exit), c.stderr.lastLines())
	}
}

func describeExit(err error) string {
	switch {
	case err == nil:
		return "exit status 0 (does the job call os.Exit?)"
	case strings.Contains(err.Error(), "signal: killed"):
		return err.Error() + " (was the machine out of memory?)"
	default:
		return err.Error()
	}
}

// receiver takes the messages of a child from its stdout. It belongs to the
// goroutine that copies them until the child has been waited for.
type receiver struct {
	onProgress   func(json.RawMessage)
	pause, alive func()

	line    []byte // begun, not yet ended
	outcome *outcome
	done    bool
	spoiled error
}

func (r *receiver) Write(p []byte) (int, error) {
	r.pause()
	defer r.alive()
	for rest := p; len(rest) > 0; {
		part, after, whole := bytes.Cut(rest, []byte("\n"))
		r.line = append(r.line, part...)
		rest = after
		if !whole {
			break
		}
		if err := r.take(r.line); err != nil {
			r.spoiled = err
			return 0, err
		}
		r.line = nil // a progress message goes on living with the caller
	}
	return len(p), nil
}

func (r *receiver) take(line []byte) error {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return fmt.Errorf("child wrote %.80q among its messages; print to os.Stdout or os.Stderr only, "+
			"and call bubble.Child first in main and in TestMain", line)
	}
	switch {
	case m.Outcome != nil:
		r.outcome = m.Outcome
	case m.Done:
		r.done = true
	case r.onProgress != nil:
		r.onProgress(m.Progress)
	}
	return nil
}
