package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/sync/errgroup"

	"goldensignals/drills"
	"goldensignals/internal/cli"
	"goldensignals/internal/drill"
	"goldensignals/internal/replay"
	"goldensignals/internal/report"
)

// replayCall holds the flags of `gameday replay`.
type replayCall struct {
	rules        []string
	alertmanager string
	interval     time.Duration
	seed         uint64
	cache        cacheFlags
	output       outputFlags
	drills       []string
}

func replayCommand(app *kingpin.Application) command {
	var r replayCall
	c := app.Command("replay", "Replay drills in virtual time through the real engines and score the alerts.")
	c.Flag("rules", "Rule file, or a folder of them, instead of the shipped rules. Repeatable.").StringsVar(&r.rules)
	c.Flag("alertmanager", "Alertmanager configuration instead of the shipped one.").StringVar(&r.alertmanager)
	c.Flag("scrape-interval", "How often targets are scraped and rules evaluated.").Default("15s").DurationVar(&r.interval)
	c.Flag("seed", "Seed of everything random: the same seed gives the same bytes.").Default("1").Uint64Var(&r.seed)
	r.cache.add(c)
	r.output.add(c, "table", "json", "junit", "html", "markdown")
	r.output.addInto(c)
	c.Arg("drill", "Drill files, or names of shipped drills. Without any: all shipped drills.").StringsVar(&r.drills)
	return command{c, r.run}
}

func (r *replayCall) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := r.output.check(); err != nil {
		return cli.WrongCall(err)
	}
	files, err := readDrills(r.drills)
	if err != nil {
		return cli.WrongCall(err)
	}
	if err := checkDesign(r.rules, r.alertmanager); err != nil {
		return cli.WrongCall(err)
	}
	var specs []replay.Spec
	for _, f := range files {
		specs = append(specs, replay.Spec{File: f.name, Content: f.content, Seed: r.seed, Interval: r.interval, Rules: r.rules, Alertmanager: r.alertmanager})
	}
	results, err := replayAll(ctx, r.cache, specs, stderr)
	if len(results) > 0 {
		err = errors.Join(err, r.output.write(stdout, func(w io.Writer) error { return writeResults(w, r.output.format, results) }))
	}
	return errors.Join(err, fellShort(results))
}

func writeResults(w io.Writer, format string, results []drill.Result) error {
	switch format {
	case "json":
		return report.JSON(w, results)
	case "junit":
		return report.JUnit(w, results)
	case "html":
		return report.HTML(w, results)
	case "markdown":
		return report.Markdown(w, results)
	default:
		return report.Table(w, results)
	}
}

