package policy

// What follows stands in for the configuration of the receivers until their
// packages have it. Each type is then one line:
//
//	type Provider = sms.ProviderConfig
//	type Ticket   = ticket.Config
//	type Log      = logline.Config
//
// What a type needs: fields with yaml tags (time.Duration is read as 10m, 3d,
// 1w), and Validate, which returns outbound.Field errors with the path below
// the type, joined if there are several. Unknown keys are found by the tags. A
// Provider has the fields Name and Phone; the latter is not nil for the built-in
// phone.

import (
	"errors"

	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"goldensignals/internal/receiver/outbound"
)

// Provider brings SMS to phones.
type Provider struct {
	Name          string                   `yaml:"name"`
	RatePerSecond float64                  `yaml:"rate_per_second"`
	HTTP          *config.HTTPClientConfig `yaml:"http"`
	Twilio        *TwilioConfig            `yaml:"twilio"`
	Phone         *PhoneConfig             `yaml:"phone"`
}

// PhoneConfig is the phone that is a page of the router. It has no settings.
type PhoneConfig struct{}

// TwilioConfig is an account at Twilio.
type TwilioConfig struct {
	AccountSID string          `yaml:"account_sid"`
	AuthToken  outbound.Secret `yaml:"auth_token"`
	From       string          `yaml:"from"`
}

// Validate reports what is wrong with c.
func (c *Provider) Validate() error {
	if (c.Twilio == nil) == (c.Phone == nil) {
		return outbound.Field("name", "give exactly one of twilio and phone")
	}
	if c.Phone != nil {
		return nil
	}
	var errs []error
	if c.Twilio.AccountSID == "" {
		errs = append(errs, outbound.Field("twilio.account_sid", "is missing: it is on the account's console"))
	}
	if c.Twilio.From == "" {
		errs = append(errs, outbound.Field("twilio.from", "is missing: give the number or sender id that messages come from"))
	}
	return errors.Join(append(errs, outbound.CheckSecret("twilio.auth_token", c.Twilio.AuthToken))...)
}

// Ticket says where tickets are filed.
type Ticket struct {
	Gitea *GiteaConfig `yaml:"gitea"`
	Board *struct{}    `yaml:"board"`

	OnResolve    string          `yaml:"on_resolve"`
	ReopenWithin *model.Duration `yaml:"reopen_within"`
}

// GiteaConfig is a repository whose issues are the tickets.
type GiteaConfig struct {
	URL        string          `yaml:"url"`
	Repository string          `yaml:"repository"`
	Token      outbound.Secret `yaml:"token"`
}

// Validate reports what is wrong with c.
func (c *Ticket) Validate() error {
	if (c.Gitea == nil) == (c.Board == nil) {
		return outbound.Field("gitea", "give exactly one of gitea and board")
	}
	if c.Board != nil {
		return nil
	}
	var errs []error
	if c.Gitea.Repository == "" {
		errs = append(errs, outbound.Field("gitea.repository", "is missing: write owner/name"))
	}
	return errors.Join(append(errs,
		outbound.CheckURL("gitea.url", c.Gitea.URL),
		outbound.CheckSecret("gitea.token", c.Gitea.Token))...)
}

// Log says where log lines go besides the log page: to a file, or else standard
// output.
type Log struct {
	File string `yaml:"file"`
}

// Validate reports what is wrong with c: nothing can be.
func (*Log) Validate() error { return nil }
