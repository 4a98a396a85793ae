package bubble

// Inside the package: reports of the runtime are easier to give than to provoke.

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stack prints a goroutine as the runtime does.
func stack(id int, state, call, place, creator string) string {
	return fmt.Sprintf("goroutine %d [%s (durable), synctest bubble 1]:\n"+
		"runtime.gopark(0x1, 0x2)\n\t/go/src/runtime/proc.go:461 +0xc8\n"+
		"%s(0xc000012345, {0x1, 0x2?}, ...)\n\t%s +0x18\n"+
		"created by %s in goroutine 1\n\t%s +0x1d\n\n", id, state, call, place, creator, place)
}

func TestFindCrash(t *testing.T) {
	t.Parallel()
	module, root := moduleAndRoot()
	const left = "panic: deadlock: main bubble goroutine has exited but blocked goroutines remain\n\n"
	foreign := stack(7, "select", "github.com/x/tsdb.(*Head).loop", "/mod/x/tsdb/head.go:12", "github.com/x/tsdb.New")
	own := stack(8, "chan receive", module+"/internal/shop.(*Queue).drain.func1", root+"internal/shop/queue.go:34", module+"/internal/shop.New")
	tests := []struct {
		name   string
		stderr string
		want   string // "" where there is no report
	}{
		{"nothing", "", ""},
		{"log line that speaks of one", "level=error msg=\"panic: shop\"\n  panic: indented\n", ""},
		{"own goroutines first", "a log line\n" + left + foreign + own,
			"goroutines are left behind: the job has returned, time stands still, and they are blocked" +
				"\n\tblocked in chan receive:\n\t\tinternal/shop.(*Queue).drain.func1 (internal/shop/queue.go:34)" +
				"\n\t\tcreated by internal/shop.New (internal/shop/queue.go:34)" +
				"\n\tblocked in select:\n\t\tgithub.com/x/tsdb.(*Head).loop (head.go:12)\n\t\tcreated by github.com/x/tsdb.New (head.go:12)"},
		{"panic passed on", "panic: boom [recovered, repanicked]\n\n" + own,
			"panic: boom\n\tinternal/shop.(*Queue).drain.func1 (internal/shop/queue.go:34)\n\tcreated by internal/shop.New (internal/shop/queue.go:34)"},
		{"no stack", "fatal error: out of memory\n", "fatal error: out of memory"},
		{"cut off", "panic: boom\n\ngoroutine 1 [running]:\nmain.main()", "panic: boom"},
		{"no goroutine has frames", "panic: boom\n\ngoroutine 1 [", "panic: boom"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if c := findCrash([]byte(tt.stderr)); c != nil {
				got = c.String()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("findCrash (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFindCrashIsShort(t *testing.T) {
	t.Parallel()
	module, root := moduleAndRoot()
	var report strings.Builder
	report.WriteString("panic: deadlock: all goroutines in bubble are blocked\n\n")
	for i := range 500 {
		report.WriteString(stack(i, "select", fmt.Sprintf("%s/internal/load.user%d", module, i), root+"internal/load/user.go:1", module+"/internal/load.New"))
	}
	got := findCrash([]byte(report.String())).String()
	if n := strings.Count(got, "\n"); n > shownLines+1 {
		t.Errorf("report has %d lines, want at most %d", n, shownLines+1)
	}
	if want := "\n\tand 490 goroutines more"; !strings.HasSuffix(got, want) {
		t.Errorf("report ends %q, want %q", got[len(got)-60:], want)
	}
	deep := "panic: boom\n\ngoroutine 1 [running]:\n" + strings.Repeat("github.com/x/y.recurse(0x1)\n\t/mod/y.go:1 +0x1\n", 40)
	if got, want := findCrash([]byte(deep)).String(), "\n\tand 10 frames more"; !strings.HasSuffix(got, want) {
		t.Errorf("deep stack ends %q, want %q", got[len(got)-60:], want)
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	var printed tail
	log := strings.Repeat(strings.Repeat("x", 99)+"\n", 1000)
	for range 50 {
		if n, err := printed.Write([]byte(log)); n != len(log) || err != nil {
			t.Fatalf("Write = %d, %v; want %d", n, err, len(log))
		}
	}
	if n := len(printed.kept); n > keptBytes {
		t.Errorf("kept %d bytes of a log, want at most %d", n, keptBytes)
	}
	_, _ = printed.Write([]byte("the last line\n"))
	if got := printed.lastLines(); !strings.HasSuffix(got, "the last line") || strings.Count(got, "\n") != shownLines+1 {
		t.Errorf("lastLines = %q", got)
	}
	_, _ = printed.Write([]byte("panic: boom\n\ngoroutine 1 [running]:\n"))
	for range 50 {
		_, _ = printed.Write([]byte(log))
	}
	if c := findCrash(printed.text()); c == nil || c.message != "panic: boom" {
		t.Errorf("the beginning of the report is lost: %v", c)
	}
	if n := len(printed.kept); n > keptBytes {
		t.Errorf("kept %d bytes of a report, want at most %d", n, keptBytes)
	}
	if got, want := new(tail).lastLines(), "; it printed nothing"; got != want {
		t.Errorf("lastLines = %q, want %q", got, want)
	}
}

// What the race detector does: the job is done, then its test fails.
func TestJudgeFailureAfterDone(t *testing.T) {
	t.Parallel()
	c := child{exit: errors.New("exit status 1"), stderr: tail{[]byte("WARNING: DATA RACE\n")},
		messages: receiver{outcome: &outcome{Result: []byte("fine")}}}
	got, err := c.judge(t.Context(), time.Minute)
	if got != nil || err == nil || err.Error() != "child failed after the job was done: exit status 1; it printed:\n\tWARNING: DATA RACE" {
		t.Errorf("judge = %q, %v", got, err)
	}
}

// A child that the system never lets speak: no stacks, but its last words.
func TestJudgeStuckWithoutStacks(t *testing.T) {
	t.Parallel()
	c := child{exit: errors.New("signal: killed"), stuck: true, stderr: tail{[]byte("loading\n")}}
	_, err := c.judge(t.Context(), time.Minute)
	if err == nil || err.Error() != "no sign of life for 1m0s; killed; it printed:\n\tloading" {
		t.Errorf("judge: %v", err)
	}
}
