package sms

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// Bird sends through Bird's Channels API (the former MessageBird). The sender is
// the channel's. Its callbacks are webhook subscriptions of the workspace for
// sms.outbound and sms.inbound, made once by hand with a signing key and the
// router's URL: Bird takes no URL with a message.
// Source: https://docs.bird.com/api/channels-api
type Bird struct {
	APIURL      string          `yaml:"api_url"` // https://api.bird.com if empty
	WorkspaceID string          `yaml:"workspace_id"`
	ChannelID   string          `yaml:"channel_id"`
	AccessKey   outbound.Secret `yaml:"access_key"`
	SigningKey  outbound.Secret `yaml:"signing_key"` // of the webhook subscriptions; without it, no callback is taken
}

// Validate returns everything that is wrong with b.
func (b *Bird) Validate() error {
	var errs []error
	if b.APIURL != "" {
		errs = append(errs, outbound.CheckURL("api_url", b.APIURL))
	}
	if b.WorkspaceID == "" {
		errs = append(errs, outbound.Field("workspace_id", "is missing: Bird's settings show it"))
	}
	if b.ChannelID == "" {
		errs = append(errs, outbound.Field("channel_id", "is missing: it is the id of an SMS channel"))
	}
	if !b.SigningKey.IsZero() {
		errs = append(errs, outbound.CheckSecret("signing_key", b.SigningKey))
	}
	errs = append(errs, outbound.CheckSecret("access_key", b.AccessKey))
	return errors.Join(errs...)
}

func (b *Bird) open(o opening) (Provider, error) {
	g := Gateway{
		URL: strings.TrimSuffix(or(b.APIURL, "https://api.bird.com"), "/") +
			"/workspaces/" + url.PathEscape(b.WorkspaceID) + "/channels/" + url.PathEscape(b.ChannelID) + "/messages",
		Authorization: Authorization{"AccessKey", b.AccessKey},
		JSON: map[string]any{
			"receiver":  map[string]any{"contacts": []any{map[string]any{"identifierValue": "{{.To}}"}}},
			"body":      map[string]any{"type": "text", "text": map[string]any{"text": "{{.Text}}"}},
			"reference": "{{.ID}}",
		},
		Receipt: Extract{JSON: "id"},
		Hooks: HookFields{
			Report: ReportFields{
				Receipt: "payload.id", Notification: "payload.reference", Status: "payload.status",
				Failed: []string{"sending_failed", "delivery_failed", "rejected", "skipped"},
			},
			// Source: https://docs.bird.com/api/channels-api/supported-channels/programmable-sms/receiving-messages
			Reply: ReplyFields{ID: "payload.id", From: "payload.sender.contact.identifierValue", Text: "payload.body.text.text"},
		},
	}
	p, err := g.openWith(o, b.signed)
	if err != nil {
		return nil, err
	}
	return &bird{p.(*gateway), !b.SigningKey.IsZero()}, nil
}

// signed checks the HMAC-SHA256 over time, URL and the body's SHA-256.
// Source: https://docs.bird.com/api/notifications-api/api-reference/webhook-subscriptions/verifying-a-webhook-subscription
func (b *Bird) signed(publicURL *url.URL, r *http.Request, body []byte) error {
	if b.SigningKey.IsZero() {
		return fmt.Errorf("no callbacks are taken, because there is no signing_key: %w", ErrForged)
	}
	key, err := b.SigningKey.Read()
	if err != nil {
		return err
	}
	got, err := base64.StdEncoding.DecodeString(r.Header.Get("Messagebird-Signature"))
	if err != nil || len(got) == 0 {
		return ErrForged
	}
	sum := sha256.Sum256(body)
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%s\n%s\n%s", r.Header.Get("Messagebird-Request-Timestamp"), publicURL, sum[:])
	if !hmac.Equal(got, mac.Sum(nil)) {
		return ErrForged
	}
	return nil
}

// bird knows that reports come without a URL in the message.
type bird struct {
	*gateway
	reports bool
}

func (b *bird) Send(ctx context.Context, o Outgoing) (alert.Receipt, error) {
	receipt, err := b.gateway.Send(ctx, o)
	receipt.Reported = err == nil && b.reports
	return receipt, err
}
