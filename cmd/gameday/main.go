// Command gameday runs the platform and practises outages on it.
package main

import (
	"context"
	"io"
	"os"
	"slices"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/bubble"
	"goldensignals/internal/cli"
	"goldensignals/internal/replay"
)

func main() {
	bubble.Child(replay.Jobs()) // returns, unless this process is a replay's child
	os.Exit(run(cli.Context(), os.Args[1:], os.Stdout, os.Stderr))
}

// command is one subcommand: how it is called and what it does.
type command struct {
	clause *kingpin.CmdClause
	run    func(ctx context.Context, stdout, stderr io.Writer) error
}

// commands lists every subcommand; each has a file of its own.
func commands(app *kingpin.Application) []command {
	return slices.Concat(
		[]command{upCommand(app), serveCommand(app), prepareCommand(app), replayCommand(app), compareCommand(app), lintCommand(app), dependenciesCommand(app), exportCommand(app), stormCommand(app)},
		drillCommands(app), faultCommands(app), fixCommands(app),
	)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	app := cli.New("gameday", "Practise outages: a shop that breaks, alerts that reach you, runbooks that help.", stdout, stderr)
	cmds := commands(app.Application)
	selected, status, ok := app.Parse(args)
	if !ok {
		return status
	}
	for _, c := range cmds {
		if c.clause.FullCommand() == selected {
			return app.Exit(c.run(ctx, stdout, stderr))
		}
	}
	return cli.ExitUsage
}
