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
	LastError    string    `json:"last_error,omitempty"`
	CreatedAt    time.Time `json:"created_at"`
	DeliveredAt  time.Time `json:"delivered_at,omitzero"`
}

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
}

// ActiveAt reports whether s mutes alerts at t.
func (s Silence) ActiveAt(t time.Time) bool {
	return !t.Before(s.StartsAt) && t.Before(s.EndsAt)
}
