// Package ticket is the receiver for what must be done eventually: a ticket that
// the first message opens, the next ones comment and the last one closes. It is
// on the built-in board (Receiver), one for each incident, or in a tracker of
// the team's own (Tracked), one for each alert group. The router calls it; it
// never decides whether to send. One file for each tracker; Config lists them.
package ticket

import (
	"context"
	"fmt"
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

// Close does nothing: the board belongs to somebody else.
func (r *Receiver) Close() {}

// Text writes a ticket entry: what happened, why it is told now, and each alert
// with its labels and description.
func Text(n alert.Notification, alerts []alert.Alert) string { return describe(n, alerts).String() }
