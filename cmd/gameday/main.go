// Command gameday runs the platform and practises outages on it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/bubble"
	"goldensignals/internal/stack"
)

// Exit statuses, as the command line promises them.
const (
	exitOK     = 0
	exitFailed = 1 // the work failed
	exitUsage  = 2 // the call was wrong: nothing was done
)

func main() {
	bubble.Child(stack.Jobs()) // returns, unless this process is a replay's child
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command is one subcommand: how it is called and what it does.
type command struct {
	clause *kingpin.CmdClause
	run    func(ctx context.Context, stdout, stderr io.Writer) error
}

// commands lists every subcommand; each has a file of its own.
func commands(app *kingpin.Application) []command {
	return slices.Concat(
		[]command{upCommand(app), replayCommand(app), compareCommand(app), lintCommand(app), dependenciesCommand(app), stormCommand(app)},
		drillCommands(app), faultCommands(app), fixCommands(app),
	)
}

// usageError marks an error that the caller can mend by calling differently.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	app := kingpin.New("gameday", "Practise outages: a shop that breaks, alerts that reach you, runbooks that help.")
	app.HelpFlag.Short('h')
	app.UsageWriter(stdout).ErrorWriter(stderr)
	status, terminated := exitOK, false
	app.Terminate(func(code int) { // --help
		status, terminated = code, true
		app.UsageWriter(io.Discard) // kingpin goes on, and would print it again
	})

	cmds := commands(app)
	selected, err := app.Parse(args)
	if terminated {
		return status
	}
	if err != nil {
		fmt.Fprintf(stderr, "gameday: %v; see gameday --help\n", err)
		return exitUsage
	}
	for _, c := range cmds {
		if c.clause.FullCommand() == selected {
			return exitStatus(c.run(ctx, stdout, stderr), stderr)
		}
	}
	return exitUsage
}

func exitStatus(err error, stderr io.Writer) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "gameday: %v\n", err)
	if _, wrongCall := errors.AsType[usageError](err); wrongCall {
		return exitUsage
	}
	return exitFailed
}
