// Package cli is what the commands have in common: how they are called, how they
// end, and with which status. The commands call it; it knows none of them.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
)

// Exit statuses, as the command lines promise them.
const (
	ExitOK     = 0
	ExitFailed = 1 // the work failed
	ExitUsage  = 2 // the call was wrong: nothing was done
)

// Context returns a context that is done at the first Ctrl-C or SIGTERM. Whoever sees
// that it is done can rely on the second one, which kills at once.
func Context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan os.Signal, 1)
	signal.Notify(first, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-first
		signal.Stop(first) // before anybody hears of it
		cancel()
	}()
	return ctx
}

// usageError marks an error that the caller can mend by calling differently.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// WrongCall marks err: the caller can mend it by calling differently. WrongCall(nil)
// is nil.
func WrongCall(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// App is the command line of one program.
type App struct {
	*kingpin.Application

	stderr     io.Writer
	terminated bool
	status     int // of --help and --version
}

// New returns a command line without flags, apart from --help.
func New(name, help string, stdout, stderr io.Writer) *App {
	a := &App{Application: kingpin.New(name, help), stderr: stderr}
	a.HelpFlag.Short('h')
	a.UsageWriter(stdout).ErrorWriter(stderr)
	a.Terminate(func(status int) {
		a.status, a.terminated = status, true
		a.UsageWriter(io.Discard) // kingpin goes on, and would print it again
	})
	return a
}

// Parse reads the arguments and returns the subcommand that was called, if there
// are any. If it is not ok, the program is to end with the status: it was asked
// for help, or the call is wrong and that has been printed.
func (a *App) Parse(args []string) (command string, status int, ok bool) {
	command, err := a.Application.Parse(args)
	switch {
	case a.terminated:
		return "", a.status, false
	case err != nil:
		fmt.Fprintf(a.stderr, "%s: %v; see %s --help\n", a.Name, err, a.Name)
		return "", ExitUsage, false
	}
	return command, ExitOK, true
}

// Exit prints an error and returns the status that the program ends with.
func (a *App) Exit(err error) int {
	if err == nil {
		return ExitOK
	}
	fmt.Fprintf(a.stderr, "%s: %v\n", a.Name, err)
	if _, wrongCall := errors.AsType[usageError](err); wrongCall {
		return ExitUsage
	}
	return ExitFailed
}
