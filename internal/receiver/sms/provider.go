package sms

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"goldensignals/internal/alert"
)

// Provider hands one text message to a phone network. Its errors have the marks
// of package alert. It is safe for concurrent use. One that also has
// Run(context.Context) error needs that to run, one that is an io.Closer is
// closed when it is used no more; see Receiver.
type Provider interface {
	// Name is how the configuration calls it.
	Name() string
	// Idempotent reports whether a second message with the same ID reaches a
	// person once.
	Idempotent() bool
	// Send hands over o, and takes no longer than ctx allows.
	Send(ctx context.Context, o Outgoing) (alert.Receipt, error)
}

// Outgoing is one text message.
type Outgoing struct {
	ID   string // of the notification; the idempotency key where the provider takes one
	To   string // the phone number, E.164 with +
	Text string

	// ReportURL is where the provider shall report to; without it no report is
	// asked for. Providers add what they need to recognise the report.
	ReportURL string

	// Where it comes from, for the built-in phone, which shows more than the text.
	notification alert.Notification
}

// Reported is what a provider says about a message that it took.
type Reported struct {
	Provider       string
	Receipt        string       // the provider's name for the message; empty if the report has none
	NotificationID string       // empty if the report does not say
	Report         alert.Report // ReportExpected for a step on the way
	Detail         string       // the provider's own word for it
}

// Reply is a text message from a person.
type Reply struct {
	Provider string
	ID       string // the provider's name for it; empty with SMPP, which has none
	From     string // the phone number, E.164 with + wherever the provider gives digits only
	Text     string
}

// Hook is a provider that calls back over HTTP. The publicURL is the one that
// the provider called, with its query, as the outside sees it. Whoever serves
// the request bounds body. An error is ErrForged, or the request makes no sense.
// Reports and replies may arrive twice, and replies may be replayed by who has
// seen one: the caller takes each Reply.ID once. Reports may overtake one
// another (Kannel's do): ReportExpected never undoes what is final.
type Hook interface {
	Report(publicURL *url.URL, r *http.Request, body []byte) (Reported, error)
	Reply(publicURL *url.URL, r *http.Request, body []byte) (Reply, error)
}

// ErrForged says that a request has no valid signature or token.
var ErrForged = errors.New("signature or token is missing or wrong")

// Env is what providers need from where they run. The zero value is a process
// on the internet without a built-in phone.
type Env struct {
	Inbox     Inbox                                                                // of the built-in phone; required by that
	Transport http.RoundTripper                                                    // instead of the one that the configuration describes
	Dial      func(ctx context.Context, network, address string) (net.Conn, error) // for SMPP; a net.Dialer if nil
	Log       *slog.Logger                                                         // discards if nil

	// Reported and Replied are told what arrives over a session rather than by
	// a Hook; see SMPP. An error asks the provider to tell it again later. They
	// are called from one goroutine for each provider. Without one, what it
	// would be told is acknowledged and dropped.
	Reported func(ctx context.Context, r Reported) error
	Replied  func(ctx context.Context, r Reply) error
}

func (e Env) log() *slog.Logger {
	if e.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return e.Log
}

func (e Env) dial(ctx context.Context, address string) (net.Conn, error) {
	if e.Dial != nil {
		return e.Dial(ctx, "tcp", address)
	}
	return (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, "tcp", address)
}
