// Command alertrouter brings the alerts of your own Alertmanager to people:
// critical by SMS, warning into a ticket, info into a log.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // rotas have time zones, also where the system has none

	"github.com/prometheus/common/version"

	"goldensignals/internal/cli"
)

func main() {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	os.Exit(run(cli.Context(), os.Args[1:], hangup, os.Stdout, os.Stderr))
}

// run runs the router until ctx ends. It reads its configuration again whenever
// something comes from hangup.
func run(ctx context.Context, args []string, hangup <-chan os.Signal, stdout, stderr io.Writer) int {
	cmd := cli.New("alertrouter", "Brings alerts to people: critical by SMS, warning into a ticket, info into a log.", stdout, stderr)
	cmd.Version(version.Print("alertrouter"))
	c := flags(cmd.Application)
	if _, status, ok := cmd.Parse(args); !ok {
		return status
	}
	if c.health {
		return cmd.Exit(cli.CheckHealth(ctx, c.listen))
	}
	if c.check {
		summary, err := c.summary()
		if err != nil {
			fmt.Fprintln(stderr, err) // each line begins with a file and a line of it
			return cli.ExitUsage
		}
		fmt.Fprintln(stdout, summary)
		return cli.ExitOK
	}
	a, err := newApp(ctx, c, stdout, c.logger(stderr))
	if err != nil {
		return cmd.Exit(err)
	}
	return cmd.Exit(a.run(ctx, hangup))
}

func (c *config) logger(stderr io.Writer) *slog.Logger {
	if c.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: cli.Level(c.logLevel)}))
	}
	return cli.Log(stderr, c.logLevel)
}
