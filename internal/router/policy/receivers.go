package policy

// What follows stands in for the configuration of the receivers until their
// packages have it. Each type is then one line:
//
//	type ProviderConfig = sms.ProviderConfig
//	type TicketConfig   = ticket.Config
//	type LogConfig      = logline.Config
//
// What a type needs: fields with yaml tags (time.Duration is read as 10m, 3d,
// 1w), and Validate, which returns outbound.Field errors with the path below
// the type, joined if there are several. Unknown keys are found by the tags.

import (
	"errors"

	"goldensignals/internal/receiver/outbound"
)

// ProviderConfig says how to reach a provider of SMS.
type ProviderConfig struct {
	Twilio *TwilioConfig `yaml:"twilio"`
}

// TwilioConfig is an account at Twilio.
type TwilioConfig struct {
	AccountSID string          `yaml:"account_sid"`
	AuthToken  outbound.Secret `yaml:"auth_token"`
	From       string          `yaml:"from"`
}

// Validate reports what is wrong with c.
func (c ProviderConfig) Validate() error {
	if c.Twilio == nil {
		return outbound.Field("twilio", "is missing: say how to reach the provider")
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

// TicketConfig says where tickets are filed.
type TicketConfig struct {
	Gitea *GiteaConfig `yaml:"gitea"`
}

// GiteaConfig is a repository whose issues are the tickets.
type GiteaConfig struct {
	URL        string          `yaml:"url"`
	Repository string          `yaml:"repository"`
	Token      outbound.Secret `yaml:"token"`
}

// Validate reports what is wrong with c.
func (c TicketConfig) Validate() error {
	if c.Gitea == nil {
		return outbound.Field("gitea", "is missing: say where tickets are filed, or write built_in: true")
	}
	var errs []error
	if c.Gitea.Repository == "" {
		errs = append(errs, outbound.Field("gitea.repository", "is missing: write owner/name"))
	}
	return errors.Join(append(errs,
		outbound.CheckURL("gitea.url", c.Gitea.URL),
		outbound.CheckSecret("gitea.token", c.Gitea.Token))...)
}

// LogConfig says where log lines go besides the log page.
type LogConfig struct {
	File string `yaml:"file"`
}

// Validate reports what is wrong with c: nothing can be.
func (LogConfig) Validate() error { return nil }
