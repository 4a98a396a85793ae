package sms

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // one of the methods that Vonage signs with
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"goldensignals/internal/receiver/outbound"
)

// Vonage sends through Vonage's SMS API (not the newer Messages API). Its
// callbacks must be signed: the SMS API signs with the account's signature
// secret and a parameter "sig"; tokens (JWT) belong to the Messages API.
// Source: https://developer.vonage.com/en/api/sms
type Vonage struct {
	APIURL          string          `yaml:"api_url"` // https://rest.nexmo.com if empty
	APIKey          string          `yaml:"api_key"`
	APISecret       outbound.Secret `yaml:"api_secret"`
	From            string          `yaml:"from"`
	SignatureSecret outbound.Secret `yaml:"signature_secret"` // of callbacks; without it, none is taken or asked for
	SignatureMethod string          `yaml:"signature_method"` // md5hash (if empty), md5, sha1, sha256 or sha512, as in the account's settings
}

// Validate returns everything that is wrong with v.
func (v *Vonage) Validate() error {
	var errs []error
	if v.APIURL != "" {
		errs = append(errs, outbound.CheckURL("api_url", v.APIURL))
	}
	if v.APIKey == "" {
		errs = append(errs, outbound.Field("api_key", "is missing: Vonage's dashboard shows it"))
	}
	errs = append(errs, outbound.CheckSecret("api_secret", v.APISecret), checkFrom(v.From))
	if !v.SignatureSecret.IsZero() {
		errs = append(errs, outbound.CheckSecret("signature_secret", v.SignatureSecret))
	}
	if _, err := vonageSignature(v.SignatureMethod, "", nil); err != nil {
		errs = append(errs, outbound.Field("signature_method", "%v", err))
	}
	return errors.Join(errs...)
}

func (v *Vonage) open(o opening) (Provider, error) {
	callback := ""
	if !v.SignatureSecret.IsZero() {
		callback = "{{.ReportURL}}"
	}
	g := Gateway{
		URL:  strings.TrimSuffix(or(v.APIURL, "https://rest.nexmo.com"), "/") + "/sms/json",
		From: v.From,
		Form: map[string]string{
			"api_key": literal(v.APIKey), "from": "{{.From}}", "to": "{{digits .To}}", "text": "{{.Text}}",
			"type":       "{{if gsm .Text}}text{{else}}unicode{{end}}",
			"client-ref": "{{.ID}}", "callback": callback,
		},
		SecretForm: map[string]outbound.Secret{"api_secret": v.APISecret},
		Success: Success{
			// Source: https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms
			Extract:   Extract{JSON: "messages.0.status"},
			Accepted:  []string{"0"},
			Throttled: []string{"1"},
			// A parameter is missing or wrong, the message or the number is barred, a
			// message too long. Credentials, credit and senders can be mended.
			Permanent: []string{"2", "3", "6", "7", "12", "22", "23", "33"},
		},
		Receipt: Extract{JSON: "messages.0.message-id"},
		Hooks: HookFields{
			// Source: https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
			Report: ReportFields{Receipt: "messageId", Notification: "client-ref", Status: "status", Failed: []string{"failed", "rejected", "expired"}},
			// Source: https://developer.vonage.com/en/messaging/sms/guides/inbound-sms
			Reply: ReplyFields{ID: "messageId", From: "msisdn", Text: "text"},
		},
	}
	return g.openWith(o, v.signed)
}

// signed checks the parameter sig. What is signed are all other parameters of
// the callback; a callback URL with a query of its own would not verify.
// Source: https://developer.vonage.com/en/getting-started/concepts/signing-messages
func (v *Vonage) signed(publicURL *url.URL, r *http.Request, body []byte) error {
	if v.SignatureSecret.IsZero() {
		return fmt.Errorf("no callbacks are taken, because there is no signature_secret: %w", ErrForged)
	}
	secret, err := v.SignatureSecret.Read()
	if err != nil {
		return err
	}
	in, err := readIncoming(publicURL, r, body)
	if err != nil {
		return err
	}
	params := map[string]string{}
	for name := range in.values {
		params[name] = in.values.Get(name)
	}
	if object, ok := in.json.(map[string]any); ok {
		for name := range object {
			params[name], _ = lookup(object, name)
		}
	}
	got, err := hex.DecodeString(params["sig"])
	if err != nil || len(got) == 0 {
		return ErrForged
	}
	delete(params, "sig")
	want, err := vonageSignature(v.SignatureMethod, secret, params)
	if err != nil {
		return err
	}
	if !hmac.Equal(got, want) {
		return ErrForged
	}
	return nil
}

func vonageSignature(method, secret string, params map[string]string) ([]byte, error) {
	var text strings.Builder
	clean := strings.NewReplacer("&", "_", "=", "_")
	for _, name := range slices.Sorted(maps.Keys(params)) {
		text.WriteString("&" + clean.Replace(name) + "=" + clean.Replace(params[name]))
	}
	var sum func() hash.Hash
	switch method {
	case "", "md5hash":
		h := md5.Sum([]byte(text.String() + secret)) //nolint:gosec // see above
		return h[:], nil
	case "md5":
		sum = md5.New
	case "sha1":
		sum = sha1.New
	case "sha256":
		sum = sha256.New
	case "sha512":
		sum = sha512.New
	default:
		return nil, fmt.Errorf("%q is none of md5hash, md5, sha1, sha256, sha512", method)
	}
	mac := hmac.New(sum, []byte(secret))
	mac.Write([]byte(text.String()))
	return mac.Sum(nil), nil
}