// fellShort is the error for drills that did not meet their expectations; the
// report says why.
func fellShort(results []drill.Result) error {
	var names []string
	for _, r := range results {
		if !r.Passed {
			names = append(names, r.Drill)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d drills fell short: %s", len(names), len(results), strings.Join(names, ", "))
}

// replayAll replays as many drills at once as there are processors. It returns
// the results of those that ran, in the order of specs, and the errors of the
// others.
func replayAll(ctx context.Context, cache cacheFlags, specs []replay.Spec, stderr io.Writer) (results []drill.Result, err error) {
	err = cache.use(func(h *replay.Histories) error {
		results, err = replayWith(ctx, h, specs, stderr)
		return err
	})
	return results, err
}

func replayWith(ctx context.Context, histories *replay.Histories, specs []replay.Spec, stderr io.Writer) ([]drill.Result, error) {
	bar := newBar(stderr, len(specs))
	defer bar.finish()
	results := make([]*drill.Result, len(specs))
	errs := make([]error, len(specs))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, spec := range specs {
		group.Go(func() error {
			result, err := histories.Drill(ctx, spec, func(done, total time.Duration) { bar.set(i, done, total) })
			if err != nil {
				errs[i] = err
				return nil // the others go on
			}
			results[i] = &result
			return nil
		})
	}
	_ = group.Wait() // errors are in errs
	var ran []drill.Result
	for _, r := range results {
		if r != nil {
			ran = append(ran, *r)
		}
	}
	return ran, errors.Join(errs...)
}

// drillFile is a drill that has been read and parses.
type drillFile struct {
	name     string
	content  []byte
	scenario *drill.Scenario
}

// readDrills reads the given files or shipped drills; none given means all
// shipped ones.
func readDrills(args []string) ([]drillFile, error) {
	if len(args) == 0 {
		names, err := fs.Glob(drills.FS(), "*.yaml")
		if err != nil {
			return nil, fmt.Errorf("list drills: %w", err)
		}
		args = names
	}
	var (
		files []drillFile
		errs  []error
	)
	for _, arg := range args {
		f, err := readDrill(arg)
		files, errs = append(files, f), append(errs, err)
	}
	return files, errors.Join(errs...)
}

func readDrill(arg string) (drillFile, error) {
	content, err := os.ReadFile(arg)
	if errors.Is(err, fs.ErrNotExist) {
		if shipped, shippedErr := fs.ReadFile(drills.FS(), strings.TrimSuffix(arg, ".yaml")+".yaml"); shippedErr == nil {
			content, err = shipped, nil
		}
	}
	if err != nil {
		return drillFile{}, fmt.Errorf("read drill: %w; name a file or one of: %s", err, strings.Join(shippedDrills(), ", "))
	}
	scenario, err := drill.Parse(arg, content)
	return drillFile{arg, content, scenario}, err
}

func shippedDrills() []string {
	files, err := fs.Glob(drills.FS(), "*.yaml")
	if err != nil {
		return nil // only a malformed pattern fails
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".yaml")
	}
	slices.Sort(files)
	return files
}

// checkDesign reads an alert design once, so that a broken one is refused
// before anything is replayed.
func checkDesign(rules []string, alertmanager string) error {
	ruleSource, configSource := replay.Design(rules, alertmanager)
	var errs []error
	if ruleSource != nil {
		_, err := ruleSource()
		errs = append(errs, err)
	}
	if configSource != nil {
		_, err := configSource()
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// outputFlags say in which form a result goes where.
type outputFlags struct {
	format, out string
	into        report.Section // its file is empty where nothing is replaced
}

func (o *outputFlags) add(c *kingpin.CmdClause, formats ...string) {
	c.Flag("format", "Form of the result: "+strings.Join(formats, ", ")+".").Default(formats[0]).EnumVar(&o.format, formats...)
	c.Flag("out", "Write the result to this file instead of standard output.").StringVar(&o.out)
}

// addInto is for commands that have the format markdown.
func (o *outputFlags) addInto(c *kingpin.CmdClause) {
	c.Flag("into", "Markdown file in which the result replaces what stands between two markers.").StringVar(&o.into.File)
	c.Flag("marker", "Name in the markers of --into: <!-- gameday:NAME --> and <!-- /gameday:NAME -->, each on a line of its own.").
		Default("scorecard").StringVar(&o.into.Name)
}

// check finds what would keep the result from being written, before minutes are
// spent on it.
func (o *outputFlags) check() error {
	switch {
	case o.into.File == "":
		return nil
	case o.format != "markdown":
		return errors.New("--into writes Markdown: give --format=markdown, too, or --out instead")
	case o.out != "":
		return errors.New("--into and --out both say where the result goes: give one of them")
	default:
		return o.into.Check()
	}
}

func (o *outputFlags) write(stdout io.Writer, render func(io.Writer) error) error {
	switch {
	case o.into.File != "":
		var text strings.Builder
		if err := render(&text); err != nil {
			return err
		}
		return o.into.Replace(text.String())
	case o.out == "":
		return render(stdout)
	}
	f, err := os.Create(o.out)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return errors.Join(render(f), f.Close())
}

// bar shows on a terminal how far all replays together are. In a pipe it is
// silent. It is safe for concurrent use.
type bar struct {
	mu    sync.Mutex
	parts []float64
	show  func(ratio float64)
	end   func()
}

func (b *bar) set(i int, done, total time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts[i] = float64(done) / float64(total)
	sum := 0.0
	for _, p := range b.parts {
		sum += p
	}
	b.show(sum / float64(len(b.parts)))
}

func (b *bar) finish() { b.end() }
