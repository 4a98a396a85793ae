package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/alerts"
	"goldensignals/drills"
	"goldensignals/internal/cli"
	"goldensignals/internal/exported"
	"goldensignals/internal/lint"
	"goldensignals/runbooks"
)

// lintCall holds the flags of `gameday lint`.
type lintCall struct {
	interval time.Duration
	series   []string
	external []string
	output   outputFlags
	paths    []string
}

func lintCommand(app *kingpin.Application) command {
	var l lintCall
	c := app.Command("lint", "Check rules, Alertmanager's configuration, runbooks and drills, each for itself and against one another.")
	c.Flag("scrape-interval", "How often targets are scraped.").Default("15s").DurationVar(&l.interval)
	c.Flag("series", "Series that exist instead of those of the shop: what a target answers at /metrics, or Prometheus at /federate. Repeatable.").PlaceHolder("FILE").StringsVar(&l.series)
	c.Flag("external-label", "Name of a label that Prometheus adds to every alert. Repeatable.").PlaceHolder("NAME").StringsVar(&l.external)
	l.output.add(c, "table", "json")
	c.Arg("path", "Files, or folders of them: rules, alertmanager.yml, runbooks, drills. Without any: the shipped ones.").StringsVar(&l.paths)
	return command{c, l.run}
}

func (l *lintCall) run(ctx context.Context, stdout, _ io.Writer) error {
	if l.interval <= 0 {
		return cli.WrongCall(fmt.Errorf("--scrape-interval=%v is not above zero; give how often targets are scraped, such as 15s", l.interval))
	}
	files, err := lintFiles(l.paths)
	if err != nil {
		return cli.WrongCall(err)
	}
	series, err := l.readSeries(ctx)
	if err != nil {
		return err
	}
	findings := lint.Run(files, lint.Options{Series: series, ScrapeInterval: l.interval, ExternalLabels: l.external})
	result := lintResult{Findings: findings, Errors: lint.Errors(findings), Checked: countKinds(files)}
	result.Warnings = len(findings) - result.Errors
	if err := l.output.write(stdout, func(w io.Writer) error { return result.write(w, l.output.format) }); err != nil {
		return err
	}
	if result.Errors > 0 {
		return errors.New(result.summary())
	}
	return nil
}

// readSeries reads the files given, or asks the shop's own targets.
func (l *lintCall) readSeries(ctx context.Context) (*lint.Series, error) {
	if len(l.series) == 0 {
		return exported.Series(ctx)
	}
	series := &lint.Series{}
	for _, name := range l.series {
		f, err := os.Open(name)
		if err != nil {
			return nil, cli.WrongCall(fmt.Errorf("read series: %w; save what a target answers at /metrics there", err))
		}
		err = series.AddFile(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, cli.WrongCall(fmt.Errorf("read series %s: %w; save what a target answers at /metrics there", name, err))
		}
	}
	return series, nil
}

// lintFiles reads what the paths name, or the shipped files, and, for
// comparison only, shipped files of kinds that are missing.
func lintFiles(paths []string) ([]lint.File, error) {
	shipped, err := shippedFiles()
	if err != nil || len(paths) == 0 {
		return shipped, err
	}
	var files []lint.File
	for _, p := range paths {
		found, err := lintPath(p)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return standIns(unique(files), shipped), nil
}

func shippedFiles() ([]lint.File, error) {
	var files []lint.File
	for _, from := range []struct {
		folder string
		fsys   fs.FS
	}{{"alerts", alerts.FS()}, {"drills", drills.FS()}, {"runbooks", runbooks.FS()}} {
		found, err := lint.Find(from.fsys, ".", from.folder)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// lintPath reads a folder, or a file with those beside it, which it is
// compared with.
func lintPath(path string) ([]lint.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("lint: %w; name a file or a folder", err)
	}
	folder := path
	if !info.IsDir() {
		folder = filepath.Dir(path)
	}
	fsys := os.DirFS(folder)
	if info.IsDir() {
		files, err := lint.Find(fsys, ".", filepath.ToSlash(folder))
		if err == nil && len(files) == 0 {
			err = fmt.Errorf("lint: %s holds no rules, alertmanager.yml, runbook or drill; name a folder that does", path)
		}
		return files, err
	}
	files, err := lint.Find(fsys, filepath.Base(path), filepath.ToSlash(folder))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("lint: %s is neither a rule file (groups:), nor alertmanager.yml (route:), nor a runbook, nor a drill (timeline: and name:); name one that is", path)
	}
	beside, err := besides(fsys, folder)
	return append(files, beside...), err
}

// besides reads the files of a folder, but none below it.
func besides(fsys fs.FS, folder string) ([]lint.File, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	var files []lint.File
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		found, err := lint.Find(fsys, e.Name(), filepath.ToSlash(folder))
		if err != nil {
			continue // nobody asked for it
		}
		for _, f := range found {
			f.Role = lint.Beside
			files = append(files, f)
		}
	}
	return files, nil
}

