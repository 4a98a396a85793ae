package drill

import (
	"goldensignals/internal/alert"
)

// Verdict says how an incident ended for the people on call.
type Verdict string

// The verdicts of an incident.
const (
	Detected Verdict = "detected" // the first page came within page_within
	Late     Verdict = "late"     // a page came, but after that
	Missed   Verdict = "missed"   // no page came
	Averted  Verdict = "averted"  // of a live drill only: over before a page was due, and none came
)

// Result is the score of one run and what it was made from. Its JSON is the
// public form: seconds count from minute zero, are rounded to milliseconds and
// null where the moment never came; ratios are rounded to six digits. Same run,
// same bytes, apart from wall_seconds. Slices are never nil, except for
// Notes and Repairs.
type Result struct {
	Drill          string               `json:"drill"`
	Title          string               `json:"title"`
	Control        bool                 `json:"control"`
	Seed           uint64               `json:"seed"`
	VirtualSeconds float64              `json:"virtual_seconds"` // history included
	WallSeconds    float64              `json:"wall_seconds"`
	Requests       int                  `json:"requests"`        // history included
	Passed         bool                 `json:"passed"`          // Problems is empty
	Problems       []string             `json:"problems"`        // a sentence for each incident that fell short, then one for all false pages
	Notes          []string             `json:"notes,omitempty"` // of a live drill only: a sentence for each thing that people made different
	Incidents      []IncidentResult     `json:"incidents"`
	Notifications  []NotificationResult `json:"notifications"`     // oldest first
	Alerts         []AlertResult        `json:"alerts"`            // oldest first
	Repairs        []RepairResult       `json:"repairs,omitempty"` // oldest first
	Score          Score                `json:"score"`
	Timeline       Timeline             `json:"timeline"`
}

// IncidentResult is what became of one incident. Its fields are defined in the
// package documentation.
type IncidentResult struct {
	Name                  string   `json:"name"`
	FromSeconds           float64  `json:"from_seconds"`
	ToSeconds             float64  `json:"to_seconds"`
	PageWithinSeconds     float64  `json:"page_within_seconds"`
	Verdict               Verdict  `json:"verdict"`
	Alert                 string   `json:"alert"`    // of the first page; empty if missed
	Receiver              string   `json:"receiver"` // of the first page; empty if missed
	TimeToDetectSeconds   *float64 `json:"time_to_detect_seconds"`
	ResetSeconds          *float64 `json:"reset_seconds"`
	ErrorBudgetSpentRatio float64  `json:"error_budget_spent_ratio"`
	Pages                 int      `json:"pages"`
	ExtraPages            int      `json:"extra_pages"`
	Requests              int      `json:"requests"` // of users, within the incident
	FailedRequests        int      `json:"failed_requests"`
	SlowRequests          int      `json:"slow_requests"`
}

// Role says what a message counts as. Every message counts as exactly one.
type Role string

// The roles of a message.
const (
	RolePage      Role = "page"
	RoleFalsePage Role = "false page"
	RoleTicket    Role = "ticket"
	RoleLogLine   Role = "log line"
	RoleRepeat    Role = "repeat"
	RoleResolved  Role = "resolved"
)

// NotificationResult is one message.
type NotificationResult struct {
	AtSeconds    float64        `json:"at_seconds"`
	Receiver     string         `json:"receiver"`
	ReceiverType string         `json:"receiver_type"`
	Status       alert.Status   `json:"status"`
	AlertName    string         `json:"alertname"`
	Severity     alert.Severity `json:"severity"`
	Reason       string         `json:"reason"`
	Alerts       int            `json:"alerts"`
	GroupKey     string         `json:"group_key"`
	RunbookURL   string         `json:"runbook_url"`
	CountsAs     Role           `json:"counts_as"`
	Incident     string         `json:"incident,omitempty"` // that a page belongs to; empty for a page about unclaimed harm in a live drill
}

// AlertResult is one alert.
type AlertResult struct {
	AlertName         string       `json:"alertname"`
	Labels            alert.Labels `json:"labels"`
	PendingAtSeconds  *float64     `json:"pending_at_seconds"`
	FiringAtSeconds   *float64     `json:"firing_at_seconds"`
	ResolvedAtSeconds *float64     `json:"resolved_at_seconds"`
	RunbookURL        string       `json:"runbook_url"`
	Muted             []MuteResult `json:"muted"`
}

// MuteResult is a span in which an alert was kept from people.
type MuteResult struct {
	FromSeconds float64  `json:"from_seconds"`
	ToSeconds   *float64 `json:"to_seconds"`
	By          string   `json:"by"` // BySilence or ByInhibition
	Name        string   `json:"name"`
}

// RepairResult is one repair that was applied, by the scenario or by people. A
// wrong one ended and helped nothing.
type RepairResult struct {
	AtSeconds     float64  `json:"at_seconds"`
	EffectSeconds float64  `json:"effect_seconds"` // from when on it acted
	Repair        string   `json:"repair"`
	Service       string   `json:"service"`
	Ended         []string `json:"ended"`  // the kinds of the faults that it ended
	Helped        []string `json:"helped"` // the kinds of those that users no longer felt
}

// Score counts. Its fields are defined in the package documentation.
type Score struct {
	Precision          float64   `json:"precision"`
	Recall             float64   `json:"recall"`
	Pages              int       `json:"pages"` // false ones included
	FalsePages         int       `json:"false_pages"`
	FalsePageAtSeconds []float64 `json:"false_page_at_seconds"`
	ExtraPages         int       `json:"extra_pages"`
	Tickets            int       `json:"tickets"`
	LogLines           int       `json:"log_lines"`
	Repeats            int       `json:"repeats"`
	ResolvedMessages   int       `json:"resolved_messages"`
	Messages           int       `json:"messages"` // all of them
	Silenced           int       `json:"silenced"`
	Inhibited          int       `json:"inhibited"`
	WithoutRunbook     int       `json:"without_runbook"`
}

// Timeline is what pictures of the run are drawn from.
type Timeline struct {
	DurationSeconds float64        `json:"duration_seconds"` // from minute zero
	Faults          []FaultSpan    `json:"faults"`
	Silences        []SilenceSpan  `json:"silences"`
	BinSeconds      float64        `json:"bin_seconds"` // the width of each bin below, the last may be shorter
	Journeys        []JourneySpans `json:"journeys"`    // sorted by name
}

// FaultSpan is a fault of the scenario.
type FaultSpan struct {
	FromSeconds float64 `json:"from_seconds"`
	ToSeconds   float64 `json:"to_seconds"` // when it ended by itself, or by a repair
	Fault       string  `json:"fault"`
	Service     string  `json:"service"`
	Setting     string  `json:"setting"` // its parameters, for people
}

// SilenceSpan is a silence of the scenario.
type SilenceSpan struct {
	FromSeconds float64 `json:"from_seconds"`
	ToSeconds   float64 `json:"to_seconds"`
	Matchers    string  `json:"matchers"` // for people
	Comment     string  `json:"comment"`
}

// JourneySpans is what the users of one journey saw, in bins from minute zero on.
type JourneySpans struct {
	Journey  string `json:"journey"`
	Requests []int  `json:"requests"`
	Failed   []int  `json:"failed"`
	Slow     []int  `json:"slow"`
}
