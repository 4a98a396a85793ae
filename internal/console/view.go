package console

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/faultapi"
)

// snapshot is what everybody answered at one moment. Where an error is set the
// value beside it is empty.
type snapshot struct {
	at          time.Time
	services    []string
	signals     map[seriesKey]series
	signalsErr  error
	prom        []promAlert
	promErr     error
	am          []amAlert
	amErr       error
	silences    []amSilence
	silencesErr error
	messages    []alert.Notification
	messagesErr error
	faults      faultapi.List
	fixes       faultapi.Fixes
}

// collect asks all sources at once. It takes as long as the slowest, and at
// most two source timeouts.
func (c *Console) collect(ctx context.Context) snapshot {
	now := time.Now()
	s := snapshot{at: now, services: c.opts.Faults.Services(), faults: c.faults.List(), fixes: c.faults.Fixes(now)}
	var wg sync.WaitGroup
	wg.Go(func() { s.signals, s.signalsErr = c.sources.signals(ctx, s.at) })
	wg.Go(func() { s.prom, s.promErr = c.sources.promAlerts(ctx) })
	wg.Go(func() { s.am, s.amErr = c.sources.amAlerts(ctx) })
	wg.Go(func() { s.silences, s.silencesErr = c.sources.silences(ctx) })
	wg.Go(func() { s.messages, s.messagesErr = c.sources.messages(ctx, messagesAsked) })
	wg.Wait()
	newestFirst(s.messages)
	return s
}

// pageView is everything the page shows.
type pageView struct {
	At       time.Time
	Summary  summaryView
	Drill    *drillView // nil: none is running
	Services servicesView
	Alerts   alertsView
	Silences silencesView
	Phone    messagesView
	Tickets  messagesView
	Log      messagesView
	Active   activeView
	Form     formView
	Applied  appliedView
	Fix      fixView
	Links    Links
	Problem  string // what became of the person's last request
}

// summaryView is the state in one sentence, and who answered.
type summaryView struct {
	Sentence string
	Aside    string // what waits or is muted
	Tone     string // ok, warn, bad, none
	Pills    []pill
	At       time.Time
}

// pill says of one part whether it works.
type pill struct {
	Name string
	Word string
	OK   bool
}

// view asks everybody and words the answers.
func (c *Console) view(ctx context.Context) pageView {
	return c.word(c.collect(ctx))
}

// word turns a snapshot into what the page shows.
func (c *Console) word(s snapshot) pageView {
	loc := c.opts.Location
	all := merge(s.prom, s.am)
	v := pageView{
		At:       s.at,
		Summary:  summarise(s, all),
		Drill:    viewDrill(c.opts.Drills),
		Services: viewServices(s.services, s.signals, s.signalsErr),
		Alerts:   alertsView{Rows: viewAlerts(all, s.silences, loc, s.at), Problems: problems(s.promErr, s.amErr), At: s.at},
		Silences: silencesView{Rows: viewSilences(s.silences, all, s.at), Problem: text(s.silencesErr)},
		Phone:    messagesView{Rows: viewMessages(s.messages, typeSMS, phoneShown), Link: c.opts.Links.Phone, Problem: text(s.messagesErr)},
		Tickets:  messagesView{Rows: viewTickets(s.messages), Link: c.opts.Links.Tickets, Problem: text(s.messagesErr)},
		Log:      messagesView{Rows: viewMessages(s.messages, typeLog, linesShown), Link: c.opts.Links.Log, Problem: text(s.messagesErr)},
		Active:   viewFaults(s.faults, s.at),
		Form:     newForm(s.faults),
		Applied:  viewApplied(s.fixes.Applied, s.at),
		Fix:      fixView{Repairs: s.fixes.Repairs, Services: s.fixes.Services},
		Links:    c.opts.Links,
	}
	return v
}

// problems words what is missing when one of the engines does not answer.
func problems(promErr, amErr error) []string {
	var list []string
	if promErr != nil {
		list = append(list, text(promErr)+". Pending alerts are not shown.")
	}
	if amErr != nil {
		list = append(list, text(amErr)+". Which alerts are muted is not known.")
	}
	return list
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// summarise says how things stand in one sentence.
func summarise(s snapshot, all []found) summaryView {
	v := summaryView{At: s.at, Pills: pills(s, all)}
	n := map[string]int{} // :: state -> alerts
	urgent, path := false, false
	for _, f := range all {
		if f.name() == watchdog {
			path = true
			continue
		}
		n[f.State]++
		urgent = urgent || f.State == stateFiring && f.Labels["severity"] == string(alert.Critical)
	}
	muted := n[stateSilenced] + n[stateInhibited]
	switch {
	case n[stateFiring] > 0:
		v.Sentence, v.Tone = count(n[stateFiring], "alert", "alerts")+" firing"+pagesSent(s), "warn"
		if urgent {
			v.Tone = "bad"
		}
	case s.promErr != nil || s.amErr != nil:
		v.Sentence, v.Tone = "The state is not known", "none"
	case !path: // silence proves nothing while the alert that always fires does not
		v.Sentence, v.Tone = "No alert fires, not even Watchdog", "none"
	case muted > 0:
		v.Sentence, v.Tone = "Nothing unmuted is firing", "ok"
	default:
		v.Sentence, v.Tone = "All quiet", "ok"
	}
	var aside []string
	if n[statePending] > 0 {
		aside = append(aside, fmt.Sprintf("%d pending", n[statePending]))
	}
	if muted > 0 {
		aside = append(aside, fmt.Sprintf("%d muted", muted))
	}
	v.Aside = strings.Join(aside, ", ")
	return v
}

func pagesSent(s snapshot) string {
	if s.messagesErr != nil {
		return ", pages not known"
	}
	return ", " + count(openPages(s.messages), "page", "pages") + " sent"
}

// pills tells of each part whether it answers, and of the alerting path
// whether the alert that always fires does.
func pills(s snapshot, all []found) []pill {
	answers := func(name string, errs ...error) pill {
		for _, err := range errs {
			if err != nil {
				return pill{Name: name, Word: "no good answer"}
			}
		}
		return pill{Name: name, Word: "answers", OK: true}
	}
	dog := pill{Name: watchdog, Word: "not firing"}
	if s.amErr != nil {
		dog.Word = "not known"
	}
	for _, f := range all {
		if f.name() == watchdog && f.Fingerprint != "" {
			dog.Word, dog.OK = "alive", true
		}
	}
	return []pill{
		answers("Prometheus", s.signalsErr, s.promErr),
		answers("Alertmanager", s.amErr, s.silencesErr),
		answers("Router", s.messagesErr),
		dog,
	}
}
