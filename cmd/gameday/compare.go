package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/report"
	"goldensignals/internal/stack"
)

// compare holds the flags of `gameday compare`.
type compare struct {
	a, b     string
	interval time.Duration
	seed     uint64
	output   outputFlags
	drills   []string
}

func compareCommand(app *kingpin.Application) command {
	var r compare
	c := app.Command("compare", "Replay the same drills through two alert designs and name the differences.")
	c.Flag("a", "Folder of the first design: rule files, and an alertmanager.yml if it has its own.").Required().StringVar(&r.a)
	c.Flag("b", "Folder of the second design.").Required().StringVar(&r.b)
	c.Flag("scrape-interval", "How often targets are scraped and rules evaluated.").Default("15s").DurationVar(&r.interval)
	c.Flag("seed", "Seed of everything random.").Default("1").Uint64Var(&r.seed)
	r.output.add(c, "table", "json", "html")
	c.Arg("drill", "Drill files, or names of shipped drills. Without any: all shipped drills.").StringsVar(&r.drills)
	return command{c, r.run}
}

func (r *compare) run(ctx context.Context, stdout, stderr io.Writer) error {
	files, err := readDrills(r.drills)
	if err != nil {
		return usageError{err}
	}
	var specs []stack.ReplaySpec
	for _, folder := range []string{r.a, r.b} {
		spec, err := r.design(folder)
		if err != nil {
			return usageError{err}
		}
		for _, f := range files {
			spec.File, spec.Content = f.name, f.content
			specs = append(specs, spec)
		}
	}
	// A comparison of what is left after an error would mislead.
	results, err := replayAll(ctx, specs, stderr)
	if err != nil {
		return err
	}
	comparison := report.Compare(results[:len(files)], results[len(files):], filepath.Base(r.a), filepath.Base(r.b))
	return r.output.write(stdout, func(w io.Writer) error {
		switch r.output.format {
		case "json":
			return comparison.JSON(w)
		case "html":
			return comparison.HTML(w)
		default:
			return comparison.Table(w)
		}
	})
}

// design is the alert design in a folder. Without an alertmanager.yml of its
// own it is routed as the shipped one is.
func (r *compare) design(folder string) (stack.ReplaySpec, error) {
	spec := stack.ReplaySpec{Seed: r.seed, Interval: r.interval, Rules: []string{folder}}
	config := filepath.Join(folder, "alertmanager.yml")
	switch _, err := os.Stat(config); {
	case err == nil:
		spec.Alertmanager = config
	case !errors.Is(err, os.ErrNotExist):
		return spec, fmt.Errorf("read design: %w", err)
	}
	return spec, checkDesign(spec.Rules, spec.Alertmanager)
}
