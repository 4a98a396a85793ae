package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/replay"
)

// prepare holds the flags of `gameday prepare`.
type prepare struct {
	tokenFile string
	history   replay.HistoryOptions
}

func prepareCommand(app *kingpin.Application) command {
	var p prepare
	c := app.Command("prepare", "Before containers start for the first time: draw the token by which they know one another, and make a past for Prometheus. What is there already stays.")
	c.Flag("token-file", "Where the token is to be; a random one is written if there is none.").StringVar(&p.tokenFile)
	c.Flag("history", "Data folder of a Prometheus that is not running; healthy history is put into it if it is empty.").StringVar(&p.history.Dir)
	c.Flag("history.length", "How far the history goes back.").Default("2h").DurationVar(&p.history.Length)
	c.Flag("rules", "Rule file, or a folder of them, instead of the shipped rules. Repeatable.").StringsVar(&p.history.Rules)
	c.Flag("alertmanager", "Alertmanager configuration instead of the shipped one.").StringVar(&p.history.Alertmanager)
	c.Flag("scrape-interval", "How often Prometheus scrapes and evaluates.").Default("5s").DurationVar(&p.history.Interval)
	c.Flag("load.rps", "Requests per second that the shop's users send.").Default("40").Float64Var(&p.history.RPS)
	c.Flag("seed", "Seed of everything random.").Default("1").Uint64Var(&p.history.Seed)
	return command{c, p.run}
}

func (p *prepare) run(ctx context.Context, stdout, _ io.Writer) error {
	switch {
	case p.tokenFile == "" && p.history.Dir == "":
		return cli.WrongCall(errors.New("nothing to prepare; give --token-file, --history or both"))
	case p.history.Length < minHistory || p.history.Length > maxHistory:
		return cli.WrongCall(fmt.Errorf("--history.length=%v: give %v to %v", p.history.Length, minHistory, maxHistory))
	}
	if p.tokenFile != "" {
		made, err := makeToken(p.tokenFile)
		if err != nil {
			return fmt.Errorf("--token-file: %w", err)
		}
		fmt.Fprintf(stdout, "%s: %s\n", p.tokenFile, madeOrKept(made))
	}
	if p.history.Dir != "" {
		began := time.Now()
		made, err := replay.WriteHistory(ctx, p.history)
		if err != nil {
			return fmt.Errorf("--history=%s: %w", p.history.Dir, err)
		}
		fmt.Fprintf(stdout, "%s: %s, %v\n", p.history.Dir, madeOrKept(made), time.Since(began).Round(time.Millisecond))
	}
	return nil
}

func madeOrKept(made bool) string {
	if made {
		return "made"
	}
	return "is there already"
}

// makeToken writes a random token, unless there is one. Containers run as different
// users, so that everybody who has the folder may read it.
func makeToken(path string) (made bool, err error) {
	text, err := os.ReadFile(path)
	if err == nil && strings.TrimSpace(string(text)) != "" {
		return false, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	next := path + ".new" // whole at every moment
	if err := os.WriteFile(next, []byte(rand.Text()+"\n"), 0o444); err != nil {
		return false, err
	}
	return true, os.Rename(next, path)
}
