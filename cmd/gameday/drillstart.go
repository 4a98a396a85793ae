package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/term"

	"goldensignals/internal/cli"
	"goldensignals/internal/drill"
	"goldensignals/internal/live"
	"goldensignals/internal/report"
)

// liveStart holds the flags of `gameday drill start`.
type liveStart struct {
	target *client
	name   string
	by     string
	output outputFlags
}

func drillStart(parent *kingpin.CmdClause) command {
	var s liveStart
	c := parent.Command("start", "Run a drill live until its end and score it. Ctrl-C stops it.")
	s.target = stackFlag(c)
	c.Flag("by", "Who starts it, for the others to see.").Default(userName()).StringVar(&s.by)
	s.output.add(c, "table", "json", "html")
	c.Arg("name", "A drill file, or the name of a shipped drill: see gameday drill list.").Required().StringVar(&s.name)
	return command{c, s.run}
}

func userName() string {
	u, err := user.Current()
	if err != nil {
		return "" // a container may run without a name
	}
	return u.Username
}

func (s *liveStart) run(ctx context.Context, stdout, stderr io.Writer) error {
	file, err := readDrill(s.name)
	if err != nil {
		return cli.WrongCall(err)
	}
	// The request outlives Ctrl-C, so that the stack's last word is heard.
	request, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	lines, err := s.open(request, file)
	if err != nil {
		return err
	}
	defer lines.Close()
	defer hangUp() // before the body is closed, which would wait for its end

	stopped := make(chan error, 1)
	release := context.AfterFunc(ctx, func() {
		err := s.target.do(context.WithoutCancel(ctx), http.MethodDelete, live.DrillsPath, nil, &live.DrillStatus{})
		if err != nil {
			hangUp() // which stops the drill as well
		}
		stopped <- err
	})
	last, err := s.follow(lines, stdout, stderr)
	if !release() {
		if stopErr := <-stopped; last.Result == nil {
			return interrupted(stopErr)
		}
	}
	if err != nil {
		return err
	}
	return s.finish(last, stdout, stderr)
}

// interrupted is what Ctrl-C ends with. The stack answered that nothing is left, unless err.
func interrupted(err error) error {
	if err != nil {
		return fmt.Errorf("the drill was cut off, but the stack did not confirm that its faults are gone: %w; check with: gameday drill status", err)
	}
	return errors.New("the drill was stopped before its end, so there is no score; none of its faults and silences is left")
}

// open starts the drill. The answer lasts as long as the drill does.
func (s *liveStart) open(ctx context.Context, file drillFile) (io.ReadCloser, error) {
	query := url.Values{"name": {file.name}, "by": {s.by}}
	target := strings.TrimSuffix(s.target.base.String(), "/") + live.DrillsPath + "?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(file.content))
	if err != nil {
		return nil, cli.WrongCall(fmt.Errorf("--stack=%s: %w", s.target.base, err))
	}
	req.Header.Set("Content-Type", "application/yaml")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("reach the stack at %s: %w; start one with: gameday up", s.target.base, err)
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil {
			return nil, fmt.Errorf("read the answer of the stack: %w", err)
		}
		return nil, refusal(resp, answer)
	}
	return resp.Body, nil
}

// follow shows how far the drill is and returns the line that ended it.
func (s *liveStart) follow(lines io.Reader, stdout, stderr io.Writer) (live.DrillLine, error) {
	show, end := progressLine(stderr)
	defer end()
	dec := json.NewDecoder(lines)
	var duration float64
	for {
		var line live.DrillLine
		switch err := dec.Decode(&line); {
		case err != nil:
			return line, fmt.Errorf("follow the drill: %w; the stack went away, and the drill with it", err)
		case line.Started != nil:
			duration = line.Started.DurationSeconds
			s.announce(*line.Started, stdout, stderr)
		case line.ElapsedSeconds != nil:
			show(fmt.Sprintf("%s of %s; Ctrl-C stops the drill", shortSeconds(*line.ElapsedSeconds), shortSeconds(duration)))
		case line.Error != "":
			return line, errors.New(line.Error)
		case line.Result != nil:
			return line, nil
		}
	}
}

// announce prints the brief; beside the result where standard output is for
// programs.
func (s *liveStart) announce(d live.RunningDrill, stdout, stderr io.Writer) {
	w := stdout
	if s.output.format != "table" && s.output.out == "" {
		w = stderr
	}
	fmt.Fprintf(w, "The drill has started. It lasts %s, until %s.\n",
		shortSeconds(d.DurationSeconds), d.StartedAt.Add(time.Duration(d.DurationSeconds*float64(time.Second))).Local().Format(time.TimeOnly))
	printBrief(w, d.Brief)
}

// finish prints and keeps the result.
func (s *liveStart) finish(last live.DrillLine, stdout, stderr io.Writer) error {
	results := []drill.Result{*last.Result}
	var err error
	if s.output.out != "" { // the file is for later, the table for those who watch
		err = report.Table(stdout, results)
	}
	err = errors.Join(err, s.output.write(stdout, func(w io.Writer) error { return writeResults(w, s.output.format, results) }))
	if len(last.Saved) > 0 {
		fmt.Fprintf(stderr, "Saved by the stack: %s\n", strings.Join(last.Saved, ", "))
	}
	if last.SaveError != "" {
		err = errors.Join(err, fmt.Errorf("the stack could not keep the result: %s", last.SaveError))
	}
	return errors.Join(err, fellShort(results))
}

// progressLine shows one line on stderr that changes, if that is a terminal.
func progressLine(stderr io.Writer) (show func(string), end func()) {
	f, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func(string) {}, func() {}
	}
	const erase = "\r\x1b[K"
	return func(text string) { fmt.Fprint(f, erase, text) }, func() { fmt.Fprint(f, erase) }
}
