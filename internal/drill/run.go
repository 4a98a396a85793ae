package drill

import (
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/fault"
)

// Run is what was recorded while a scenario ran: everything that the score
// depends on. The order of the slices does not matter.
type Run struct {
	Start         time.Time // minute zero: the end of the history
	Seed          uint64
	Virtual       time.Duration // time that passed in the drill, history included; 0: computed
	Wall          time.Duration // time that passed for the one who waited
	Requests      int           // of users, history included; 0: counted from Seen
	Seen          []Second      // the truth; the history may be included
	Notifications []Notification
	Alerts        []AlertSpan
	Repairs       []fault.Applied // ordered from minute zero on, by the scenario or by people
}

// The receiver types. Each severity has its own: see alert.Severity.
const (
	SMS     = "sms"
	Ticket  = "ticket"
	LogLine = "logline"
)

// Notification is one message that was delivered to a receiver.
type Notification struct {
	At           time.Time // when it was delivered
	Receiver     string    // the receiver's name
	ReceiverType string    // SMS, Ticket or LogLine
	Status       alert.Status
	AlertName    string
	Severity     alert.Severity
	Reason       string // why Alertmanager notified, in its words
	Alerts       int    // alerts of the group that fire
	GroupKey     string
	RunbookURL   string
}

// AlertSpan is one alert from the moment its condition held until it was
// resolved. A zero time means that the moment never came.
type AlertSpan struct {
	Name       string
	Labels     alert.Labels
	PendingAt  time.Time
	FiringAt   time.Time
	ResolvedAt time.Time // also the end of an alert that was pending and never fired
	RunbookURL string
	Muted      []Mute
}

// The ways to mute an alert.
const (
	BySilence    = "silence"
	ByInhibition = "inhibition"
)

// Mute is a span in which an alert was kept from people. A zero To means that
// it lasted until the end of the run.
type Mute struct {
	From, To time.Time
	By       string // BySilence or ByInhibition
	Name     string // the silence's comment or the inhibition's name or source; may be empty
}
