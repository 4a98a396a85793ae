package alert

import "time"

// State is where a notification stands on its way to a person.
type State string

// The states of a notification. Delivered and Dead are final.
const (
	Pending   State = "pending"
	Leased    State = "leased" // a worker is sending it
	Delivered State = "delivered"
	Dead      State = "dead" // given up: visible, and retried by hand only
)

// Notification is one message to one receiver. Its JSON is the router's
// public form of a message.
type Notification struct {
	ID           string    `json:"id"`       // also the idempotency key towards the receiver
	Incident     string    `json:"incident"` // the router's id for one span of one alert group
	Receiver     string    `json:"receiver"`
	ReceiverType string    `json:"receiver_type"` // sms, ticket or logline
	To           string    `json:"to,omitempty"`  // a phone number, where there is one
	Severity     Severity  `json:"severity"`
	Status       Status    `json:"status"`
	AlertName    string    `json:"alertname"`
	Service      string    `json:"service,omitempty"`
	Reason       string    `json:"reason,omitempty"` // why Alertmanager notified
	Alerts       int       `json:"alerts"`           // how many alerts of the group fire
	GroupKey     string    `json:"group_key"`
	Title        string    `json:"title"`
	Text         string    `json:"text"`
	RunbookURL   string    `json:"runbook_url,omitempty"`
	State        State     `json:"state"`
	Attempts     int       `json:"attempts"`
	Unsure       int       `json:"unsure,omitempty"` // attempts whose answer was lost: it may have arrived more than once
	LastError    string    `json:"last_error,omitempty"`
	CreatedAt    time.Time `json:"created_at"`
	DeliveredAt  time.Time `json:"delivered_at,omitzero"`

	Level      int    `json:"level,omitempty"`       // of escalation: 0 is who is on call, 1 the next person
	First      bool   `json:"first,omitempty"`       // it tells this person of the incident for the first time
	CarriedBy  string `json:"carried_by,omitempty"`  // the digest that told this one, too
	Provider   string `json:"provider,omitempty"`    // who took it, where a receiver has several
	Receipt    string `json:"receipt,omitempty"`     // the provider's name for it
	ReceiptURL string `json:"receipt_url,omitempty"` // where a person can look at it, such as the ticket
	Report     Report `json:"report,omitempty"`      // what the provider said later

	NotBefore time.Time `json:"-"` // it waits until then, such as to the end of quiet hours
	FreshAt   time.Time `json:"-"` // from when its age counts: its creation, the end of its wait, or a retry by hand

	// What messages are worded from. It is not kept: the text is.
	Help         string `json:"-"` // the first sentence of the runbook
	ActionURL    string `json:"-"` // signed link to acknowledge and silence
	DashboardURL string `json:"-"`
}

// Report is what a provider says about a message that it took.
type Report string

// The reports. The empty one means that none is expected.
const (
	ReportExpected  Report = "expected"
	ReportDelivered Report = "delivered" // it is on the phone
	ReportFailed    Report = "failed"    // it will not arrive
)

// Matcher is one condition of a silence.
type Matcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual bool   `json:"isEqual"`
}

// Silence mutes the alerts that all its matchers match, from StartsAt until
// EndsAt (exclusive). The JSON is Alertmanager's API v2.
type Silence struct {
	ID        string    `json:"id,omitempty"`
	Matchers  []Matcher `json:"matchers"`
	StartsAt  time.Time `json:"startsAt"`
	EndsAt    time.Time `json:"endsAt"`
	CreatedBy string    `json:"createdBy"`
	Comment   string    `json:"comment"`

	UpdatedAt   time.Time         `json:"updatedAt,omitzero"`    // set by Alertmanager
	Annotations map[string]string `json:"annotations,omitempty"` // since Alertmanager 0.32
	State       string            `json:"-"`                     // pending, active or expired, as Alertmanager said in status.state
}

// ActiveAt reports whether s mutes alerts at t.
func (s Silence) ActiveAt(t time.Time) bool {
	return !t.Before(s.StartsAt) && t.Before(s.EndsAt)
}
