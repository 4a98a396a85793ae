package ticket_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/ticket"
)

type board struct{ err error }

func (b board) PutTicket(context.Context, alert.Notification, time.Time) error { return b.err }

func TestText(t *testing.T) {
	t.Parallel()
	n := alert.Notification{Status: alert.Firing, Title: "Disk fills", Reason: "first notification", RunbookURL: "http://x/runbooks/DiskFills"}
	a := alert.Alert{
		Status: alert.Firing, StartsAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Labels: alert.Labels{"alertname": "DiskFills", "service": "orders"}, Annotations: alert.Labels{"description": "Full in 4 h.\n"},
	}
	want := `FIRING: Disk fills
Reason: first notification
Runbook: http://x/runbooks/DiskFills

fires since 2026-01-02T03:04:05Z
  {alertname="DiskFills", service="orders"}
  Full in 4 h.
`
	if diff := cmp.Diff(want, ticket.Text(n, []alert.Alert{a})); diff != "" {
		t.Errorf("Text (-want +got):\n%s", diff)
	}
}

func TestTextOfAnEnd(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got := ticket.Text(alert.Notification{Status: alert.Resolved}, []alert.Alert{{Status: alert.Resolved, StartsAt: start, EndsAt: start.Add(time.Minute)}})
	if want := "fired from 2026-01-02T03:04:05Z to 2026-01-02T03:05:05Z"; !strings.Contains(got, want) {
		t.Errorf("Text = %q, want %q in it", got, want)
	}
}

func TestTextCountsAStorm(t *testing.T) {
	t.Parallel()
	got := ticket.Text(alert.Notification{}, make([]alert.Alert, 1050))
	if !strings.Contains(got, "and 1000 more alerts") || strings.Count(got, "fires since") != 50 {
		t.Errorf("storm is not counted:\n%s", got)
	}
}

func TestSendReportsTheBoard(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	if _, err := ticket.New(ticket.Options{Board: board{full}}).Send(t.Context(), alert.Notification{}); !errors.Is(err, full) {
		t.Errorf("Send = %v, want the board's error", err)
	}
}
