// Package ticket is the receiver for what must be done eventually: one ticket
// per incident on the built-in board, opened by the first message, commented by
// the next ones and closed by the last. The router calls it; it never decides
// whether to send.
package ticket

import (
	"context"
	"fmt"
	"strings"
	"time"

	"goldensignals/internal/alert"
)

// maxListed bounds the alerts that one ticket text lists; a storm is counted.
const maxListed = 50

// Board keeps the tickets.
type Board interface {
	// PutTicket applies n to the ticket of its incident; a second n with the
	// same ID changes nothing.
	PutTicket(ctx context.Context, n alert.Notification, at time.Time) error
}

// Options describe the receiver.
type Options struct {
	Name  string // how messages name it; "board" if empty
	Board Board  // required
}

// Receiver files tickets on the built-in board. It is safe for concurrent use.
type Receiver struct {
	name  string
	board Board
}

// New returns the receiver. It panics without a board.
func New(o Options) *Receiver {
	if o.Board == nil {
		panic("ticket: Options.Board is nil")
	}
	r := &Receiver{name: o.Name, board: o.Board}
	if r.name == "" {
		r.name = "board"
	}
	return r
}

// Name returns the receiver's name.
func (r *Receiver) Name() string { return r.name }

// Type returns "ticket".
func (r *Receiver) Type() string { return "ticket" }

// Compose returns n with the text of the ticket's next entry.
func (r *Receiver) Compose(n alert.Notification, alerts []alert.Alert) alert.Notification {
	n.Text = Text(n, alerts)
	return n
}

// Send applies n to the ticket of its incident, once however often it is called.
func (r *Receiver) Send(ctx context.Context, n alert.Notification) (alert.Receipt, error) {
	if err := r.board.PutTicket(ctx, n, time.Now()); err != nil {
		return alert.Receipt{}, fmt.Errorf("file ticket: %w", err)
	}
	return alert.Receipt{}, nil
}

// Text writes a ticket entry: what happened, why it is told now, and each alert
// with its labels and description.
func Text(n alert.Notification, alerts []alert.Alert) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", strings.ToUpper(string(n.Status)), n.Title)
	if n.Reason != "" {
		fmt.Fprintf(&b, "Reason: %s\n", n.Reason)
	}
	if n.RunbookURL != "" {
		fmt.Fprintf(&b, "Runbook: %s\n", n.RunbookURL)
	}
	for i, a := range alerts {
		if i == maxListed {
			fmt.Fprintf(&b, "\nand %d more alerts\n", len(alerts)-maxListed)
			break
		}
		fmt.Fprintf(&b, "\n%s\n  %s\n", span(a), a.Labels)
		if d := strings.TrimSpace(a.Annotations["description"]); d != "" {
			fmt.Fprintf(&b, "  %s\n", d)
		}
	}
	return b.String()
}

// span says when an alert fired.
func span(a alert.Alert) string {
	from := a.StartsAt.UTC().Format(time.RFC3339)
	if a.Status == alert.Resolved {
		return "fired from " + from + " to " + a.EndsAt.UTC().Format(time.RFC3339)
	}
	return "fires since " + from
}
