package console

import (
	"fmt"
	"net/http"
	"time"

	"goldensignals/internal/trace"
)

// A bar of the waterfall is drawn in a box of barWidth units, in an SVG whose
// colours come from the style sheet. The figures beside it say the same.
const (
	barWidth = 1000
	barLeast = 4 // or nobody would see it
)

// maxIndent is how many levels are indented; deeper ones stay there.
const maxIndent = 9

// spanRow is one span of the waterfall.
type spanRow struct {
	Indent  int
	Whose   string // the service, and the one that it calls
	Name    string
	Client  bool
	X, W    int // the bar
	Begins  string
	Took    string
	Outcome string
	Failed  bool
	First   bool // it failed first
}

// viewSpans lists the rows of the waterfall. The span called first failed
// before the others.
func viewSpans(t trace.Trace, first trace.SpanID) []spanRow {
	from, to := t.Bounds()
	whole := max(to.Sub(from), time.Nanosecond)
	var rows []spanRow
	for _, r := range t.Rows() {
		begins := r.Start.Sub(from)
		row := spanRow{
			Indent: min(r.Depth, maxIndent), Whose: r.Service, Name: r.Name, Client: r.Kind == trace.Client,
			W:      max(int(float64(r.Took)/float64(whole)*barWidth), barLeast),
			Begins: took(begins), Took: took(r.Took), Outcome: outcome(r.Span),
			Failed: r.Failed, First: r.Failed && r.ID == first,
		}
		row.X = min(int(float64(begins)/float64(whole)*barWidth), barWidth-row.W)
		if row.Client {
			row.Whose += " → " + r.Peer
		}
		rows = append(rows, row)
	}
	return rows
}

// outcome words how a span ended.
func outcome(s trace.Span) string {
	switch {
	case s.Error == trace.Canceled && s.Kind == trace.Server:
		return "no answer: its caller gave up"
	case s.Error == trace.Canceled:
		return "no answer: given up"
	case s.Error != "":
		return "no answer: " + s.Error
	case s.Failed && http.StatusText(s.Status) != "":
		return fmt.Sprintf("%d %s", s.Status, http.StatusText(s.Status))
	default:
		return fmt.Sprint(s.Status)
	}
}

// took words a duration with three digits or so.
func took(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
}
