package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
)

// How much of the router's messages the page asks for and shows.
const (
	messagesAsked = 200
	phoneShown    = 5
	ticketsShown  = 6
	linesShown    = 12
)

// The router's types of receiver.
const (
	typeSMS    = "sms"
	typeTicket = "ticket"
	typeLog    = "logline"
)

// messagesView is the section of one type of receiver.
type messagesView struct {
	Rows    []messageView
	Link    string
	Problem string
}

// messageView is one message.
type messageView struct {
	ID       string
	At       time.Time
	Severity string
	Status   string // firing, resolved; of a ticket: open, closed
	Name     string
	Service  string
	Title    string
	To       string
	Before   string // text before, of and after the link to the runbook
	Runbook  string
	Linked   bool // the text holds the link
	After    string
	Trouble  string // why it has not arrived
}

// viewMessages picks the messages of one type, newest first.
func viewMessages(list []alert.Notification, receiverType string, most int) []messageView {
	var rows []messageView
	for _, n := range list {
		if n.ReceiverType == receiverType && len(rows) < most {
			rows = append(rows, viewMessage(n))
		}
	}
	return rows
}

func viewMessage(n alert.Notification) messageView {
	m := messageView{
		ID: n.ID, At: n.CreatedAt, Severity: severityWord(string(n.Severity)), Status: string(n.Status),
		Name: n.AlertName, Service: n.Service, Title: cmp.Or(n.Title, n.AlertName), To: n.To,
		Before: n.Text, Runbook: safeLink(n.RunbookURL), Trouble: trouble(n),
	}
	if m.Runbook != "" {
		if before, after, ok := strings.Cut(n.Text, m.Runbook); ok {
			m.Before, m.Linked, m.After = before, true, after
		}
	}
	return m
}

// viewTickets shows one row per incident: the newest message about it.
func viewTickets(list []alert.Notification) []messageView {
	seen := map[string]bool{}
	var rows []messageView
	for _, n := range list {
		if n.ReceiverType != typeTicket || seen[n.Incident] || len(rows) == ticketsShown {
			continue
		}
		seen[n.Incident] = true
		row := viewMessage(n)
		row.Status = "open"
		if n.Status == alert.Resolved {
			row.Status = "closed"
		}
		rows = append(rows, row)
	}
	return rows
}

// trouble says why a message is not with its person, or nothing.
func trouble(n alert.Notification) string {
	tried := "after " + count(n.Attempts, "attempt", "attempts")
	if n.LastError != "" {
		tried += ": " + clip(n.LastError)
	}
	switch {
	case n.State == alert.Dead:
		return "given up " + tried
	case n.State != alert.Delivered && n.Attempts > 1:
		return "not delivered " + tried
	case n.State != alert.Delivered:
		return "on its way"
	}
	return ""
}

// openPages counts the messages on the phone whose incident has not ended.
func openPages(list []alert.Notification) int {
	ended := map[string]bool{}
	pages := 0
	for _, n := range list { // newest first: a resolved one comes before what it resolves
		switch {
		case n.ReceiverType != typeSMS:
		case n.Status == alert.Resolved:
			ended[n.Incident] = true
		case n.State == alert.Delivered && !ended[n.Incident]:
			pages++
		}
	}
	return pages
}

// newestFirst sorts what the router sent, whatever its order was.
func newestFirst(list []alert.Notification) {
	slices.SortStableFunc(list, func(a, b alert.Notification) int { return b.CreatedAt.Compare(a.CreatedAt) })
}
