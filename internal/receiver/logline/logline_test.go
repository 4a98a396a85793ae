package logline_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/logline"
)

type journal struct {
	lines []string
	err   error
}

func (j *journal) PutLines(_ context.Context, _ string, _ time.Time, lines []string) error {
	j.lines = append(j.lines, lines...)
	return j.err
}

func TestSend(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var kept journal
	r := logline.New(logline.Options{Writer: &out, Journal: &kept})
	n := r.Compose(alert.Notification{
		ID: "m1", Receiver: "log", Incident: "i1", Severity: alert.Info, Status: alert.Firing, GroupKey: "g", RunbookURL: "http://x/runbooks/A",
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Title: "The title",
	}, []alert.Alert{
		{
			Status: alert.Firing, Labels: alert.Labels{"alertname": "A", "service": "auth"}, Annotations: alert.Labels{"summary": "two\nlines"},
			StartsAt: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC), EndsAt: time.Date(2026, 1, 2, 3, 10, 0, 0, time.UTC), Fingerprint: "f1",
		},
		{
			Status: alert.Resolved, Labels: alert.Labels{"alertname": "B"}, StartsAt: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC),
			EndsAt: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Fingerprint: "f2",
		},
	})
	if _, err := r.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	want := `{"time":"2026-01-02T03:04:05Z","severity":"info","status":"firing","alertname":"A","service":"auth","summary":"two\nlines",` +
		`"labels":{"alertname":"A","service":"auth"},"runbook_url":"http://x/runbooks/A","incident":"i1","group_key":"g",` +
		`"receiver":"log","notification":"m1","fingerprint":"f1","starts_at":"2026-01-02T03:00:00Z","annotations":{"summary":"two\nlines"}}
{"time":"2026-01-02T03:04:05Z","severity":"info","status":"resolved","alertname":"B","summary":"The title",` +
		`"labels":{"alertname":"B"},"runbook_url":"http://x/runbooks/A","incident":"i1","group_key":"g",` +
		`"receiver":"log","notification":"m1","fingerprint":"f2","starts_at":"2026-01-02T03:00:00Z","ends_at":"2026-01-02T03:04:00Z"}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("stream (-want +got):\n%s", diff)
	}
	if got := strings.Join(kept.lines, "\n") + "\n"; got != want {
		t.Errorf("journal = %q, want %q", got, want)
	}
}

func TestSendReportsTheJournal(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	r := logline.New(logline.Options{Journal: &journal{err: full}})
	if _, err := r.Send(t.Context(), alert.Notification{}); !errors.Is(err, full) {
		t.Errorf("Send = %v, want the journal's error", err)
	}
}
