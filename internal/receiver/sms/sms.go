// Package sms is the receiver that wakes people: it writes the text of an SMS
// and hands it to the built-in phone. That phone is a stand-in for a phone
// network: its inbox is a table and a page, and no message leaves the machine.
// The router calls this package; it never decides whether to send.
package sms

import (
	"context"
	"fmt"
	"time"

	"goldensignals/internal/alert"
)

// Inbox keeps the text messages of the built-in phone.
type Inbox interface {
	// PutSMS keeps n; a second one with the same ID changes nothing.
	PutSMS(ctx context.Context, n alert.Notification, at time.Time) error
}

// Options describe the receiver.
type Options struct {
	Name  string // how messages name it; "phone" if empty
	To    string // the number, as shown; "Built-in phone" if empty
	Inbox Inbox  // required
}

// Phone is the built-in phone. It is safe for concurrent use.
type Phone struct {
	name, to string
	inbox    Inbox
}

// New returns the built-in phone. It panics without an inbox.
func New(o Options) *Phone {
	if o.Inbox == nil {
		panic("sms: Options.Inbox is nil")
	}
	p := &Phone{name: o.Name, to: o.To, inbox: o.Inbox}
	if p.name == "" {
		p.name = "phone"
	}
	if p.to == "" {
		p.to = "Built-in phone"
	}
	return p
}

// Name returns the receiver's name.
func (p *Phone) Name() string { return p.name }

// Type returns "sms".
func (p *Phone) Type() string { return "sms" }

// Compose returns n with recipient and text.
func (p *Phone) Compose(n alert.Notification, _ []alert.Alert) alert.Notification {
	n.To, n.Text = p.to, Text(n)
	return n
}

// Send puts n into the inbox, once however often it is called.
func (p *Phone) Send(ctx context.Context, n alert.Notification) (alert.Receipt, error) {
	if err := p.inbox.PutSMS(ctx, n, time.Now()); err != nil {
		return alert.Receipt{}, fmt.Errorf("send sms to %s: %w", p.to, err)
	}
	return alert.Receipt{}, nil
}
