package sms

import (
	"errors"
	"strings"

	"goldensignals/internal/receiver/outbound"
)

// Kannel sends through the smsbox of a Kannel gateway. Its group sendsms-user
// needs max-messages = 2 and concatenation = true for long texts. Replies come
// from a group sms-service with
//
//	get-url = "https://ROUTER/PATH?token=TOKEN&id=%I&from=%p&text=%a"
//
// Source: Kannel 1.4.5 User's Guide, chapter 6, "Using the HTTP interface to
// send SMS messages" and "Delivery reports".
type Kannel struct {
	URL       string          `yaml:"url"` // of sendsms, such as http://127.0.0.1:13013/cgi-bin/sendsms
	Username  string          `yaml:"username"`
	Password  outbound.Secret `yaml:"password"`
	From      string          `yaml:"from"`
	SMSC      string          `yaml:"smsc"`       // the smsc-id to prefer; Kannel takes another one unless its denied-smsc-id forbids it
	HookToken outbound.Secret `yaml:"hook_token"` // of our choice, in the URL of callbacks; without it, none is taken or asked for
}

// Validate returns everything that is wrong with k.
func (k *Kannel) Validate() error {
	errs := []error{outbound.CheckURL("url", k.URL), outbound.CheckSecret("password", k.Password), checkFrom(k.From)}
	if k.Username == "" {
		errs = append(errs, outbound.Field("username", "is missing: it is in Kannel's group sendsms-user"))
	}
	if !k.HookToken.IsZero() {
		errs = append(errs, outbound.CheckSecret("hook_token", k.HookToken))
	}
	return errors.Join(errs...)
}

func (k *Kannel) open(o opening) (Provider, error) {
	g := Gateway{
		URL:  k.URL,
		From: k.From,
		Query: map[string]string{
			"username": literal(k.Username), "from": "{{.From}}", "to": "{{.To}}", "text": "{{.Text}}", "smsc": literal(k.SMSC),
			"charset": "UTF-8", "coding": "{{if gsm .Text}}0{{else}}2{{end}}",
			// Delivered, failed, queued, taken or refused by the SMSC. Kannel reads the
			// URL's % as its own escapes, so ours are doubled.
			"dlr-mask": "{{if .ReportURL}}31{{end}}",
			"dlr-url":  "{{with .ReportURL}}{{percents .}}&dlr=%d&answer=%A{{end}}",
		},
		SecretQuery: map[string]outbound.Secret{"password": k.Password},
		Success: Success{
			// "0: Accepted for delivery" went to the SMSC, "3: Queued for later delivery"
			// waits in Kannel's spool. Both are Kannel's from here on.
			Extract:  Extract{Regexp: `^\s*(\d+):`},
			Accepted: []string{"0", "3"},
		},
		Hooks: HookFields{
			Token:  k.HookToken,
			Report: ReportFields{Status: "dlr", Delivered: []string{"1"}, Failed: []string{"2", "16"}},
			Reply:  ReplyFields{ID: "id", From: "from", Text: "text"},
		},
	}
	return g.open(o)
}

// literal is a template that gives s.
func literal(s string) string { return strings.ReplaceAll(s, "{{", `{{"{{"}}`) }
