// Package scoreboard tells Prometheus what is broken, what was repaired and how the
// last live drill was scored, so that boards can show it beside what alerts made of
// it. Stacks serve it. It keeps nothing of its own but counts, and decides nothing.
package scoreboard

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
)

// Options are what the metrics of a game day are read from, whenever they are
// scraped. All functions are required and safe for concurrent use.
type Options struct {
	// Active lists the faults that act now.
	Active func() []fault.Active
	// Applied lists the repairs that were ordered lately.
	Applied func() []fault.Applied
	// Running reports whether a live drill runs: what is broken is hidden then.
	Running func() bool
	// Scored returns the last live drill that was scored, and when it ended; false
	// if there is none.
	Scored func() (drill.Result, time.Time, bool)
	// Services are those that can be broken.
	Services []string
}

// Board is the metrics of a game day. No rule may read them: they are the truth.
// Players can read what it tells, so it says nothing of faults while a live drill
// runs. It is safe for concurrent use.
type Board struct {
	opts Options

	mu      sync.Mutex
	seen    map[string]time.Time  // :: service -> order of the last repair that is counted
	repairs map[[2]string]float64 // :: repair, service -> how often it was ordered
	descs   map[string]*prometheus.Desc
}

// New returns a board that has counted nothing yet.
func New(o Options) *Board {
	b := &Board{opts: o, seen: map[string]time.Time{}, repairs: map[[2]string]float64{}, descs: map[string]*prometheus.Desc{}}
	desc := func(name, help string, labels ...string) {
		b.descs[name] = prometheus.NewDesc(name, help, labels, nil)
	}
	desc("gameday_fault_active", "1 while a fault acts; nothing is told of faults while a live drill runs.", "kind", "service")
	desc("gameday_repairs_total", "Repairs that were ordered.", "repair", "service")
	desc("gameday_drill_running", "Whether a live drill runs: 1 or 0.")
	desc("gameday_drill_precision_ratio", "Part of the pages of the last live drill that were about an incident.")
	desc("gameday_drill_recall_ratio", "Part of the incidents of the last live drill that were paged in time.")
	desc("gameday_drill_pages", "Pages of the last live drill, false ones included.")
	desc("gameday_drill_false_pages", "Pages of the last live drill that were about no incident.")
	desc("gameday_drill_incidents", "Incidents of the last live drill, by what became of them.", "verdict")
	desc("gameday_drill_time_to_detect_seconds", "Time from the beginning of an incident of the last live drill to its first page.", "incident")
	desc("gameday_drill_reset_seconds", "Time from the end of an incident of the last live drill to its all-clear.", "incident")
	desc("gameday_drill_ended_timestamp_seconds", "When the last live drill that was scored ended, in seconds since the Unix epoch.")
	for _, r := range fault.Repairs() {
		for _, s := range o.Services {
			if len(r.Services) == 0 || slices.Contains(r.Services, s) {
				b.repairs[[2]string{r.Name, s}] = 0 // so that the first one is an increase
			}
		}
	}
	return b
}

// Describe implements prometheus.Collector.
func (b *Board) Describe(out chan<- *prometheus.Desc) {
	for _, d := range b.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (b *Board) Collect(out chan<- prometheus.Metric) {
	gauge := func(name string, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(b.descs[name], prometheus.GaugeValue, v, labels...)
	}
	running := b.opts.Running()
	gauge("gameday_drill_running", boolValue(running))
	if !running {
		for _, a := range b.activeFaults() {
			gauge("gameday_fault_active", 1, a[0], a[1])
		}
	}
	for r, n := range b.countRepairs() {
		out <- prometheus.MustNewConstMetric(b.descs["gameday_repairs_total"], prometheus.CounterValue, n, r[0], r[1])
	}
	if last, at, ok := b.opts.Scored(); ok {
		scoreMetrics(last, at, gauge)
	}
}

// activeFaults lists kind and service of what acts, each pair once.
func (b *Board) activeFaults() (pairs [][2]string) {
	for _, a := range b.opts.Active() {
		if p := [2]string{a.Kind, a.Service}; !slices.Contains(pairs, p) {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// countRepairs adds those that were ordered since the last call. The list that it
// reads is cut at its old end, so its length is no counter.
func (b *Board) countRepairs() map[[2]string]float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	newest := map[string]time.Time{}
	for _, a := range b.opts.Applied() {
		if a.At.After(b.seen[a.Service]) {
			b.repairs[[2]string{a.Repair, a.Service}]++
			newest[a.Service] = a.At
		}
	}
	counts := make(map[[2]string]float64, len(b.repairs))
	for s, at := range newest {
		b.seen[s] = at
	}
	for r, n := range b.repairs {
		counts[r] = n
	}
	return counts
}

func scoreMetrics(r drill.Result, ended time.Time, gauge func(string, float64, ...string)) {
	gauge("gameday_drill_precision_ratio", r.Score.Precision)
	gauge("gameday_drill_recall_ratio", r.Score.Recall)
	gauge("gameday_drill_pages", float64(r.Score.Pages))
	gauge("gameday_drill_false_pages", float64(r.Score.FalsePages))
	gauge("gameday_drill_ended_timestamp_seconds", unixSeconds(ended))
	verdicts := map[drill.Verdict]float64{drill.Detected: 0, drill.Late: 0, drill.Missed: 0, drill.Averted: 0}
	for _, i := range r.Incidents {
		verdicts[i.Verdict]++
		if i.TimeToDetectSeconds != nil {
			gauge("gameday_drill_time_to_detect_seconds", *i.TimeToDetectSeconds, i.Name)
		}
		if i.ResetSeconds != nil {
			gauge("gameday_drill_reset_seconds", *i.ResetSeconds, i.Name)
		}
	}
	for v, n := range verdicts {
		gauge("gameday_drill_incidents", n, string(v))
	}
}

func boolValue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }
