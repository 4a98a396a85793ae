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

	"goldensignals/internal/cli"
	"goldensignals/internal/drill"
	"goldensignals/internal/replay"
	"goldensignals/internal/report"
)

// compare holds the flags of `gameday compare`.
type compare struct {
	a        string
	b        []string
	interval time.Duration
	seed     uint64
	cache    cacheFlags
	output   outputFlags
	drills   []string
}

func compareCommand(app *kingpin.Application) command {
	var r compare
	c := app.Command("compare", "Replay the same drills through several alert designs and name the differences.")
	c.Flag("a", "Folder of the first design: rule files, and an alertmanager.yml if it has its own.").Required().StringVar(&r.a)
	c.Flag("b", "Folder of the second design. Repeatable: each is compared with the first.").Required().StringsVar(&r.b)
	c.Flag("scrape-interval", "How often targets are scraped and rules evaluated.").Default("15s").DurationVar(&r.interval)
	c.Flag("seed", "Seed of everything random.").Default("1").Uint64Var(&r.seed)
	r.cache.add(c)
	r.output.add(c, "table", "json", "html", "markdown")
	r.output.addInto(c)
	c.Arg("drill", "Drill files, or names of shipped drills. Without any: all shipped drills.").StringsVar(&r.drills)
	return command{c, r.run}
}

func (r *compare) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := r.check(); err != nil {
		return cli.WrongCall(err)
	}
	files, err := readDrills(r.drills)
	if err != nil {
		return cli.WrongCall(err)
	}
	specs, err := r.specs(files)
	if err != nil {
		return cli.WrongCall(err)
	}
	// A comparison of what is left after an error would mislead.
	results, err := replayAll(ctx, r.cache, specs, stderr)
	if err != nil {
		return err
	}
	comparisons := r.comparisons(results, len(files))
	return r.output.write(stdout, func(w io.Writer) error { return writeComparisons(w, r.output.format, comparisons) })
}

func (r *compare) check() error {
	if r.output.format == "html" && len(r.b) > 1 {
		return errors.New("--format=html shows two designs: give --b once, or choose another format")
	}
	return r.output.check()
}

// specs are the replays of all drills with the first design, then of all with
// the next one, and so on.
func (r *compare) specs(files []drillFile) ([]replay.Spec, error) {
	var specs []replay.Spec
	for _, folder := range append([]string{r.a}, r.b...) {
		spec, err := r.design(folder)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			spec.File, spec.Content = f.name, f.content
			specs = append(specs, spec)
		}
	}
	return specs, nil
}

// comparisons compares the first design with each other one; results are in the
// order of specs, so many for each design.
func (r *compare) comparisons(results []drill.Result, each int) []report.Comparison {
	var out []report.Comparison
	first, rest := results[:each], results[each:]
	for i, folder := range r.b {
		out = append(out, report.Compare(first, rest[i*each:(i+1)*each], filepath.Base(r.a), filepath.Base(folder)))
	}
	return out
}

// writeComparisons writes tables one below the other, JSON objects line by line,
// and Markdown with the designs side by side. Only one comparison is a page.
func writeComparisons(w io.Writer, format string, comparisons []report.Comparison) error {
	if format == "markdown" {
		return report.ComparisonsMarkdown(w, comparisons)
	}
	for i, c := range comparisons {
		if err := writeComparison(w, format, c, i > 0); err != nil {
			return err
		}
	}
	return nil
}

func writeComparison(w io.Writer, format string, c report.Comparison, further bool) error {
	switch format {
	case "json":
		return c.JSON(w)
	case "html":
		return c.HTML(w)
	}
	if further {
		fmt.Fprintln(w)
	}
	return c.Table(w)
}

// design is the alert design in a folder. Without an alertmanager.yml of its
// own it is routed as the shipped one is.
func (r *compare) design(folder string) (replay.Spec, error) {
	spec := replay.Spec{Seed: r.seed, Interval: r.interval, Rules: []string{folder}}
	config := filepath.Join(folder, "alertmanager.yml")
	switch _, err := os.Stat(config); {
	case err == nil:
		spec.Alertmanager = config
	case !errors.Is(err, os.ErrNotExist):
		return spec, fmt.Errorf("read design: %w", err)
	}
	return spec, checkDesign(spec.Rules, spec.Alertmanager)
}
