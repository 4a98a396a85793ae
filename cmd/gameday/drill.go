package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/drill"
	"goldensignals/internal/live"
)

func drillCommands(app *kingpin.Application) []command {
	c := app.Command("drill", "Practise outages live, on a running stack.")
	return []command{drillList(c), drillLint(c), drillStart(c), drillStatus(c), drillStop(c)}
}

func drillList(parent *kingpin.CmdClause) command {
	c := parent.Command("list", "Show the drills that come with gameday.")
	return command{c, func(_ context.Context, stdout, _ io.Writer) error {
		files, err := readDrills(nil)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tTITLE\tLENGTH\tINCIDENTS")
		for _, f := range files {
			incidents := strconv.Itoa(len(f.scenario.Incidents))
			if f.scenario.Control() {
				incidents = "none (control)"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.scenario.Name, f.scenario.Title, short(f.scenario.Duration), incidents)
		}
		return w.Flush()
	}}
}

func drillLint(parent *kingpin.CmdClause) command {
	c := parent.Command("lint", "Check drill files.")
	paths := c.Arg("path", "Drill files, or folders of them. Without any: the shipped drills.").Strings()
	return command{c, func(_ context.Context, stdout, stderr io.Writer) error {
		files, err := findDrills(*paths)
		if err != nil {
			return cli.WrongCall(err)
		}
		broken := 0
		for _, f := range files {
			if _, err := drill.Parse(f.name, f.content); err != nil {
				fmt.Fprintln(stderr, err)
				broken++
				continue
			}
			fmt.Fprintf(stdout, "%s: ok\n", f.name)
		}
		if broken > 0 {
			return fmt.Errorf("%d of %d drill files have errors", broken, len(files))
		}
		return nil
	}}
}

// findDrills reads the files at the given paths, and in folders the YAML files
// below; none given means the shipped drills. They are not parsed yet.
func findDrills(paths []string) ([]drillFile, error) {
	if len(paths) == 0 {
		return readDrills(nil)
	}
	var (
		files []drillFile
		errs  []error
	)
	for _, path := range paths {
		found, err := drillsAt(path)
		files, errs = append(files, found...), append(errs, err)
	}
	return files, errors.Join(errs...)
}

func drillsAt(path string) ([]drillFile, error) {
	var files []drillFile
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if ext := filepath.Ext(name); name != path && ext != ".yaml" && ext != ".yml" {
			return nil
		}
		content, err := os.ReadFile(name)
		files = append(files, drillFile{name: name, content: content})
		return err
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read drills: %w; name a drill file or a folder of them", err)
	case len(files) == 0:
		return nil, fmt.Errorf("read drills: %s holds no .yaml file; name a drill file or a folder of them", path)
	}
	return files, nil
}

func drillStatus(parent *kingpin.CmdClause) command {
	c := parent.Command("status", "Show the drill that runs, as players may know it, and the last one.")
	target := stackFlag(c)
	return command{c, func(ctx context.Context, stdout, _ io.Writer) error {
		var status live.DrillStatus
		if err := target.do(ctx, http.MethodGet, live.DrillsPath, nil, &status); err != nil {
			return err
		}
		printRunning(stdout, status.Running)
		printLast(stdout, status.Last)
		return nil
	}}
}

func printRunning(w io.Writer, d *live.RunningDrill) {
	if d == nil {
		fmt.Fprintln(w, "No drill is running.")
		return
	}
	fmt.Fprintf(w, "A drill has been running for %s of %s%s.\n", shortSeconds(d.ElapsedSeconds), shortSeconds(d.DurationSeconds), startedBy(d.By))
	printBrief(w, d.Brief)
}

func printBrief(w io.Writer, brief string) {
	if brief != "" {
		fmt.Fprintf(w, "\n  %s\n\n", strings.ReplaceAll(printable(brief), "\n", "\n  "))
	}
}

func printLast(w io.Writer, d *live.EndedDrill) {
	if d == nil {
		return
	}
	fmt.Fprintf(w, "The last drill was %s (%s)%s. It ended at %s: %s.\n", d.Name, printable(d.Title), startedBy(d.By), d.EndedAt.Local().Format(time.TimeOnly), d.Outcome)
	sentences := append(append([]string{}, d.Problems...), d.Notes...)
	if d.Reason != "" {
		sentences = append(sentences, d.Reason)
	}
	for _, s := range sentences {
		fmt.Fprintf(w, "  %s\n", printable(s))
	}
	for _, file := range d.Saved {
		fmt.Fprintf(w, "  saved: %s\n", file)
	}
}

func drillStop(parent *kingpin.CmdClause) command {
	c := parent.Command("stop", "Stop the drill that runs; its faults and silences end with it.")
	target := stackFlag(c)
	return command{c, func(ctx context.Context, stdout, _ io.Writer) error {
		var before, after live.DrillStatus
		if err := target.do(ctx, http.MethodGet, live.DrillsPath, nil, &before); err != nil {
			return err
		}
		if before.Running == nil {
			fmt.Fprintln(stdout, "No drill is running.")
			return nil
		}
		if err := target.do(ctx, http.MethodDelete, live.DrillsPath, nil, &after); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Stopped the drill%s. %s\n", startedBy(before.Running.By), nothingLeft)
		return nil
	}}
}

// nothingLeft is what the stack promises once a drill is over.
const nothingLeft = "None of its faults and silences is left."

func startedBy(name string) string {
	if name == "" {
		return ""
	}
	return ", started by " + printable(name)
}

// short renders a duration without units that are zero: 45m, not 45m0s.
func short(d time.Duration) string {
	s := d.Truncate(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func shortSeconds(seconds float64) string {
	return short(time.Duration(seconds * float64(time.Second)))
}

// printable keeps what others wrote from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
}
