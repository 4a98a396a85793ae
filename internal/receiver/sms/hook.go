package sms

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// The parameters that this package adds to a ReportURL.
const (
	paramNotification = "notification"
	paramToken        = "token"
)

// HookFields says where a gateway's callbacks keep what. A name is a parameter
// of the query or the form, or a path into JSON, such as "payload.items.0.id".
type HookFields struct {
	// Token is what the gateway must repeat as the query's parameter "token".
	// The report URL carries it; put it into the URL for replies yourself.
	Token  outbound.Secret `yaml:"token"`
	Report ReportFields    `yaml:"report"`
	Reply  ReplyFields     `yaml:"reply"`
}

// ReportFields is where delivery reports keep what. Values are compared without
// regard to case; one that is in neither list is a step on the way.
type ReportFields struct {
	Receipt      string   `yaml:"receipt"`      // the gateway's name for the message
	Notification string   `yaml:"notification"` // our ID, where the gateway repeats it
	Status       string   `yaml:"status"`       // "status" if empty
	Delivered    []string `yaml:"delivered"`    // "delivered" if empty
	Failed       []string `yaml:"failed"`       // failed, undelivered, rejected, expired if empty
}

// ReplyFields is where replies keep what.
type ReplyFields struct {
	ID   string `yaml:"id"`   // "id" if empty
	From string `yaml:"from"` // "from" if empty
	Text string `yaml:"text"` // "text" if empty
}

// hook reads callbacks. It is what a preset adds to its gateway.
type hook struct {
	name   string
	fields HookFields

	// signed checks a signature; where it is nil, the token counts.
	signed func(publicURL *url.URL, r *http.Request, body []byte) error
}

func (h *hook) Report(publicURL *url.URL, r *http.Request, body []byte) (Reported, error) {
	in, err := h.read(publicURL, r, body)
	if err != nil {
		return Reported{}, err
	}
	f := h.fields.Report
	rep := Reported{
		Provider: h.name, Receipt: in.get(f.Receipt), NotificationID: in.get(f.Notification),
		Detail: in.get(or(f.Status, "status")), Report: alert.ReportExpected,
	}
	if rep.NotificationID == "" {
		rep.NotificationID = publicURL.Query().Get(paramNotification)
	}
	if rep.Detail == "" || rep.Receipt == "" && rep.NotificationID == "" {
		return Reported{}, errors.New("a report without status, or without a message's name")
	}
	switch {
	case has(f.Delivered, []string{"delivered"}, rep.Detail):
		rep.Report = alert.ReportDelivered
	case has(f.Failed, []string{"failed", "undelivered", "rejected", "expired"}, rep.Detail):
		rep.Report = alert.ReportFailed
	}
	return rep, nil
}

func (h *hook) Reply(publicURL *url.URL, r *http.Request, body []byte) (Reply, error) {
	in, err := h.read(publicURL, r, body)
	if err != nil {
		return Reply{}, err
	}
	f := h.fields.Reply
	return reply(h.name, in.get(or(f.ID, "id")), in.get(or(f.From, "from")), in.get(or(f.Text, "text")))
}

func reply(provider, id, from, text string) (Reply, error) {
	if from == "" {
		return Reply{}, errors.New("a reply without a sender")
	}
	return Reply{provider, id, number(from), text}, nil
}

func (h *hook) read(publicURL *url.URL, r *http.Request, body []byte) (incoming, error) {
	check := h.checkToken
	if h.signed != nil {
		check = h.signed
	}
	if err := check(publicURL, r, body); err != nil {
		return incoming{}, err
	}
	return readIncoming(publicURL, r, body)
}

func (h *hook) checkToken(publicURL *url.URL, _ *http.Request, _ []byte) error {
	if h.fields.Token.IsZero() {
		return fmt.Errorf("%s takes no callbacks, because it has no token: %w", h.name, ErrForged)
	}
	want, err := h.fields.Token.Read()
	if err != nil {
		return err
	}
	if !same(publicURL.Query().Get(paramToken), want) {
		return ErrForged
	}
	return nil
}

// reportURL returns the URL that the provider is given, or "".
func (h *hook) reportURL(o Outgoing) (string, error) {
	if o.ReportURL == "" {
		return "", nil
	}
	if h.signed != nil {
		return o.ReportURL, nil // the provider repeats our ID, or we know its own
	}
	if h.fields.Token.IsZero() {
		return "", nil // nobody could say who reports
	}
	token, err := h.fields.Token.Read()
	if err != nil {
		return "", err
	}
	return withQuery(o.ReportURL, paramNotification, o.ID, paramToken, token)
}

// withQuery adds parameters, given as name and value in turn, to a URL.
func withQuery(raw string, pairs ...string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("read report URL: %w", err)
	}
	q := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// incoming is what a callback carries.
type incoming struct {
	values url.Values
	json   any // nil if it carries none
}

func readIncoming(publicURL *url.URL, r *http.Request, body []byte) (incoming, error) {
	in := incoming{values: publicURL.Query()}
	if len(bytes.TrimSpace(body)) == 0 {
		return in, nil
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if strings.HasSuffix(kind, "json") {
		var err error
		if in.json, err = decode(body); err != nil {
			return in, fmt.Errorf("read JSON: %w", err)
		}
		return in, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return in, fmt.Errorf("read form: %w", err)
	}
	for name, values := range form {
		in.values[name] = values
	}
	return in, nil
}

// get returns the value of a name; "" if there is none.
func (in incoming) get(name string) string {
	if name == "" {
		return ""
	}
	if v, ok := lookup(in.json, name); ok {
		return v
	}
	return in.values.Get(name)
}

// decode reads one JSON value and keeps numbers as they are written.
func decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// lookup follows a path such as "messages.0.status" into JSON and reports
// whether a text, number or boolean is there.
func lookup(v any, path string) (string, bool) {
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(x) {
				return "", false
			}
			v = x[i]
		default:
			return "", false
		}
	}
	switch x := v.(type) {
	case string:
		return x, true
	case json.Number:
		return x.String(), true
	case bool:
		return strconv.FormatBool(x), true
	}
	return "", false
}

// same compares in a time that says nothing about the contents.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func has(list, fallback []string, s string) bool {
	if len(list) == 0 {
		list = fallback
	}
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
