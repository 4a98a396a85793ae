package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"goldensignals/internal/cli"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		args           []string
		command        string
		status         int
		ok             bool
		stdout, stderr string // what must be in them; empty: nothing
	}{
		{"fine", []string{"go", "--far"}, "go", cli.ExitOK, true, "", ""},
		{"help", []string{"--help"}, "", cli.ExitOK, false, "usage: walk", ""},
		{"help of a command", []string{"go", "-h"}, "", cli.ExitOK, false, "usage: walk go", ""},
		{"version", []string{"--version"}, "", cli.ExitOK, false, "walk 1.2", ""},
		{"unknown flag", []string{"go", "--fast"}, "", cli.ExitUsage, false, "", "walk: unknown long flag '--fast'; see walk --help\n"},
		{"no command", nil, "", cli.ExitOK, false, "usage: walk", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			a := cli.New("walk", "Goes for a walk.", &stdout, &stderr)
			a.Version("walk 1.2")
			a.Command("go", "Goes.").Flag("far", "Goes far.").Bool()
			command, status, ok := a.Parse(tt.args)
			if command != tt.command || status != tt.status || ok != tt.ok {
				t.Errorf("Parse(%v) = %q, %d, %v; want %q, %d, %v", tt.args, command, status, ok, tt.command, tt.status, tt.ok)
			}
			for _, s := range []struct{ name, got, want string }{{"stdout", stdout.String(), tt.stdout}, {"stderr", stderr.String(), tt.stderr}} {
				if s.want == "" && s.got != "" || !strings.Contains(s.got, s.want) {
					t.Errorf("%s = %q, want %q in it", s.name, s.got, s.want)
				}
			}
			if strings.Count(stdout.String(), "usage:") > 1 {
				t.Errorf("help is printed twice: %s", stdout.String())
			}
		})
	}
}

func TestExit(t *testing.T) {
	t.Parallel()
	wrong := cli.WrongCall(errors.New("no such file"))
	for _, tt := range []struct {
		err    error
		status int
		stderr string
	}{
		{nil, cli.ExitOK, ""},
		{cli.WrongCall(nil), cli.ExitOK, ""},
		{errors.New("disk full"), cli.ExitFailed, "walk: disk full\n"},
		{wrong, cli.ExitUsage, "walk: no such file\n"},
		{fmt.Errorf("start: %w", wrong), cli.ExitUsage, "walk: start: no such file\n"},
	} {
		var stderr bytes.Buffer
		if got := cli.New("walk", "", &stderr, &stderr).Exit(tt.err); got != tt.status || stderr.String() != tt.stderr {
			t.Errorf("Exit(%v) = %d and %q, want %d and %q", tt.err, got, stderr.String(), tt.status, tt.stderr)
		}
	}
}