// unique leaves each file in once, in the most telling of its roles.
func unique(files []lint.File) []lint.File {
	slices.SortStableFunc(files, func(a, b lint.File) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return int(a.Role) - int(b.Role)
	})
	return slices.CompactFunc(files, func(a, b lint.File) bool { return a.Name == b.Name })
}

// standIns adds shipped files of the kinds that are missing: rules lead to
// runbooks, runbooks to drills and rules.
func standIns(files, shipped []lint.File) []lint.File {
	for _, kind := range []lint.Kind{lint.KindRules, lint.KindRunbook, lint.KindDrill} {
		if slices.ContainsFunc(files, func(f lint.File) bool { return f.Kind == kind && f.Role != lint.Shipped }) {
			continue
		}
		for _, f := range shipped {
			if f.Kind == kind {
				f.Role = lint.Shipped
				f.Name = "shipped:" + f.Name // never mistaken for one of the same name that is judged
				files = append(files, f)
			}
		}
	}
	return files
}

// lintResult is what `gameday lint` tells.
type lintResult struct {
	Checked  lintCounts     `json:"checked"`
	Errors   int            `json:"errors"`
	Warnings int            `json:"warnings"`
	Findings []lint.Finding `json:"findings"`
}

// lintCounts says how many files of each kind were judged.
type lintCounts struct {
	Rules        int `json:"rule_files"`
	Alertmanager int `json:"alertmanager_configurations"`
	Runbooks     int `json:"runbooks"`
	Drills       int `json:"drills"`
	Services     int `json:"services_files"`
}

func countKinds(files []lint.File) lintCounts {
	n := map[lint.Kind]int{}
	for _, f := range files {
		if f.Role == lint.Judged {
			n[f.Kind]++
		}
	}
	return lintCounts{n[lint.KindRules], n[lint.KindAlertmanager], n[lint.KindRunbook], n[lint.KindDrill], n[lint.KindServices]}
}

func (r lintResult) write(w io.Writer, format string) error {
	if format == "json" {
		if r.Findings == nil {
			r.Findings = []lint.Finding{} // a list, not null
		}
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	}
	for _, f := range r.Findings {
		fmt.Fprintln(w, printable(f.String()))
	}
	if r.Errors == 0 {
		fmt.Fprintln(w, r.summary())
	}
	return nil
}

// summary is one line: what was found in what.
func (r lintResult) summary() string {
	found := "nothing wrong"
	if n := r.Errors + r.Warnings; n > 0 {
		found = count(r.Errors, "error") + " and " + count(r.Warnings, "warning")
	}
	var parts []string
	for _, p := range []struct {
		n    int
		noun string
	}{
		{r.Checked.Rules, "rule file"}, {r.Checked.Alertmanager, "Alertmanager configuration"},
		{r.Checked.Runbooks, "runbook"}, {r.Checked.Drills, "drill"}, {r.Checked.Services, "services file"},
	} {
		if p.n > 0 {
			parts = append(parts, count(p.n, p.noun))
		}
	}
	return found + " in " + strings.Join(parts, ", ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
