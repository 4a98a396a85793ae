package router

import (
	"context"
	"fmt"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

// Acknowledge notes that a person takes care of an incident: nobody else is woken
// for it. The first one counts, and a second time changes nothing. It returns
// store.ErrNotFound, and ErrOver for an incident that has ended.
func (rt *Router) Acknowledge(ctx context.Context, incident, author string) error {
	now := time.Now()
	err := rt.amend(ctx, incident, now, func(inc store.Incident) (store.Change, error) { return Acknowledge(inc, author, now) })
	if err == nil {
		rt.log.Info("incident acknowledged", "incident", incident, "author", author)
	}
	return err
}

// Retry sends a dead message again, with the patience that a new one gets. It
// returns store.ErrNotFound for one that is not dead.
func (rt *Router) Retry(ctx context.Context, message string) error {
	receiver, err := rt.store.Revive(ctx, message, time.Now())
	if err != nil {
		return err
	}
	rt.log.Info("a dead message is sent again", "notification", message, "receiver", receiver)
	ring(rt.bellOf(receiver))
	rt.pages.Notify()
	return nil
}

// maxReported is how often a message is sent again because its provider took it
// and then reported that it failed.
const maxReported = 3

// Reported takes a provider's delivery report, about the message with that id or
// with that receipt. A message that will not arrive is sent again, a few times. It
// returns store.ErrNotFound for a message that nobody knows.
func (rt *Router) Reported(ctx context.Context, message, receipt string, report alert.Report, detail string) error {
	n, err := rt.store.Reported(ctx, message, receipt, report, detail, time.Now(), maxReported)
	if err != nil {
		return fmt.Errorf("delivery report: %w", err)
	}
	rt.pages.Notify()
	rt.metrics.reports.WithLabelValues(n.Receiver, string(report)).Inc()
	log := rt.log.With("receiver", n.Receiver, "notification", n.ID, "provider", n.Provider)
	if report != alert.ReportFailed {
		log.Debug("delivery reported", "report", report)
		return nil
	}
	if n.State == alert.Delivered && n.Report != alert.ReportFailed && n.Attempts >= maxReported {
		rt.metrics.done(n, alert.Dead, time.Now())
	}
	log.Warn("a message that was taken will not arrive", "detail", detail)
	ring(rt.bellOf(n.Receiver))
	return nil
}
