package sms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"goldensignals/internal/alert"
)

// PhoneConfig is the built-in phone in a list of providers. It has no settings.
type PhoneConfig struct{}

// Validate has nothing to object.
func (*PhoneConfig) Validate() error { return nil }

func (*PhoneConfig) open(o opening) (Provider, error) {
	if o.env.Inbox == nil {
		return nil, errors.New("there is no built-in phone here")
	}
	return &builtIn{o.name, o.env.Inbox}, nil
}

// builtIn is the built-in phone as a provider.
type builtIn struct {
	name  string
	inbox Inbox
}

func (b *builtIn) Name() string     { return b.name }
func (b *builtIn) Idempotent() bool { return true }

func (b *builtIn) Send(ctx context.Context, o Outgoing) (alert.Receipt, error) {
	n := o.notification
	n.ID, n.To, n.Text = o.ID, o.To, o.Text
	if err := b.inbox.PutSMS(ctx, n, time.Now()); err != nil {
		return alert.Receipt{}, fmt.Errorf("keep sms: %w", err)
	}
	return alert.Receipt{ID: o.ID}, nil
}
