package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/storm"
)

// stormCall holds the flags of `gameday storm`.
type stormCall struct {
	opts   storm.Options
	router string // hidden: be the router's process, on this data folder
}

func stormCommand(app *kingpin.Application) command {
	var s stormCall
	c := app.Command("storm", "Every container of every node is down: send all alerts through Alertmanager to a router, and see what the phone gets. Takes minutes, and 5 GB for a million alerts.")
	c.Flag("nodes", "How many nodes.").Default("1000").IntVar(&s.opts.Nodes)
	c.Flag("containers", "Containers of each node.").Default("1000").IntVar(&s.opts.Containers)
	c.Flag("watch", "How long to look at the phone, from the first alert.").Default("3m").DurationVar(&s.opts.Watch)
	c.Flag("router-data-dir", "").Hidden().StringVar(&s.router)
	return command{c, s.run}
}

func (s *stormCall) run(ctx context.Context, stdout, stderr io.Writer) error {
	if s.router != "" {
		return storm.Router(ctx, s.router, os.Stdin, stdout)
	}
	if s.opts.Nodes < 1 || s.opts.Nodes > 10_000 || s.opts.Containers < 1 || s.opts.Containers > 10_000 || s.opts.Watch < 0 {
		return cli.WrongCall(errors.New("--nodes and --containers: give 1 to 10000; --watch: no negative time"))
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	s.opts.Router = func(ctx context.Context, dataDir string) *exec.Cmd {
		return exec.CommandContext(ctx, self, "storm", "--router-data-dir="+dataDir)
	}
	fmt.Fprintf(stderr, "%d alerts are on their way; the phone is watched for %s.\n", s.opts.Nodes*s.opts.Containers, s.opts.Watch)
	res, err := storm.Run(ctx, s.opts)
	if err != nil {
		return err
	}
	return printStorm(stdout, res)
}

// mostMemory is what the router may need, in bytes.
const mostMemory = 256 << 20

func printStorm(w io.Writer, res storm.Result) error {
	fmt.Fprintf(w, "%d alerts, taken by Alertmanager after %s; the router was told of %d groups.\n", res.Alerts, res.Posted.Round(time.Second/10), res.Incidents)
	for _, m := range res.SMS {
		fmt.Fprintf(w, "SMS after %s: %s\n", m.After.Round(time.Second/10), m.Text)
	}
	fmt.Fprintf(w, "%d messages wait for the phone's budget.\n", res.Waiting)
	fmt.Fprintf(w, "Most memory: router %d MiB, Alertmanager and whoever sends to it %d MiB.\n", res.RouterPeak>>20, res.Ours>>20)
	switch {
	case len(res.SMS) == 0 || res.SMS[0].After > time.Minute:
		return errors.New("no SMS within a minute of the first alert")
	case res.RouterPeak > mostMemory:
		return fmt.Errorf("the router needed more than %d MiB", mostMemory>>20)
	}
	return nil
}
