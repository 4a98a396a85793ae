package sms

import (
	"errors"
	"net/url"
	"strings"

	"goldensignals/internal/receiver/outbound"
)

// Sinch sends through Sinch's SMS API (XMS), one batch for each message.
// Source: https://developers.sinch.com/docs/sms/api-reference/sms/batches
type Sinch struct {
	APIURL        string          `yaml:"api_url"` // of the account's region; https://eu.sms.api.sinch.com if empty
	ServicePlanID string          `yaml:"service_plan_id"`
	APIToken      outbound.Secret `yaml:"api_token"`
	From          string          `yaml:"from"`
	HookToken     outbound.Secret `yaml:"hook_token"` // of our choice, in the URL of callbacks; without it, none is taken or asked for
}

// Validate returns everything that is wrong with s.
func (s *Sinch) Validate() error {
	var errs []error
	if s.APIURL != "" {
		errs = append(errs, outbound.CheckURL("api_url", s.APIURL))
	}
	if s.ServicePlanID == "" {
		errs = append(errs, outbound.Field("service_plan_id", "is missing: Sinch's dashboard shows it"))
	}
	if !s.HookToken.IsZero() {
		errs = append(errs, outbound.CheckSecret("hook_token", s.HookToken))
	}
	errs = append(errs, outbound.CheckSecret("api_token", s.APIToken), checkFrom(s.From))
	return errors.Join(errs...)
}

func (s *Sinch) open(o opening) (Provider, error) {
	g := Gateway{
		URL: strings.TrimSuffix(or(s.APIURL, "https://eu.sms.api.sinch.com"), "/") +
			"/xms/v1/" + url.PathEscape(s.ServicePlanID) + "/batches",
		From:          s.From,
		Authorization: Authorization{Credentials: s.APIToken},
		JSON: map[string]any{
			"from": "{{.From}}", "to": []any{"{{digits .To}}"}, "body": "{{.Text}}", "client_reference": "{{.ID}}",
			// Only the final state, with the number: one report for each message.
			"delivery_report": "{{if .ReportURL}}per_recipient_final{{end}}", "callback_url": "{{.ReportURL}}",
		},
		Receipt: Extract{JSON: "id"},
		Hooks: HookFields{
			Token: s.HookToken,
			// Source: https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports
			Report: ReportFields{
				Receipt: "batch_id", Notification: "client_reference", Status: "status",
				Failed: []string{"failed", "rejected", "expired", "aborted", "cancelled", "deleted"},
			},
			Reply: ReplyFields{ID: "id", From: "from", Text: "body"},
		},
	}
	return g.open(o)
}
