package engine

import (
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/timeinterval"
	commoncfg "github.com/prometheus/common/config"
)

// generation is all that one Alertmanager configuration decides.
type generation struct {
	inhibitor  *inhibit.Inhibitor
	dispatcher *dispatch.Dispatcher
	running    sync.WaitGroup
}

// receiverSet is what a configuration's receivers and templates become.
type receiverSet struct {
	tmpl         *template.Template
	integrations map[string][]notify.Integration
}

// receivers builds the integrations of the receivers that a route uses.
func (s *alertmanagerServer) receivers(conf *Config) (receiverSet, error) {
	tmpl, err := template.FromGlobs(conf.Templates)
	if err != nil {
		return receiverSet{}, fmt.Errorf("parse templates: %w", err)
	}
	tmpl.ExternalURL = s.opts.AlertmanagerURL
	used := map[string]bool{}
	dispatch.NewRoute(conf.Route, nil).Walk(func(r *dispatch.Route) { used[r.RouteOpts.Receiver] = true })

	set := receiverSet{tmpl: tmpl, integrations: map[string][]notify.Integration{}}
	for _, rcv := range conf.Receivers {
		if !used[rcv.Name] {
			continue
		}
		set.integrations[rcv.Name], err = receiver.BuildReceiverIntegrations(rcv, tmpl, s.log,
			commoncfg.WithDialContextFunc(s.opts.Dial))
		if err != nil {
			return receiverSet{}, fmt.Errorf("build receiver %q: %w", rcv.Name, err)
		}
	}
	return set, nil
}

func (s *alertmanagerServer) newGeneration(conf *Config) (*generation, error) {
	set, err := s.receivers(conf)
	if err != nil {
		return nil, err
	}
	intervals := map[string][]timeinterval.TimeInterval{}
	for _, ti := range conf.MuteTimeIntervals {
		intervals[ti.Name] = ti.TimeIntervals
	}
	for _, ti := range conf.TimeIntervals {
		intervals[ti.Name] = ti.TimeIntervals
	}
	noWait := func() time.Duration { return 0 } // no cluster peers to wait for
	atLeastMin := func(d time.Duration) time.Duration { return max(d, notify.MinTimeout) }

	inhibitor := inhibit.NewInhibitor(s.alerts, conf.InhibitRules, s.log, s.recorder)
	pipeline := s.pipelines.New(set.integrations, noWait, inhibitor, s.silencer,
		timeinterval.NewIntervener(intervals), s.marker, s.nflog, nil)
	return &generation{
		inhibitor: inhibitor,
		dispatcher: dispatch.NewDispatcher(s.alerts, dispatch.NewRoute(conf.Route, nil), pipeline, s.marker,
			atLeastMin, 30*time.Second, nil, s.log, s.recorder, s.dispatches, set.tmpl),
	}, nil
}

// start runs the inhibitor first and waits for its cache: an alert that it
// mutes must not be notified by a dispatcher that was quicker.
func (g *generation) start(since time.Time) {
	g.running.Go(g.inhibitor.Run)
	g.inhibitor.WaitForLoading()
	g.running.Go(func() { g.dispatcher.Run(since) })
	g.dispatcher.WaitForLoading()
}

// stop ends g and waits. A nil generation is nothing to stop.
func (g *generation) stop() {
	if g == nil {
		return
	}
	g.inhibitor.Stop()
	g.dispatcher.Stop()
	g.running.Wait()
}
