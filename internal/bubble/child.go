package bubble

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// Job is work that a child process does inside a bubble. Its clock starts at
// midnight UTC of 2000-01-01 and stops when it returns; ctx is cancelled then, and
// every goroutine it started has to end without waiting for time to pass. The
// result is what [Run] returns, the error reaches the parent as text.
//
// emit sends a value to Options.OnProgress as JSON while the job runs and is
// the sign of life that Options.Stuck waits for. It may be called from several
// goroutines and panics on a value that JSON cannot hold.
type Job func(ctx context.Context, input []byte, emit func(progress any)) (result []byte, err error)

// jobVariable names the job in the environment of a child.
const jobVariable = "GOLDENSIGNALS_BUBBLE_JOB"

// Exit statuses of a child that does not get to run its job.
const (
	exitOrphan   = 3 // the parent is gone
	exitNotAsked = 4 // started by hand, or with a job this program does not have
)

// request is all that a child reads from its stdin, which then stays open as
// long as the parent lives.
type request struct {
	Input []byte `json:"input"`
}

// message is one line of a child's stdout. One of its fields is set.
type message struct {
	Progress json.RawMessage `json:"progress,omitempty"`
	Outcome  *outcome        `json:"outcome,omitempty"` // the job has returned
	Done     bool            `json:"done,omitempty"`    // the bubble has ended cleanly: no goroutine is left
}

type outcome struct {
	Result []byte `json:"result,omitempty"`
	Failed bool   `json:"failed,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Child runs the job that [Run] started this process for and never returns; in
// any other process it returns at once. Call it first in main, and in TestMain
// of tests that call Run, before flags are read or anything is started.
func Child(jobs map[string]Job) {
	name, ok := os.LookupEnv(jobVariable)
	if !ok {
		return
	}
	_ = os.Unsetenv(jobVariable) // whatever this process starts is no child
	signal.Ignore(os.Interrupt)  // Ctrl-C reaches the whole group: the parent decides
	messages := os.Stdout
	os.Stdout = os.Stderr // package testing prints, and so do others: not among the messages
	os.Args = os.Args[:1] // package testing reads flags: none are meant for it, and without any it sets no timeout

	var req request
	if err := json.NewDecoder(os.Stdin).Decode(&req); err != nil {
		fmt.Fprintf(os.Stderr, "read input of job %q: %v; %s is set by a parent process only\n", name, err, jobVariable)
		os.Exit(exitNotAsked)
	}
	go exitWithParent(os.Stdin)
	job, ok := jobs[name]
	if !ok {
		send(messages, message{Outcome: &outcome{Failed: true, Error: unknownJob(name, jobs)}})
		os.Exit(exitNotAsked)
	}
	// synctest needs a *testing.T, and only a test has one.
	everything := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(everything, []testing.InternalTest{{Name: name, F: func(t *testing.T) {
		synctest.Test(t, func(*testing.T) { runJob(job, req.Input, messages) })
		send(messages, message{Done: true})
	}}}, nil, nil)
}

// runJob tells the outcome before the bubble ends: the job's own error says
// more than that it left goroutines behind.
func runJob(job Job, input []byte, messages io.Writer) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	result, err := job(ctx, input, func(progress any) {
		line, err := json.Marshal(progress)
		if err != nil {
			panic(fmt.Sprintf("emit %T: %v", progress, err))
		}
		send(messages, message{Progress: line})
	})
	told := outcome{Result: result}
	if err != nil {
		told = outcome{Failed: true, Error: err.Error()}
	}
	send(messages, message{Outcome: &told})
}

// send writes m with a single Write, so that lines of several goroutines do not
// mix. An error is no news to anybody: it means that the parent is gone.
func send(w io.Writer, m message) {
	line, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("marshal message to the parent: %v", err)) // a field that JSON cannot hold
	}
	_, _ = w.Write(append(line, '\n'))
}

// exitWithParent ends the process when the parent's end of stdin is closed,
// which the system does for a parent that was killed.
func exitWithParent(stdin io.Reader) {
	_, _ = io.Copy(io.Discard, stdin)
	os.Exit(exitOrphan)
}

func unknownJob(name string, jobs map[string]Job) string {
	known := slices.Sorted(maps.Keys(jobs))
	return fmt.Sprintf("no job %q in this program; bubble.Child was given: %s", name, strings.Join(known, ", "))
}
