package bubble

import (
	"bytes"
	"fmt"
	"strings"
)

// crash is what the Go runtime printed when it ended a process.
type crash struct {
	message string // what happened, in a sentence where the cause is known
	stacks  string // where: empty, or a line break and lines
}

func (c *crash) String() string { return c.message + c.stacks }

// Beginnings of the line with which the runtime starts a report.
func crashMarks() []string { return []string{"panic: ", "fatal error: ", "SIGQUIT: "} }

// crashStart returns the position of the first report in stderr, or -1.
func crashStart(stderr []byte) int {
	first := -1
	for _, mark := range crashMarks() {
		at := -1
		if bytes.HasPrefix(stderr, []byte(mark)) {
			at = 0
		} else if i := bytes.Index(stderr, []byte("\n"+mark)); i >= 0 {
			at = i + 1
		}
		if at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}

// findCrash returns the report in stderr, made short; nil if there is none.
func findCrash(stderr []byte) *crash {
	at := crashStart(stderr)
	if at < 0 {
		return nil
	}
	report := string(stderr[at:])
	message, _, _ := strings.Cut(report, "\n\n")
	message, _, _ = strings.Cut(message, "\ngoroutine ")
	all := parseGoroutines(report)
	switch {
	case strings.Contains(message, "main bubble goroutine has exited but blocked goroutines remain"):
		return &crash{"goroutines are left behind: the job has returned, time stands still, and they are blocked", blockedStacks(all)}
	case strings.Contains(message, "all goroutines in bubble are blocked"):
		return &crash{"deadlock: every goroutine of the job is blocked, and none of them waits for a timer", blockedStacks(all)}
	case strings.HasPrefix(message, "SIGQUIT: "):
		return &crash{"killed with SIGQUIT", blockedStacks(all)}
	}
	return &crash{withoutRepeats(message), crashedStack(all)}
}

// withoutRepeats removes what package testing adds to a panic by passing it on.
func withoutRepeats(message string) string {
	for _, note := range []string{" [recovered, repanicked]", " [recovered]"} {
		message = strings.ReplaceAll(message, note, "")
	}
	return strings.TrimSpace(message)
}

// Limits of what is kept and shown of a child's stderr.
const (
	keptBytes  = 1 << 20
	shownLines = 30
)

// tail keeps the end of what is written to it, but never loses the beginning of
// the runtime's report: with a thousand goroutines that is far from the end.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if len(t.kept) <= keptBytes {
		return len(p), nil
	}
	if at := crashStart(t.kept); at >= 0 {
		t.kept = t.kept[at:min(len(t.kept), at+keptBytes)]
	} else {
		t.kept = bytes.Clone(t.kept[len(t.kept)-keptBytes/2:])
	}
	return len(p), nil
}

func (t *tail) text() []byte { return t.kept }

// lastLines returns the end of what the child printed, ready to be appended to
// a sentence.
func (t *tail) lastLines() string {
	text := strings.TrimSpace(string(t.kept))
	if text == "" {
		return "; it printed nothing"
	}
	lines := strings.Split(text, "\n")
	if dropped := len(lines) - shownLines; dropped > 0 {
		lines = append([]string{fmt.Sprintf("(%d lines before)", dropped)}, lines[dropped:]...)
	}
	return "; it printed:\n\t" + strings.Join(lines, "\n\t")
}
