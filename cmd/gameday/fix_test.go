package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"goldensignals/internal/cli"
	"goldensignals/internal/fault"
)

func TestFixCommands(t *testing.T) {
	address, _ := startUp(t)
	stack := "--stack=" + address
	steps := []struct {
		name       string
		args       []string
		status     int
		out, fault string // wanted in stdout, in stderr
	}{
		{"nothing applied", []string{"list", stack}, cli.ExitOK, "APPLIED  none", ""},
		{"what there is", []string{"list", stack}, cli.ExitOK, "shed-load    –                                                               traffic-spike", ""},
		{"apply", []string{"apply", "rollback", "--service=payments", stack}, cli.ExitOK, "The rollback of payments takes effect at ", ""},
		{"only one can take it", []string{"apply", "drain-queue", stack}, cli.ExitOK, "The drain-queue of orders takes effect at ", ""},
		{"under way", []string{"list", stack}, cli.ExitOK, "rollback     payments  under way until ", ""},
		{"busy", []string{"apply", "restart", "--service=payments", stack}, cli.ExitUsage, "", "rollback of payments is under way until"},
		{"which service", []string{"apply", "rollback", stack}, cli.ExitUsage, "", "--service: missing; choose one of shop, auth, orders, payments"},
		{"which of two", []string{"apply", "raise-pool", stack}, cli.ExitUsage, "", "--service: missing; choose one of orders, payments"},
		{"unknown", []string{"apply", "reboot", stack}, cli.ExitUsage, "", `"reboot" is unknown; choose one of rollback, restart`},
		{"unknown of a service", []string{"apply", "reboot", "--service=shop", stack}, cli.ExitUsage, "", `"reboot" is unknown; choose one of rollback, restart`},
		{"unknown service", []string{"apply", "restart", "--service=shoe", stack}, cli.ExitUsage, "", `"shoe" is unknown`},
		{"does not fit", []string{"apply", "shed-load", "--service=auth", stack}, cli.ExitUsage, "", "choose one of shop"},
		{"undo one", []string{"undo", "--service=orders", stack}, cli.ExitOK, "Nothing that repairs added is left in orders.", ""},
		{"undo", []string{"undo", stack}, cli.ExitOK, "Nothing that repairs added is left in any service.", ""},
		{"forgotten", []string{"list", stack}, cli.ExitOK, "APPLIED  none", ""},
		{"undo unknown", []string{"undo", "--service=shoe", stack}, cli.ExitUsage, "", `"shoe" is unknown`},
		{"no name", []string{"apply", stack}, cli.ExitUsage, "", "name"},
		{"no stack", []string{"list", "--stack=http://127.0.0.1:1"}, cli.ExitFailed, "", "start one with: gameday up"},
		{"no subcommand", nil, cli.ExitUsage, "", "gameday --help"},
	}
	for _, tt := range steps { // in order: they share the stack
		status, stdout, stderr := call(t, append([]string{"fix"}, tt.args...)...)
		if status != tt.status || !strings.Contains(stdout, tt.out) || !strings.Contains(stderr, tt.fault) {
			t.Errorf("%s: gameday fix %s = %d\nstdout: %s\nstderr: %s\nwant %d, %q, %q", tt.name, strings.Join(tt.args, " "), status, stdout, stderr, tt.status, tt.out, tt.fault)
		}
	}
}

// TestFixListSaysWhatWasRight plays a stack in which repairs have acted.
func TestFixListSaysWhatWasRight(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	applied := func(repair string, ended, until string) string {
		return fmt.Sprintf(`{"repair":%q,"service":"auth","at":%q,"effect":%q,"until":%q,"ended":[%s],"helped":[]}`,
			repair, now.Add(-time.Minute).Format(time.RFC3339), now.Add(-time.Second).Format(time.RFC3339), until, ended)
	}
	done, later := now.Add(-time.Second).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprintf(w, `{"repairs":[],"applied":[%s,%s,%s]}`, applied("restart", "", done), applied("rollback", `"errors"`, done), applied("scale-out", "", later))
	}))
	defer server.Close()
	status, stdout, stderr := call(t, "fix", "list", "--stack="+server.URL)
	if status != cli.ExitOK || stderr != "" {
		t.Fatalf("status %d, stderr %s", status, stderr)
	}
	for _, want := range []string{"restart    auth     nothing: it was the wrong one\n", "rollback   auth     ended errors\n", "scale-out  auth     nothing: it was the wrong one; stays until "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
}

// TestFaultListFits: lines of a list fit on a wide terminal, and hidden faults
// are not taken for none.
func TestFaultListFits(t *testing.T) {
	t.Parallel()
	kinds, err := json.Marshal(fault.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprintf(w, `{"kinds":%s,"active":[],"hidden":true}`, kinds)
	}))
	defer server.Close()
	_, stdout, _ := call(t, "fault", "list", "--stack="+server.URL)
	for line := range strings.Lines(stdout) {
		if n := len([]rune(line)); n > 161 {
			t.Errorf("%d columns, want at most 160: %s", n, line)
		}
	}
	if got := strings.Count(stdout, "\n"); got != 2*len(fault.Kinds())+5 {
		t.Errorf("%d lines:\n%s", got, stdout)
	}
	if !strings.HasSuffix(stdout, "ACTIVE  What the running drill breaks is hidden until it ends.\n") {
		t.Errorf("the list does not say that faults are hidden:\n%s", stdout)
	}
}
