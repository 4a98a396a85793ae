package sms

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what Twilio signs with
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// Twilio sends through Twilio's Programmable Messaging API, version 2010-04-01.
// Source: https://www.twilio.com/docs/messaging/api/message-resource
type Twilio struct {
	APIURL              string          `yaml:"api_url"` // https://api.twilio.com if empty
	AccountSID          string          `yaml:"account_sid"`
	AuthToken           outbound.Secret `yaml:"auth_token"` // also what callbacks are signed with
	From                string          `yaml:"from"`       // this, or
	MessagingServiceSID string          `yaml:"messaging_service_sid"`
}

// Validate returns everything that is wrong with t.
func (t *Twilio) Validate() error {
	var errs []error
	if t.APIURL != "" {
		errs = append(errs, outbound.CheckURL("api_url", t.APIURL))
	}
	if !strings.HasPrefix(t.AccountSID, "AC") {
		errs = append(errs, outbound.Field("account_sid", "%q is no account SID: Twilio's console shows it, it begins with AC", t.AccountSID))
	}
	errs = append(errs, outbound.CheckSecret("auth_token", t.AuthToken))
	switch {
	case t.From != "" && t.MessagingServiceSID != "":
		errs = append(errs, outbound.Field("from", "give it or messaging_service_sid, not both"))
	case t.MessagingServiceSID == "":
		errs = append(errs, checkFrom(t.From))
	case !strings.HasPrefix(t.MessagingServiceSID, "MG"):
		errs = append(errs, outbound.Field("messaging_service_sid", "%q is no messaging service SID: it begins with MG", t.MessagingServiceSID))
	}
	return errors.Join(errs...)
}

func (t *Twilio) open(o opening) (Provider, error) {
	client, err := o.client()
	if err != nil {
		return nil, err
	}
	c := *t
	if c.APIURL == "" {
		c.APIURL = "https://api.twilio.com"
	}
	return &twilio{c, o.name, client}, nil
}

type twilio struct {
	Twilio
	name   string
	client *http.Client
}

func (t *twilio) Name() string { return t.name }

// Idempotent is false: the API has no idempotency key.
func (t *twilio) Idempotent() bool { return false }

func (t *twilio) Close() error {
	t.client.CloseIdleConnections()
	return nil
}

func (t *twilio) Send(ctx context.Context, o Outgoing) (alert.Receipt, error) {
	token, err := t.AuthToken.Read()
	if err != nil {
		return alert.Receipt{}, err
	}
	form := url.Values{"To": {o.To}, "Body": {o.Text}}
	if t.MessagingServiceSID != "" {
		form.Set("MessagingServiceSid", t.MessagingServiceSID)
	} else {
		form.Set("From", t.From)
	}
	if o.ReportURL != "" {
		callback, err := withQuery(o.ReportURL, paramNotification, o.ID)
		if err != nil {
			return alert.Receipt{}, err
		}
		form.Set("StatusCallback", callback)
	}
	address := strings.TrimSuffix(t.APIURL, "/") + "/2010-04-01/Accounts/" + url.PathEscape(t.AccountSID) + "/Messages.json"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return alert.Receipt{}, fmt.Errorf("build request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(t.AccountSID, token)
	body, err := outbound.Do(t.client, req)
	if err != nil {
		return alert.Receipt{}, twilioError(err)
	}
	var answer struct {
		SID string `json:"sid"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.SID == "" {
		return alert.Receipt{}, alert.Unsure(errors.New("took it, but the answer has no sid"))
	}
	return alert.Receipt{ID: answer.SID, Reported: o.ReportURL != ""}, nil
}

// twilioError reads Twilio's own code from a refusal. Only what is wrong with
// the recipient or the text is final; a sender or an account can be mended.
// Source: https://www.twilio.com/docs/api/errors
func twilioError(err error) error {
	var status *outbound.Status
	if !errors.As(err, &status) {
		return err
	}
	var refusal struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(status.Answer, &refusal) != nil || refusal.Code == 0 {
		return err
	}
	wait := alert.WaitAfter(err)
	err = fmt.Errorf("refused with code %d: %s", refusal.Code, refusal.Message)
	switch refusal.Code {
	case 21211, // invalid number
		21214, 21217, 21219, 21265, 21401, 21407, 21614, // cannot be reached, or is no mobile number
		21602, 21604, // no text, no recipient
		21610, // the person has sent STOP
		21612, // not reachable from this sender
		21617: // text too long
		return alert.Permanent(err)
	case 20429, 14107, 63038: // too many requests, rate limit, daily limit
		return alert.After(err, max(wait, time.Second))
	}
	if wait > 0 {
		return alert.After(err, wait)
	}
	return err
}

// Report reads a status callback.
// Source: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
func (t *twilio) Report(publicURL *url.URL, r *http.Request, body []byte) (Reported, error) {
	form, err := t.verified(publicURL, r, body)
	if err != nil {
		return Reported{}, err
	}
	rep := Reported{
		Provider: t.name, Receipt: form.Get("MessageSid"), NotificationID: publicURL.Query().Get(paramNotification),
		Detail: form.Get("MessageStatus"), Report: alert.ReportExpected,
	}
	switch rep.Detail {
	case "":
		return Reported{}, errors.New("a report without MessageStatus")
	case "delivered", "read":
		rep.Report = alert.ReportDelivered
	case "undelivered", "failed", "canceled":
		rep.Report = alert.ReportFailed
	}
	if code := form.Get("ErrorCode"); code != "" {
		rep.Detail += ", error " + code
	}
	return rep, nil
}

// Reply reads an incoming message.
// Source: https://www.twilio.com/docs/messaging/guides/webhook-request
func (t *twilio) Reply(publicURL *url.URL, r *http.Request, body []byte) (Reply, error) {
	form, err := t.verified(publicURL, r, body)
	if err != nil {
		return Reply{}, err
	}
	return reply(t.name, form.Get("MessageSid"), form.Get("From"), form.Get("Body"))
}

// verified returns the form of a request that Twilio has signed: HMAC-SHA1 with
// the auth token over the URL as Twilio calls it, followed by the form's names
// and values, sorted by name. The standard port may or may not be in that URL.
// Source: https://www.twilio.com/docs/usage/security#validating-requests
func (t *twilio) verified(publicURL *url.URL, r *http.Request, body []byte) (url.Values, error) {
	token, err := t.AuthToken.Read()
	if err != nil {
		return nil, err
	}
	form := url.Values{}
	if r.Method == http.MethodPost {
		if form, err = url.ParseQuery(string(body)); err != nil {
			return nil, fmt.Errorf("read form: %w", err)
		}
	}
	signature, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Twilio-Signature"))
	if err != nil || len(signature) == 0 {
		return nil, ErrForged
	}
	for _, address := range withAndWithoutPort(publicURL) {
		if hmac.Equal(signature, twilioSignature(token, address, form)) {
			if r.Method != http.MethodPost {
				return publicURL.Query(), nil
			}
			return form, nil
		}
	}
	return nil, ErrForged
}

func twilioSignature(token, address string, form url.Values) []byte {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(address))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Sorted(slices.Values(form[name]))
		for _, v := range slices.Compact(values) {
			mac.Write([]byte(name + v))
		}
	}
	return mac.Sum(nil)
}

func withAndWithoutPort(u *url.URL) []string {
	other := *u
	if u.Port() != "" {
		other.Host = u.Hostname()
	} else if u.Scheme == "http" {
		other.Host = u.Host + ":80"
	} else {
		other.Host = u.Host + ":443"
	}
	return []string{u.String(), other.String()}
}
