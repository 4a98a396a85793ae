// Command demoapp runs one service of the shop as a container runs it.
package main

import (
	"context"
	"io"
	"os"

	"goldensignals/internal/cli"
)

func main() {
	os.Exit(run(cli.Context(), os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	app := cli.New("demoapp", "One service of the shop, for a container of its own.", stdout, stderr)
	c := flags(app.Application)
	if _, status, ok := app.Parse(args); !ok {
		return status
	}
	if c.healthcheck {
		return app.Exit(cli.CheckHealth(ctx, c.listen))
	}
	if err := c.complete(); err != nil {
		return app.Exit(cli.WrongCall(err))
	}
	log := cli.Log(stderr, c.logLevel)

	earlier, child := earlierKills(getenv)
	if c.dataDir != "" && !child {
		status, err := supervise(ctx, c.dataDir, args, stdout, stderr)
		if err != nil {
			return app.Exit(err)
		}
		return status
	}
	a, err := newApp(ctx, c, earlier, log)
	if err != nil {
		return app.Exit(err)
	}
	return app.Exit(a.run(ctx))
}
