package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/cgroup"
	"goldensignals/internal/cli"
	"goldensignals/internal/cli/clitest"
	"goldensignals/internal/fault"
	"goldensignals/internal/havoc"
	"goldensignals/internal/patience"
)

func kinds(r *running) []string {
	var list []string
	for _, a := range r.app.faults.Active() {
		list = append(list, a.Kind)
	}
	return list
}

// TestFaultsOutliveTheProcess: what is wrong with the code comes back with it,
// what the repair "restart" ends does not.
func TestFaultsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := "--data-dir=" + t.TempDir()
	r := start(t, "--service=payments", dir)
	r.inject(t, `{"kind":"errors","service":"payments","ratio":0.5,"for":"1h"}`)
	r.inject(t, `{"kind":"latency","service":"payments","delay":"10ms"}`)
	r.inject(t, `{"kind":"disk-fill","service":"payments","size":"1MiB"}`)
	before := r.app.faults.Active()
	r.inject(t, `{"kind":"bad-deploy","service":"payments","ratio":1}`)
	if err := <-r.ended; !errors.Is(err, havoc.ErrRestart) {
		t.Fatalf("run() = %v, want %v", err, havoc.ErrRestart)
	}

	r = start(t, "--service=payments", dir)
	if got, want := kinds(r), []string{"bad-deploy", "disk-fill", "errors"}; !slices.Equal(got, want) {
		t.Fatalf("after the restart %v act, want %v", got, want)
	}
	if got, want := r.app.faults.Active()[1], before[0]; !got.Since.Equal(want.Since) || !got.Until.Equal(want.Until) || got.Fault != want.Fault {
		t.Errorf("after the restart %+v, before %+v", got, want)
	}
	if status, _ := ask(t, http.MethodDelete, r.api("faults"), ""); status != http.StatusOK {
		t.Fatalf("clear: status %d", status)
	}
	r.end()
	if err := <-r.ended; err != nil {
		t.Fatal(err)
	}
	if r = start(t, "--service=payments", dir); len(kinds(r)) > 0 {
		t.Errorf("after they were cleared %v act", kinds(r))
	}
}

func TestRepairsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, repairsOutliveTheProcess)
}

func repairsOutliveTheProcess(t *testing.T) {
	now := time.Now()
	f := &faults{service: "payments", set: fault.NewSet("payments"), dir: t.TempDir()}
	if _, err := f.set.Inject(now.Add(-time.Minute), fault.Fault{Kind: "errors", Service: "payments", Ratio: 0.5}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Apply("rollback", "payments"); err != nil {
		t.Fatal(err)
	}
	f.keep()
	next := &faults{service: "payments", set: fault.NewSet("payments"), dir: f.dir}
	if err := next.restore(); err != nil {
		t.Fatal(err)
	}
	if n := len(next.set.Active(now.Add(10 * time.Second))); n != 1 {
		t.Errorf("during the rollback %d faults act, want 1", n)
	}
	if n := len(next.set.Active(now.Add(time.Minute))); n != 0 {
		t.Errorf("after the rollback %d faults act, want none", n)
	}
	if n := len(next.Applied()); n != 1 {
		t.Errorf("%d repairs are known, want 1", n)
	}
}

// TestCrashLoop: while the process must not run nobody answers where users ask,
// but the loop can be ended.
func TestCrashLoop(t *testing.T) {
	t.Parallel()
	dir := "--data-dir=" + t.TempDir()
	r := start(t, "--service=payments", dir)
	r.inject(t, `{"kind":"crash-loop","service":"payments"}`)
	if err := <-r.ended; !errors.Is(err, havoc.ErrDown) {
		t.Fatalf("run() = %v, want %v", err, havoc.ErrDown)
	}
	r = begin(t, "--service=payments", dir)
	if status, _ := ask(t, http.MethodGet, r.api("faults"), ""); status != http.StatusOK || r.app.serving.Load() != nil {
		t.Fatalf("the API: status %d, want 200, while the service does not serve", status)
	}
	if status, _ := ask(t, http.MethodDelete, r.api("faults"), ""); status != http.StatusOK {
		t.Fatalf("clear: status %d", status)
	}
	patience.Until(t, "service", func() bool { return r.app.serving.Load() != nil })
}

// TestSupervisor runs the program as a container does: as parent and child.
func TestSupervisor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{
		"--service=payments", "--data-dir=" + dir, "--web.listen-address=127.0.0.1:0", "--web.drain-delay=0s", "--admin.listen-address=127.0.0.1:0",
	}
	life := func(end func(cancel context.CancelFunc, admin string)) (int, string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stderr, status := &clitest.Output{}, make(chan int, 1)
		go func() { status <- run(ctx, args, noEnv, io.Discard, stderr) }()
		var found []string
		patience.Until(t, "service", func() bool {
			found = regexp.MustCompile(`msg="serving faults" address=(\S+)\n(?s:.*)msg=serving `).FindStringSubmatch(stderr.String())
			return found != nil
		})
		end(cancel, "http://"+found[1]+"/api/v1/faults")
		return <-status, stderr.String()
	}
	status, log := life(func(cancel context.CancelFunc, _ string) { cancel() })
	if status != cli.ExitOK {
		t.Errorf("told to end: status %d, want 0; log:\n%s", status, log)
	}
	status, log = life(func(_ context.CancelFunc, admin string) {
		ask(t, http.MethodPost, admin, `{"kind":"crash","service":"payments"}`)
	})
	if status != cli.ExitFailed {
		t.Errorf("crashed: status %d, want 1; log:\n%s", status, log)
	}
	if _, err := os.Stat(filepath.Join(dir, killsFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the kernel killed nobody, but that is counted: %v", err)
	}
}

func TestStatusOf(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]int{"exit 0": 0, "exit 3": 3, "kill -9 $$": 137, "kill -15 $$": 143} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
		_ = cmd.Run()
		if got := statusOf(cmd.ProcessState); got != want {
			t.Errorf("statusOf after %q = %d, want %d", script, got, want)
		}
	}
}

func TestKillsAreCountedOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), killsFile)
	if n, err := readKills(path); n != 0 || err != nil {
		t.Errorf("readKills() = %d, %v; want 0: there is no file yet", n, err)
	}
	if err := writeKills(path, 2); err != nil {
		t.Fatal(err)
	}
	n, err := readKills(path)
	if n != 2 || err != nil {
		t.Fatalf("readKills() = %d, %v; want 2", n, err)
	}
	for _, tt := range []struct {
		earlier int64
		want    uint64
	}{{n, 5}, {-3, 0}, {-4, 0}} { // the group of the test data has counted 3 itself
		reader, err := cgroup.New(cgroup.Options{Root: "../../internal/cgroup/testdata/v2"})
		if err != nil {
			t.Skipf("no /proc here: %v", err)
		}
		stats, err := (&container{reader: reader, earlier: tt.earlier}).Stats()
		if err != nil || stats.OOMKills != tt.want {
			t.Errorf("with %d earlier kills %d are shown, %v; want %d", tt.earlier, stats.OOMKills, err, tt.want)
		}
	}
	if earlier, child := earlierKills(func(string) string { return fmt.Sprint(-2) }); earlier != -2 || !child {
		t.Errorf("earlierKills() = %d, %v; want -2 in a child", earlier, child)
	}
}
