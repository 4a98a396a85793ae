// Package drill holds the words of practising: the scenario of a drill, the
// truth about it (what users saw) and the score. The load generator records the
// truth, the commands parse scenarios and evaluate runs, the reports show
// results. It does no I/O, reads no clock and starts no goroutine.
//
// # Truth
//
// The truth is what the load generator's users saw, second by second: see
// Second. Users are hurt over a span of time if those of one journey, or all
// together, were served worse than the objectives allow, beyond doubt:
//
//   - failed: more than 0.1 % of the requests were answered 5xx or not at all, or
//   - slow: more than 1 % of the answered requests took longer than 300 ms,
//
// where "more" means at least five requests and more than three standard
// deviations (of a Poisson count) above what the objective allows for that many
// requests. So the noise of healthy traffic hurts nobody, and 0.5 % errors for
// an hour do.
//
// Evaluate refuses a run that contradicts its scenario, with the figures:
//
//   - An incident hurts users over its whole length or in a window of five
//     minutes of it, and the first such window begins within five minutes of
//     the incident, because the time to detect counts from there.
//   - Outside of the incidents, with 30 seconds of slack at their edges, no user
//     is hurt: neither over a whole stretch between them nor in any window of
//     five minutes.
//
// # Score
//
// Every message to a receiver counts as exactly one of these:
//
//   - A repeat is a firing message that adds no alert: Alertmanager's reason
//     says "repeat interval elapsed" or "some alerts resolved". A resolved
//     message says that its group no longer fires. Both are counted apart,
//     whatever the receiver.
//   - A page is any other message to an SMS receiver. It belongs to the incident
//     between whose start and five minutes after whose end it was sent, both
//     inclusive; incidents lie five minutes apart, so there is at most one. A
//     page that belongs to none, one in the history for instance, is a false page.
//   - A ticket and a log line are any other message to a receiver of that type.
//
// Per incident:
//
//   - verdict: detected if the first page that belongs to it came within
//     page_within of its start, late if it came after that, missed if there is none;
//   - time to detect: the first page minus the start of the incident;
//   - reset time: the resolved message minus the end of the incident. Where
//     several groups paged, the last one counts; of each group, the first resolved
//     message after its last page of the incident. It is negative if the pager
//     called it over while users were still hurt, and absent if a group never did;
//   - extra pages: those that belong to it, beyond the first;
//   - error budget spent: the share of a month's budget that users had lost when
//     the first page was sent, or at the end of a missed incident. The budget is
//     0.1 % of the requests of 30 days at the drill's mean rate for failed ones
//     and 1 % for slow ones; whichever is spent further counts.
//
// Per drill:
//
//   - precision: pages that belong to an incident / pages; 1 where there are none;
//   - recall: incidents detected or late / incidents; 1 where there are none;
//   - silenced, inhibited: alerts that were muted so at least once while firing;
//   - without runbook: alerts that fired and link to none.
//
// A drill is passed if every incident was detected and no page was false.
// Repairs, by the scenario or by people, are on record with what they changed,
// the wrong ones included; they count for nothing.
//
// # Live drills
//
// In a live drill people repair, and break, what the scenario knows nothing of.
// EvaluateLive therefore refuses nothing that users saw, but says in a sentence
// (Result.Notes) where that differs from the claims. All of the above holds,
// with these additions; a drill in which nobody lifts a finger scores as its
// replay does.
//
//   - An incident ends when users were hurt last between its claimed start and
//     end, if that is more than 30 seconds before the claimed end: by then the
//     players had repaired it. Reset time, the pages that belong to it and the
//     budget spent count with this end. It is never later than the claimed one.
//   - An incident in which no user was hurt beyond doubt ends as it begins: the
//     players were quicker than the harm.
//   - The verdict of an incident that ended early, within page_within, and
//     without a page is averted: nobody had to be paged. It counts neither for
//     nor against recall and fails no drill.
//   - Harm that no incident claims, 30 seconds of slack at the claimed edges, is
//     somebody's own doing. A page between its beginning and five minutes after
//     its end belongs to no incident, but is not a false page.
package drill

import "time"

// Second is what the users of one journey saw of the requests that they sent
// within one second of the clock. It is the truth that alerts are judged by.
type Second struct {
	At       time.Time `json:"at"`      // start of the second
	Journey  string    `json:"journey"` // browse, product, checkout
	Requests int       `json:"requests"`
	Failed   int       `json:"failed"` // answered 5xx, or not at all
	Slow     int       `json:"slow"`   // succeeded, but slower than the latency objective (300 ms)
}
