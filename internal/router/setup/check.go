package setup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
	"goldensignals/internal/receiver/sms"
	"goldensignals/internal/receiver/ticket"
	"goldensignals/internal/router/policy"
)

// Check returns everything that would keep Plan from opening what p describes,
// such as certificates that cannot be read. It needs no store, asks nobody and
// creates no file.
func Check(p *policy.Policy) error {
	var errs []error
	for i, c := range p.SMSProviders() {
		if _, err := c.Open(sms.Env{Inbox: nobody{}}); err != nil {
			errs = append(errs, outbound.Below(fmt.Sprintf("providers[%d]", i), err))
		}
	}
	for i, c := range p.AllReceivers() {
		field := fmt.Sprintf("receivers[%d]", i)
		switch {
		case c.Ticket != nil:
			t, err := c.Ticket.Open(ticket.Env{Board: nobody{}})
			if err != nil {
				errs = append(errs, outbound.Below(field+".ticket", err))
				continue
			}
			t.Close()
		case c.Log != nil:
			errs = append(errs, outbound.Below(field+".log", c.Log.Validate()))
		}
	}
	return errors.Join(errs...)
}

// nobody stands for the store, where nothing is sent.
type nobody struct{}

func (nobody) PutSMS(context.Context, alert.Notification, time.Time) error    { return nil }
func (nobody) PutTicket(context.Context, alert.Notification, time.Time) error { return nil }
