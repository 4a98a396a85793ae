// Command demoload is the users of the shop, or a prober that walks it as one of them,
// each for a container of its own.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
)

func main() {
	os.Exit(run(cli.Context(), os.Args[1:], os.Stdout, os.Stderr))
}

// command is one subcommand: how it is called and what it does.
type command struct {
	clause *kingpin.CmdClause
	flags  *config
	run    func(ctx context.Context, log *slog.Logger) error
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	app := cli.New("demoload", "The users of the shop, or a prober that walks it as one of them.", stdout, stderr)
	commands := []command{usersCommand(app.Application), probeCommand(app.Application)}
	selected, status, ok := app.Parse(args)
	if !ok {
		return status
	}
	for _, c := range commands {
		if c.clause.FullCommand() == selected {
			return app.Exit(c.serve(ctx, stderr))
		}
	}
	return cli.ExitUsage
}

// serve runs the command, or asks a running one for its health.
func (c command) serve(ctx context.Context, stderr io.Writer) error {
	if c.flags.healthcheck {
		return cli.CheckHealth(ctx, c.flags.listen)
	}
	if err := c.flags.complete(); err != nil {
		return cli.WrongCall(err)
	}
	return c.run(ctx, cli.Log(stderr, c.flags.logLevel))
}
