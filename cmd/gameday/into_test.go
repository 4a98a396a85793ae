package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goldensignals/internal/cli"
	"goldensignals/internal/tier"
)

const (
	begin = "<!-- gameday:scorecard -->"
	end   = "<!-- /gameday:scorecard -->"
)

func page(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestIntoRefuses(t *testing.T) {
	t.Parallel()
	fine := page(t, begin+"\n"+end+"\n")
	tests := []struct {
		name, want string
		args       []string
	}{
		{"no such file", "none.md", []string{"--format=markdown", "--into=none.md"}},
		{"no markers", "page.md: there is no line " + begin + "; write the lines", []string{"--format=markdown", "--into=" + page(t, "# Title\n")}},
		{"no end", "there is no line " + end, []string{"--format=markdown", "--into=" + page(t, begin+"\n")}},
		{"the wrong way round", "stands before", []string{"--format=markdown", "--into=" + page(t, end+"\n"+begin+"\n")}},
		{"twice", "twice, at 1 and 3", []string{"--format=markdown", "--into=" + page(t, begin+"\n"+end+"\n"+begin+"\n")}},
		{"another marker", "<!-- gameday:other -->", []string{"--format=markdown", "--marker=other", "--into=" + fine}},
		{"no marker", "lower-case letters", []string{"--format=markdown", "--marker=A b", "--into=" + fine}},
		{"no Markdown", "--format=markdown", []string{"--into=" + fine}},
		{"two places", "--into and --out", []string{"--format=markdown", "--into=" + fine, "--out=x.md"}},
	}
	for _, tt := range tests {
		for _, command := range [][]string{{"replay"}, {"compare", "--a=../../alerts", "--b=../../alerts"}} {
			status, stdout, stderr := call(t, append(command, tt.args...)...)
			if status != cli.ExitUsage || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("%s: gameday %s = %d\nstdout: %s\nstderr: %s\nwant status 2 and %q", tt.name, command[0], status, stdout, stderr, tt.want)
			}
		}
	}
}

// hour is a drill that replays quickly.
const hour = `name: hour
title: A quiet hour
history: 0s
duration: 10m
load: {rps: 2, shape: constant}
`

func TestReplayIntoFile(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	drill, into := filepath.Join(t.TempDir(), "hour.yaml"), page(t, "# Title\n"+begin+"\n"+end+"\n")
	if err := os.WriteFile(drill, []byte(hour), 0o600); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := call(t, "replay", drill, "--format=markdown", "--into="+into)
	if status != cli.ExitOK || stdout != "" || stderr != "" {
		t.Fatalf("gameday replay = %d\nstdout: %s\nstderr: %s", status, stdout, stderr)
	}
	got, err := os.ReadFile(into)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(got), "# Title\n"+begin+"\n\n| drill |") || !strings.Contains(string(got), "| A quiet hour (`hour`) | (control) | ✓ quiet |") {
		t.Errorf("the page:\n%s", got)
	}
}

func TestCompareSeveral(t *testing.T) {
	t.Parallel()
	tier.Replay(t)
	drill := filepath.Join(t.TempDir(), "hour.yaml")
	if err := os.WriteFile(drill, []byte(hour), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"compare", "--a=../../alerts", "--b=../../designs/naive", "--b=../../designs/static", drill}
	tests := []struct {
		format string
		status int
		want   []string // in stdout, or in stderr where it is refused
	}{
		{"table", cli.ExitOK, []string{"INCIDENT   alerts   naive", "INCIDENT   alerts   static"}},
		{"json", cli.ExitOK, []string{`"name_b":"naive"`, "}\n{", `"name_b":"static"`}},
		{"markdown", cli.ExitOK, []string{"|  | alerts | naive | static |", "### naive against alerts", "### static against alerts"}},
		{"html", cli.ExitUsage, []string{"give --b once"}},
	}
	for _, tt := range tests {
		t.Run(tt.format, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := call(t, append(args, "--format="+tt.format)...)
			if status != tt.status {
				t.Fatalf("status %d, want %d; stderr: %s", status, tt.status, stderr)
			}
			text := stdout + stderr
			for _, want := range tt.want {
				before, after, ok := strings.Cut(text, want)
				if !ok {
					t.Errorf("%q is missing, or in the wrong place:\n%s%s", want, before, after)
				}
				text = after
			}
		})
	}
}
