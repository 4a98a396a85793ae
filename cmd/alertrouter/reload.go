package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/router/setup"
)

// reloads says how the last reading of the configuration went.
type reloads struct {
	successful prometheus.Gauge
	at         prometheus.Gauge
}

func newReloads() *reloads {
	return &reloads{
		successful: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "alertrouter_config_last_reload_successful",
			Help: "Whether the last attempt to read the configuration succeeded: 1 or 0.",
		}),
		at: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "alertrouter_config_last_reload_success_timestamp_seconds",
			Help: "When the configuration was last read with success.",
		}),
	}
}

func (r *reloads) done(err error, now time.Time) {
	if err != nil {
		r.successful.Set(0)
		return
	}
	r.successful.Set(1)
	r.at.Set(float64(now.UnixNano()) / 1e9)
}

// reload reads the configuration again. What is wrong is logged, each error by
// itself, and the old configuration stays. Log files are opened anew in any case:
// whoever has moved them away waits for that.
func (a *app) reload() {
	if err := setup.Reopen(a.plan); err != nil {
		a.log.Error("log files go on where they were", "err", err)
	}
	err := a.replace()
	a.reloads.done(err, time.Now())
	if err == nil {
		a.log.Info("configuration reloaded")
		return
	}
	for _, e := range flat(err) {
		a.log.Error("reload went wrong; the configuration stays as it was", "err", e)
	}
}

// replace has the router work by what the files say now.
func (a *app) replace() error {
	in, err := a.c.read()
	if err != nil {
		return err
	}
	external, err := a.c.externalURL(in.policy)
	if err != nil {
		return err
	}
	plan, err := setup.Plan(in.policy, a.env)
	if err != nil {
		return a.c.inFile(err)
	}
	if err := a.router.Apply(plan); err != nil {
		return errors.Join(fmt.Errorf("apply %s: %w", a.c.file, err), setup.Close(plan))
	}
	a.plan = plan // CLOSE: the router closes the receivers of the old one, once nothing is sent by them
	if external != nil && *external != *a.external {
		a.log.Warn("external_url has changed; that takes a restart", "old", a.external.String(), "new", external.String())
	}
	return nil
}

// flat lists joined errors.
func flat(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // the joined errors themselves are wanted
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flat(e)...)
	}
	return all
}
