package console

import (
	"net/http"
	"time"

	"goldensignals/internal/trace"
)

// Traces is what the console needs of whoever keeps traces. Its methods must be
// safe for concurrent use and quick.
type Traces interface {
	// Failed lists the failed traces that are kept at now, newest first.
	Failed(now time.Time) []trace.Trace
	// Slowest lists the slowest of the others, slowest first.
	Slowest(now time.Time) []trace.Trace
	// Trace finds one of them.
	Trace(now time.Time, id trace.ID) (trace.Trace, bool)
}

// tracesView is the page with both lists.
type tracesView struct {
	At              time.Time
	Kept            bool // somebody keeps traces
	Failed, Slowest []traceRow
}

// traceRow is one trace in a list.
type traceRow struct {
	ID      string
	At      time.Time
	Name    string // method and route
	Took    string
	Outcome string
	Spans   int
	Why     string // who failed first, or who took longest
}

// traceView is the page of one trace; without one it says so.
type traceView struct {
	Found  bool
	Row    traceRow
	Failed bool
	Story  string // where it failed, or where the time went
	Length string // of the whole, for the head of the waterfall
	Rows   []spanRow
}

// serveTraces answers with the lists.
func (c *Console) serveTraces(w http.ResponseWriter, _ *http.Request) {
	v := tracesView{At: time.Now()}
	if c.opts.Traces != nil {
		v.Kept = true
		v.Failed = viewTraces(c.opts.Traces.Failed(v.At))
		v.Slowest = viewTraces(c.opts.Traces.Slowest(v.At))
	}
	c.write(w, http.StatusOK, "traces.html", v)
}

// serveTrace answers with one trace. What is not the id of a trace is treated
// as the id of one that is not kept.
func (c *Console) serveTrace(w http.ResponseWriter, r *http.Request) {
	id, ok := trace.ParseID(r.PathValue("id"))
	if ok && c.opts.Traces != nil {
		if t, kept := c.opts.Traces.Trace(time.Now(), id); kept {
			c.write(w, http.StatusOK, "trace.html", viewTrace(t))
			return
		}
	}
	c.write(w, http.StatusNotFound, "trace.html", traceView{})
}

func viewTraces(list []trace.Trace) []traceRow {
	rows := make([]traceRow, 0, len(list))
	for _, t := range list {
		rows = append(rows, viewTraceRow(t))
	}
	return rows
}

func viewTraceRow(t trace.Trace) traceRow {
	root := t.Root()
	row := traceRow{
		ID: root.Trace.String(), At: root.Start, Name: root.Name,
		Took: took(root.Took), Outcome: outcome(root), Spans: len(t.Spans),
	}
	if first, failed := t.FirstFailed(); failed {
		row.Why = first.Culprit() + " failed first"
	} else if service, alone := t.Busiest(); service != "" {
		row.Why = service + " took longest, " + took(alone)
	}
	return row
}

func viewTrace(t trace.Trace) traceView {
	from, to := t.Bounds()
	first, failed := t.FirstFailed()
	return traceView{
		Found: true, Row: viewTraceRow(t), Failed: failed, Story: story(t), Length: took(to.Sub(from)),
		Rows: viewSpans(t, first.ID),
	}
}

// story says in a sentence where a trace failed, or where its time went.
func story(t trace.Trace) string {
	first, failed := t.FirstFailed()
	if !failed {
		service, alone := t.Busiest()
		return "Nothing failed. " + service + " took longest by itself: " + took(alone) + " of " + took(t.Root().Took) + "."
	}
	how := "answered " + first.Name + " with " + outcome(first) + " after " + took(first.Took)
	switch {
	case first.Kind == trace.Server && first.Error != "":
		how = "was not done with " + first.Name + " after " + took(first.Took) + ", when its caller gave up"
	case first.Error == trace.Timeout:
		how = "did not answer " + first.Name + " of " + first.Service + " within " + took(first.Took)
	case first.Error == trace.Connection:
		how = "could not be reached by " + first.Service + " for " + first.Name + ", or broke off, after " + took(first.Took)
	case first.Error == trace.Canceled:
		how = "had not answered " + first.Name + " of " + first.Service + " after " + took(first.Took) + ", when the caller of " + first.Service + " gave up"
	}
	return first.Culprit() + " failed first: it " + how + "."
}
