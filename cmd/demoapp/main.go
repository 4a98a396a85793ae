// Command demoapp runs one service of the shop as a container runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
)

// Exit statuses, as the command line promises them.
const (
	exitOK     = 0
	exitFailed = 1 // the work failed, or a fault or a repair ended the process
	exitUsage  = 2 // the call was wrong: nothing was done
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills at once
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// usageError marks an error that the caller can mend by calling differently.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	app := kingpin.New("demoapp", "One service of the shop, for a container of its own.")
	app.HelpFlag.Short('h')
	app.UsageWriter(stdout).ErrorWriter(stderr)
	status, terminated := exitOK, false
	app.Terminate(func(code int) { // --help
		status, terminated = code, true
		app.UsageWriter(io.Discard) // kingpin goes on, and would print it again
	})
	c := flags(app)
	_, err := app.Parse(args)
	if terminated {
		return status
	}
	if err != nil {
		fmt.Fprintf(stderr, "demoapp: %v; see demoapp --help\n", err)
		return exitUsage
	}
	if err := c.complete(); err != nil {
		return exitStatus(usageError{err}, stderr)
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.level()}))

	earlier, child := earlierKills(getenv)
	if c.dataDir != "" && !child {
		status, err := supervise(ctx, c.dataDir, args, stdout, stderr)
		if err != nil {
			return exitStatus(err, stderr)
		}
		return status
	}
	a, err := newApp(c, earlier, log)
	if err != nil {
		return exitStatus(err, stderr)
	}
	return exitStatus(a.run(ctx), stderr)
}

func exitStatus(err error, stderr io.Writer) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "demoapp: %v\n", err)
	if _, wrongCall := errors.AsType[usageError](err); wrongCall {
		return exitUsage
	}
	return exitFailed
}
