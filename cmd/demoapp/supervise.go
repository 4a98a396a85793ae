package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"goldensignals/internal/cgroup"
	"goldensignals/internal/cli"
	"goldensignals/internal/server"
)

// A kernel that kills a process because memory is used up counts that in the
// control group, which goes away with the container's process: after the restart
// the count is 0 again, and no scrape has seen it. So the service runs as a
// child. The kernel kills the larger one, which is the child; the parent looks at
// the count, adds it to a file that outlives the restart, and ends as the child
// did, for the orchestrator to start the container again.

// killsFile holds how often the kernel killed a process of this container, in
// earlier lives of it.
const killsFile = "oom_kills"

// killsEnv tells the child that it is one, and what to add to the count of the
// control group.
const killsEnv = "DEMOAPP_EARLIER_OOM_KILLS"

// killWait is how long a child that was told to end may take longer than all its
// own time limits.
const killWait = server.DrainLimit + 2*time.Minute

// earlierKills is what the parent has told; child is false if there is none.
func earlierKills(getenv func(string) string) (earlier int64, child bool) {
	earlier, err := strconv.ParseInt(getenv(killsEnv), 10, 64)
	return earlier, err == nil
}

// supervise runs the service as a child of this process until it ends, and
// returns the status to end with.
func supervise(ctx context.Context, dataDir string, args []string, stdout, stderr io.Writer) (int, error) {
	reader, err := cgroup.New(cgroup.Options{})
	if err != nil {
		return 0, err
	}
	before, err := kills(reader)
	if err != nil {
		return 0, err
	}
	path := filepath.Join(dataDir, killsFile)
	earlier, err := readKills(path)
	if err != nil {
		return 0, cli.WrongCall(fmt.Errorf("--data-dir: %w", err))
	}
	state, err := runChild(ctx, args, earlier-before, stdout, stderr)
	if err != nil {
		return 0, err
	}
	after, err := kills(reader)
	if err != nil {
		return 0, err
	}
	if after > before {
		if err := writeKills(path, earlier+after-before); err != nil {
			return 0, fmt.Errorf("keep the count of kills: %w", err)
		}
	}
	return statusOf(state), nil
}

// runChild starts this program again and waits for its end. The end of ctx is
// passed on as SIGTERM.
func runChild(ctx context.Context, args []string, earlier int64, stdout, stderr io.Writer) (*os.ProcessState, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread() // the child dies with the thread that started it
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", killsEnv, earlier))
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = childAttributes()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = killWait
	if err := cmd.Run(); cmd.ProcessState == nil {
		return nil, fmt.Errorf("start the service: %w", err)
	}
	return cmd.ProcessState, nil
}

// statusOf is the status that stands for how the child ended, as a shell says
// it: 128 and the signal, where one killed it.
func statusOf(state *os.ProcessState) int {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}

func kills(r *cgroup.Reader) (int64, error) {
	s, err := r.Stats()
	return int64(s.OOMKills), err
}

func readKills(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s does not hold a number; remove the file", path)
	}
	return n, nil
}

func writeKills(path string, n int64) error {
	return replaceFile(path, []byte(strconv.FormatInt(n, 10)+"\n"))
}

// replaceFile writes a file so that it is whole at every moment.
func replaceFile(path string, data []byte) error {
	next := path + ".new"
	if err := os.WriteFile(next, data, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}
