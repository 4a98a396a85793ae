package bubble_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/bubble"
	"goldensignals/internal/patience"
)

// parentVariable makes the test binary a parent that waits for a child which
// dials the address that it holds.
const parentVariable = "BUBBLE_TEST_PARENT"

func TestMain(m *testing.M) {
	bubble.Child(testJobs())
	if _, ok := os.LookupEnv("GORACE"); !ok {
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // else the race detector adds a second to every child
	}
	if addr, ok := os.LookupEnv(parentVariable); ok {
		_, err := bubble.Run(context.Background(), bubble.Options{Job: "dial", Input: []byte(addr)})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func testJobs() map[string]bubble.Job {
	return map[string]bubble.Job{
		"empty": func(context.Context, []byte, func(any)) ([]byte, error) { return nil, nil },
		"echo": func(_ context.Context, input []byte, _ func(any)) ([]byte, error) {
			start := time.Now()
			time.Sleep(24 * time.Hour)
			return fmt.Appendf(nil, "%s after %v", input, time.Since(start)), nil
		},
		"progress": func(_ context.Context, _ []byte, emit func(any)) ([]byte, error) {
			for hour := range 100 {
				time.Sleep(time.Hour)
				emit(map[string]int{"hour": hour})
			}
			return []byte("done"), nil
		},
		"many voices": func(_ context.Context, _ []byte, emit func(any)) ([]byte, error) {
			var voices sync.WaitGroup
			for range 8 {
				voices.Go(func() {
					for range 50 {
						emit(strings.Repeat("x", 10_000))
					}
				})
			}
			voices.Wait()
			return nil, nil
		},
		"emit a channel": func(_ context.Context, _ []byte, emit func(any)) ([]byte, error) {
			emit(make(chan int))
			return nil, nil
		},
		"fail":       func(context.Context, []byte, func(any)) ([]byte, error) { return nil, errors.New("rules.yml: line 3") },
		"fail empty": func(context.Context, []byte, func(any)) ([]byte, error) { return nil, errors.New("") },
		"fail and leave": func(context.Context, []byte, func(any)) ([]byte, error) {
			go waitForNothing()
			return nil, errors.New("start shop: no such service")
		},
		"panic":           func(context.Context, []byte, func(any)) ([]byte, error) { return nil, breakDown() },
		"panic elsewhere": panicElsewhere,
		"deadlock": func(context.Context, []byte, func(any)) ([]byte, error) {
			waitForNothing()
			return nil, nil
		},
		"leave": func(context.Context, []byte, func(any)) ([]byte, error) {
			for range 40 {
				go waitForNothing()
			}
			return []byte("fine"), nil
		},
		"leave asleep": func(context.Context, []byte, func(any)) ([]byte, error) {
			go time.Sleep(time.Hour)
			return []byte("fine"), nil
		},
		"end with ctx": func(ctx context.Context, _ []byte, _ func(any)) ([]byte, error) {
			go func() { <-ctx.Done() }()
			return []byte("fine"), nil
		},
		"exit": func(context.Context, []byte, func(any)) ([]byte, error) {
			fmt.Fprintln(os.Stderr, "giving up")
			os.Exit(0)
			return nil, nil
		},
		"killed": func(context.Context, []byte, func(any)) ([]byte, error) {
			self, err := os.FindProcess(os.Getpid())
			if err != nil {
				return nil, err
			}
			_ = self.Kill()
			waitForNothing()
			return nil, nil
		},
		"unlock": func(context.Context, []byte, func(any)) ([]byte, error) {
			new(sync.Mutex).Unlock()
			return nil, nil
		},
		"goexit": func(context.Context, []byte, func(any)) ([]byte, error) {
			runtime.Goexit()
			return nil, nil
		},
		"print": func(context.Context, []byte, func(any)) ([]byte, error) {
			fmt.Println("not a message")
			fmt.Print("{")
			return []byte("fine"), nil
		},
		"write to descriptor 1": func(context.Context, []byte, func(any)) ([]byte, error) {
			_, _ = os.NewFile(1, "stdout").WriteString("hello\n")
			return []byte("fine"), nil
		},
		"busy": func(context.Context, []byte, func(any)) ([]byte, error) {
			for {
				keepBusy()
			}
		},
		"slow": func(_ context.Context, _ []byte, emit func(any)) ([]byte, error) {
			emit("parent, take your time")
			return []byte("fine"), nil
		},
		"big": func(_ context.Context, input []byte, _ func(any)) ([]byte, error) {
			return bytes.Repeat(input, 2), nil
		},
		"settings": func(context.Context, []byte, func(any)) ([]byte, error) {
			return fmt.Appendf(nil, "GOMAXPROCS=%d GOGC=%d", runtime.GOMAXPROCS(0), debug.SetGCPercent(-1)), nil
		},
		"run": func(ctx context.Context, _ []byte, _ func(any)) ([]byte, error) {
			return bubble.Run(ctx, bubble.Options{Job: "print"})
		},
		"dial": dial,
	}
}

//go:noinline
func waitForNothing() { <-make(chan int) }

//go:noinline
func breakDown() error { panic("shop is broken\nbeyond repair") }

//go:noinline
func keepBusy() {
	for i := range 1 << 20 {
		runtime.KeepAlive(i)
	}
}

func panicElsewhere(context.Context, []byte, func(any)) ([]byte, error) {
	var counts map[string]int
	done := make(chan int)
	go func() { counts["orders"]++ }()
	<-done
	return nil, nil
}

// dial tells a listener that it lives, and then waits in a system call, which
// for a bubble is neither progress nor a deadlock.
func dial(_ context.Context, addr []byte, _ func(any)) ([]byte, error) {
	conn, err := net.Dial("tcp", string(addr))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_, _ = conn.Write([]byte("x"))
	return io.ReadAll(conn)
}

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		opts bubble.Options
		want string
	}{
		{"24 hours", bubble.Options{Job: "echo", Input: []byte("hello")}, "hello after 24h0m0s"},
		{"no result", bubble.Options{Job: "empty"}, ""},
		{"prints", bubble.Options{Job: "print"}, "fine"},
		{"goroutines end with the context", bubble.Options{Job: "end with ctx"}, "fine"},
		{"settings", bubble.Options{Job: "settings", Procs: 1}, "GOMAXPROCS=1 GOGC=400"},
		{"grandchild", bubble.Options{Job: "run"}, "fine"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := bubble.Run(t.Context(), tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("result = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRunSettingsOfTheEnvironmentWin(t *testing.T) {
	t.Setenv("GOGC", "50")
	got, err := bubble.Run(t.Context(), bubble.Options{Job: "settings", Procs: 2})
	if err != nil {
		t.Fatal(err)
	}
	if want := "GOMAXPROCS=2 GOGC=50"; string(got) != want {
		t.Errorf("settings = %q, want %q", got, want)
	}
}

func TestRunErrors(t *testing.T) {
	t.Parallel()
	const drill = "drill x: "
	tests := []struct {
		name  string
		opts  bubble.Options
		wants []string
		not   string
	}{
		{"job's own", bubble.Options{Job: "fail"}, []string{drill + "rules.yml: line 3"}, "\n"},
		{"job's own, without words", bubble.Options{Job: "fail empty"}, []string{drill}, "\n"},
		{"job's own before leak", bubble.Options{Job: "fail and leave"},
			[]string{drill + "start shop: no such service\nand then: goroutines are left behind", "bubble_test.waitForNothing"}, ""},
		{"panic", bubble.Options{Job: "panic"},
			[]string{drill + "panic: shop is broken\n", "beyond repair\n", "\n\tinternal/bubble_test.breakDown (internal/bubble/run_test.go:"}, "tRunner"},
		{"panic elsewhere", bubble.Options{Job: "panic elsewhere"},
			[]string{drill + "panic: assignment to entry in nil map\n", "bubble_test.panicElsewhere.func1 (", "created by internal/bubble_test.panicElsewhere ("}, "runtime."},
		{"emit what is not JSON", bubble.Options{Job: "emit a channel"}, []string{drill + "panic: emit chan int: json: unsupported type"}, ""},
		{"deadlock", bubble.Options{Job: "deadlock"},
			[]string{drill + "deadlock: ", "blocked in chan receive:\n\t\tinternal/bubble_test.waitForNothing ("}, "child.go"},
		{"goroutines left behind", bubble.Options{Job: "leave"},
			[]string{drill + "goroutines are left behind", "40 goroutines blocked in chan receive:\n\t\tinternal/bubble_test.waitForNothing (", "created by"}, "more"},
		{"sleeper left behind", bubble.Options{Job: "leave asleep"},
			[]string{drill + "goroutines are left behind", "blocked in sleep:", "created by internal/bubble_test.testJobs"}, ""},
		{"exit", bubble.Options{Job: "exit"}, []string{drill + "child ended without a result: exit status 0 (does the job call os.Exit?); it printed:\n\tgiving up"}, ""},
		{"killed", bubble.Options{Job: "killed"}, []string{drill + "child ended without a result: signal: killed (was the machine out of memory?)"}, ""},
		{"fatal error", bubble.Options{Job: "unlock"}, []string{drill + "fatal error: sync: unlock of unlocked mutex\n\t", "bubble_test.testJobs.func"}, "runtime."},
		{"goexit", bubble.Options{Job: "goexit"}, []string{drill + "panic: test executed panic(nil) or runtime.Goexit"}, ""},
		{"spoiled stream", bubble.Options{Job: "write to descriptor 1"}, []string{drill + `child wrote "hello" among its messages`}, ""},
		{"unknown job", bubble.Options{Job: "ehco"}, []string{drill + `no job "ehco" in this program`, "deadlock, dial, echo, "}, "\n"},
		{"no job", bubble.Options{}, []string{drill + "bubble.Options.Job is empty"}, ""},
		{"negative patience", bubble.Options{Job: "echo", Stuck: -1}, []string{drill + "bubble.Options.Stuck is -1ns"}, ""},
		{"negative processors", bubble.Options{Job: "echo", Procs: -1}, []string{drill + "bubble.Options.Procs is -1"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.opts.Name = "drill x"
			got, err := bubble.Run(t.Context(), tt.opts)
			if err == nil {
				t.Fatalf("Run returned %q and no error", got)
			}
			t.Log(err)
			text := err.Error()
			if got != nil {
				t.Errorf("Run returned %q beside its error", got)
			}
			for _, want := range tt.wants {
				if !strings.Contains(text, want) {
					t.Errorf("error has no %q", want)
				}
			}
			if tt.not != "" && strings.Contains(text, tt.not) {
				t.Errorf("error has %q", tt.not)
			}
			if n := strings.Count(text, "\n"); n > 40 {
				t.Errorf("error has %d lines, want at most 40", n)
			}
		})
	}
}

func TestRunDefaultName(t *testing.T) {
	t.Parallel()
	_, err := bubble.Run(t.Context(), bubble.Options{Job: "fail"})
	if err == nil || err.Error() != "job fail: rules.yml: line 3" {
		t.Errorf("error = %v, want it to begin with the job", err)
	}
}

func TestRunProgress(t *testing.T) {
	t.Parallel()
	var got, want []string
	for hour := range 100 {
		want = append(want, fmt.Sprintf(`{"hour":%d}`, hour))
	}
	result, err := bubble.Run(t.Context(), bubble.Options{Job: "progress", OnProgress: func(p json.RawMessage) {
		got = append(got, string(p))
	}})
	if err != nil || string(result) != "done" {
		t.Fatalf("Run = %q, %v", result, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

func TestRunProgressOfSeveralGoroutines(t *testing.T) {
	t.Parallel()
	want, whole := fmt.Sprintf("%q", strings.Repeat("x", 10_000)), 0
	_, err := bubble.Run(t.Context(), bubble.Options{Job: "many voices", OnProgress: func(p json.RawMessage) {
		if string(p) == want {
			whole++
		}
	}})
	if err != nil || whole != 8*50 {
		t.Errorf("whole messages = %d, error %v; want 400, none", whole, err)
	}
}

// A child that computes for ever is killed, and where it was is told.
func TestRunEndsABusyChild(t *testing.T) {
	t.Parallel()
	patience.Retry(t, 250*time.Millisecond, func(stuck time.Duration) error {
		_, err := bubble.Run(t.Context(), bubble.Options{Job: "busy", Stuck: stuck})
		switch {
		case err == nil || !strings.Contains(err.Error(), fmt.Sprintf("no sign of life for %v; killed", stuck)):
			t.Errorf("error = %v, want that it was killed", err)
		case !strings.Contains(err.Error(), "internal/bubble_test.testJobs"):
			return err // it had not come that far
		case !strings.Contains(err.Error(), "\tbusy:\n") || strings.Contains(err.Error(), "TestMain"):
			t.Errorf("error = %v, want the stack of the job, and only that", err)
		}
		return nil
	})
}

// A parent that is slow to take a message is no reason to kill the child.
func TestRunPatienceIsOnlyForTheChild(t *testing.T) {
	t.Parallel()
	patience.Retry(t, 250*time.Millisecond, func(stuck time.Duration) error {
		got, err := bubble.Run(t.Context(), bubble.Options{Job: "slow", Stuck: stuck, OnProgress: func(json.RawMessage) {
			<-time.After(stuck + stuck/2) // real time: a process edge
		}})
		if err == nil && string(got) != "fine" {
			t.Errorf("Run = %q, want fine", got)
		}
		return err
	})
}

func TestRunBig(t *testing.T) {
	t.Parallel()
	input := bytes.Repeat([]byte("golden\x00\n"), 5<<20/8)
	got, err := bubble.Run(t.Context(), bubble.Options{Job: "big", Input: input})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, append(input, input...)) {
		t.Errorf("result of %d bytes differs from the input of %d, twice", len(got), len(input))
	}
}

func TestRunConcurrently(t *testing.T) {
	t.Parallel()
	var runs sync.WaitGroup
	for i := range 6 {
		runs.Go(func() {
			got, err := bubble.Run(t.Context(), bubble.Options{Job: "echo", Input: fmt.Append(nil, i)})
			if want := fmt.Sprintf("%d after 24h0m0s", i); err != nil || string(got) != want {
				t.Errorf("run %d = %q, %v; want %q", i, got, err, want)
			}
		})
	}
	runs.Wait()
}

func TestRunCancel(t *testing.T) {
	t.Parallel()
	ln := listen(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := bubble.Run(ctx, bubble.Options{Job: "dial", Name: "drill x", Input: []byte(ln.Addr().String())})
		ended <- err
	}()
	conn := acceptChild(t, ln)
	reason := errors.New("the players went home")
	cancel(reason)
	if err := <-ended; !errors.Is(err, reason) || !strings.HasPrefix(err.Error(), "drill x: ") {
		t.Errorf("error = %v, want the drill's name and the cause", err)
	}
	wantGone(t, conn)

	_, err := bubble.Run(ctx, bubble.Options{Job: "echo"})
	if !errors.Is(err, reason) {
		t.Errorf("Run with a cancelled context: %v, want its cause", err)
	}
}

func TestRunWaitsForNoSystemCall(t *testing.T) {
	t.Parallel()
	patience.Retry(t, 250*time.Millisecond, func(stuck time.Duration) error {
		ln := listen(t)
		_, err := bubble.Run(t.Context(), bubble.Options{Job: "dial", Stuck: stuck, Input: []byte(ln.Addr().String())})
		switch {
		case err == nil || !strings.Contains(err.Error(), fmt.Sprintf("no sign of life for %v; killed", stuck)):
			t.Errorf("error = %v, want that it was killed", err)
		case !strings.Contains(err.Error(), "bubble_test.dial ("):
			return err // it had not come that far
		default:
			wantGone(t, acceptChild(t, ln)) // its call has been waiting since
		}
		return nil
	})
}

func TestChildDiesWithItsParent(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	parent := exec.CommandContext(t.Context(), exe)
	parent.Env = append(os.Environ(), parentVariable+"="+ln.Addr().String())
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	conn := acceptChild(t, ln)
	if err := parent.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := parent.Wait(); err == nil {
		t.Error("the parent ended by itself")
	}
	wantGone(t, conn)
}

func TestChildStartedByHand(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), "GOLDENSIGNALS_BUBBLE_JOB=echo")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "set by a parent process only") {
		t.Errorf("child without a parent: %v, %q; want a hint", err, out)
	}
}

// A program that never calls Child would otherwise start itself for ever.
func TestRunRefusesWhereChildWasNotCalled(t *testing.T) {
	t.Setenv("GOLDENSIGNALS_BUBBLE_JOB", "echo")
	_, err := bubble.Run(t.Context(), bubble.Options{Job: "echo"})
	if err == nil || !strings.Contains(err.Error(), "call bubble.Child first in main") {
		t.Errorf("error = %v, want what to do", err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// acceptChild waits until the job dial lives. The connection lives as long.
func acceptChild(t *testing.T, ln net.Listener) net.Conn {
	t.Helper()
	_ = ln.(*net.TCPListener).SetDeadline(time.Now().Add(patience.Limit))
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// wantGone waits until the process at the other end has ended: the system
// closes its connections, whatever it was doing.
func wantGone(t *testing.T, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patience.Limit))
	_, err := conn.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the child lives: %v", err)
	}
}

func BenchmarkRunEmpty(b *testing.B) {
	for b.Loop() {
		if _, err := bubble.Run(b.Context(), bubble.Options{Job: "empty"}); err != nil {
			b.Fatal(err)
		}
	}
}
