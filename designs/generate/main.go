// Command generate plays all drills with the shipped alert design and with those in a
// folder, each once, and writes down what came of it: the record of package scorecard
// into the folder, and the tables of the folder's README.md and of the one above it.
// `go generate ./designs` calls it.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"

	"goldensignals/drills"
	"goldensignals/internal/bubble"
	"goldensignals/internal/replay"
	"goldensignals/internal/scorecard"
)

// recordFile is the name of the record in the folder of designs.
const recordFile = "scorecard.jsonl"

func main() {
	bubble.Child(replay.Jobs())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := call(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func call(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	play := flags.String("play", "", "play only the `DESIGN/DRILL` that match this regular expression, such as ^alerts/; all others stay as they are on record")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("want one argument, the folder of designs")
	}
	match, err := regexp.Compile(*play)
	if err != nil {
		return fmt.Errorf("read -play: %w", err)
	}
	return generate(ctx, theater{folder: flags.Arg(0), designs: designs(), drills: drills.FS(), procs: runtime.GOMAXPROCS(0), log: log.New(stderr, "", 0)}, match)
}

// designs are those that the tables show, in their order.
func designs() []string { return []string{scorecard.Shipped, "static", "causes", "naive"} }

// generate plays what matches and writes everything, or nothing if a replay fails.
func generate(ctx context.Context, t theater, match *regexp.Regexp) error {
	tables := tablesOf(t.folder)
	for _, table := range tables {
		if err := table.section.Check(); err != nil {
			return err
		}
	}
	file := filepath.Join(t.folder, recordFile)
	known, err := readRecord(file)
	if err != nil {
		return err
	}
	record, err := t.play(ctx, known, match)
	if err != nil {
		return err
	}
	if err := writeRecord(file, record); err != nil {
		return err
	}
	for _, table := range tables {
		text, err := table.text(record, t.designs)
		if err != nil {
			return err
		}
		if err := table.section.Replace(text); err != nil {
			return err
		}
	}
	return nil
}

// readRecord reads the record; there may be none yet.
func readRecord(file string) (scorecard.Record, error) {
	content, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read record: %w", err)
	}
	return scorecard.Read(bytes.NewReader(content))
}

func writeRecord(file string, record scorecard.Record) error {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	return errors.Join(record.Write(f), f.Close())
}
