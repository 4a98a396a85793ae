package sms_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"goldensignals/internal/receiver/outbound"
	"goldensignals/internal/receiver/sms"
)

func parse(t *testing.T, text string) (sms.ProviderConfig, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(strings.NewReader(strings.ReplaceAll(text, "KEY", "{file: "+name+"}")))
	d.KnownFields(true)
	var c sms.ProviderConfig
	err := d.Decode(&c)
	return c, err
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{name: a, twilio: {account_sid: AC1, auth_token: KEY, messaging_service_sid: MG1}, rate_per_second: 2.5, http: {proxy_url: 'http://127.0.0.1:3128'}}",
		"{name: a, vonage: {api_key: k, api_secret: KEY, from: Router, signature_secret: KEY, signature_method: sha512}}",
		"{name: a, sinch: {service_plan_id: p, api_token: KEY, from: '+4930123456', hook_token: KEY}}",
		"{name: a, bird: {workspace_id: w, channel_id: c, access_key: KEY, signing_key: KEY}}",
		"{name: a, kannel: {url: 'http://127.0.0.1:13013/cgi-bin/sendsms', username: u, password: KEY, from: '12345', smsc: s}}",
		"{name: a, gateway: {url: 'https://x.example/', from: Router, form: {to: '{{digits .To}}', text: '{{.Text}}'}, secret_form: {key: KEY}, authorization: {type: Key, credentials: KEY}, " +
			"success: {codes: [200], json: status, accepted: [ok], permanent: [bad], throttled: [busy]}, receipt: {regexp: 'id=(.*)'}, idempotency_header: X-Id, hooks: {token: KEY, report: {status: s}, reply: {from: f}}}}",
		"{name: a, smpp: {address: 'smsc.example:2775', system_id: me, password: KEY, from: Router, long_text: payload, report_ids: decimal, enquire_link: 20s, rebind: 2s, tls: {server_name: x}}}",
	} {
		c, err := parse(t, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		p, err := c.Open(sms.Env{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if p.Name() != "a" {
			t.Errorf("Name = %q", p.Name())
		}
		if printed := fmt.Sprintf("%+v %#v", c, p); strings.Contains(printed, "s3cret") {
			t.Errorf("printing tells the secret: %s", printed)
		}
	}
	if _, err := parse(t, "{name: a, twillio: {}}"); err == nil {
		t.Error("an unknown field is taken")
	}
	if _, err := parse(t, "{name: a, vonage: {api_secret: s3cret}}"); err == nil {
		t.Error("a secret in the file is taken")
	}
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{twilio: {}}":                    "name, twilio.account_sid, twilio.auth_token, twilio.from",
		"{name: a}":                       "name",
		"{name: 'a b'}":                   "name, name",
		"{name: a, phone: {}, sinch: {}}": "phone, sinch.service_plan_id, sinch.api_token, sinch.from",
		"{name: a, phone: {}, rate_per_second: -1, http: {}}":                                                                    "http, rate_per_second",
		"{name: a, twilio: {api_url: x, account_sid: AC1, auth_token: {file: /nowhere}, from: '+49', messaging_service_sid: x}}": "twilio.api_url, twilio.auth_token, twilio.from",
		"{name: a, twilio: {account_sid: AC1, auth_token: KEY, messaging_service_sid: x}}":                                       "twilio.messaging_service_sid",
		"{name: a, vonage: {api_url: x, signature_method: crc, signature_secret: {env: NOT_SET_ANYWHERE}, from: '+123'}}":        "vonage.api_key, vonage.api_secret, vonage.api_url, vonage.from, vonage.signature_method, vonage.signature_secret",
		"{name: a, bird: {}}":   "bird.access_key, bird.channel_id, bird.workspace_id",
		"{name: a, kannel: {}}": "kannel.from, kannel.password, kannel.url, kannel.username",
		"{name: a, gateway: {method: post, form: {a: '{{.Nope}}', b: '{{'}, json: {a: [x]}, success: {codes: [500], accepted: [a]}, receipt: {json: a, regexp: b}}}": "gateway.form, gateway.form.a, gateway.form.b, gateway.json, gateway.method, gateway.receipt.regexp, gateway.success.accepted, gateway.success.codes, gateway.url",
		"{name: a, smpp: {address: x, system_id: aaaaaaaaaaaaaaaa, from: 'a name too long', long_text: x, report_ids: x, enquire_link: -1s, rebind: -1s}}":           "smpp.address, smpp.enquire_link, smpp.from, smpp.long_text, smpp.password, smpp.rebind, smpp.report_ids, smpp.system_id",
	} {
		c, err := parse(t, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		err = c.Validate()
		got := fieldsOf(err)
		for _, f := range strings.Split(want, ", ") {
			if !strings.Contains(" "+got+" ", " "+f+" ") {
				t.Errorf("%s: fields %q, want %s in %v", text, got, f, err)
			}
		}
		if n := len(strings.Fields(got)); n != len(strings.Split(want, ", ")) {
			t.Errorf("%s: fields %q, want %s", text, got, want)
		}
		if _, err := c.Open(sms.Env{}); err == nil {
			t.Errorf("%s: it opens", text)
		}
	}
}

// fieldsOf returns the fields that err names.
func fieldsOf(err error) string {
	if err == nil {
		return ""
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var parts []string
		for _, e := range joined.Unwrap() {
			parts = append(parts, fieldsOf(e))
		}
		return strings.Join(parts, " ")
	}
	if f, ok := errors.AsType[*outbound.FieldError](err); ok {
		return f.Field
	}
	return "?"
}

func TestCheckNumber(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"+4915112345678", "+1234567", "+123456789012345"} {
		if err := sms.CheckNumber("to", s); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []string{"", "+", "4915112345678", "+49 151 1234567", "+123456", "+1234567890123456", "+0123456789", "+49151x234567", "+４９１５１１２３"} {
		err := sms.CheckNumber("to", s)
		if err == nil || fieldsOf(err) != "to" || !strings.Contains(err.Error(), "country code") {
			t.Errorf("CheckNumber(%q) = %v", s, err)
		}
	}
}
