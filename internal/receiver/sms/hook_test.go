package sms_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/sms"
)

// call is one callback as a provider would make it.
type call struct {
	url, kind, body string
	header          [2]string
}

func (c call) parts(t testing.TB) (*url.URL, *http.Request, []byte) {
	u, err := url.Parse(c.url)
	if err != nil {
		t.Fatal(err)
	}
	method := http.MethodPost
	if c.body == "" {
		method = http.MethodGet
	}
	r := httptest.NewRequest(method, u.RequestURI(), strings.NewReader(c.body))
	r.Header.Set("Content-Type", c.kind)
	if c.header[0] != "" {
		r.Header.Set(c.header[0], c.header[1])
	}
	if strings.HasPrefix(c.header[0], "Messagebird") {
		r.Header.Set("Messagebird-Request-Timestamp", "1700000000")
	}
	return u, r, []byte(c.body)
}

const form, jsonBody = "application/x-www-form-urlencoded", "application/json; charset=utf-8"

// twilioCall signs as the documentation says: URL, then names and values.
func twilioCall(address, signedURL, body, signedForm string) call {
	mac := hmac.New(sha1.New, []byte("s3cret"))
	_, _ = io.WriteString(mac, signedURL+signedForm)
	return call{address, form, body, [2]string{"X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
}

func birdCall(address, body string) call {
	sum := sha256.Sum256([]byte(body))
	mac := hmac.New(sha256.New, []byte("s3cret"))
	_, _ = io.WriteString(mac, "1700000000\n"+address+"\n"+string(sum[:]))
	return call{address, jsonBody, body, [2]string{"Messagebird-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
}

func vonageSig(text string) string {
	sum := md5.Sum([]byte(text + "s3cret"))
	return hex.EncodeToString(sum[:])
}

func hooks(t testing.TB) map[string]sms.Hook {
	key := secret(t, "s3cret")
	hs := map[string]sms.Hook{}
	for name, c := range map[string]sms.ProviderConfig{
		"twilio": {Twilio: &sms.Twilio{AccountSID: "AC1", AuthToken: key, From: "+4930123456"}},
		"vonage": {Vonage: &sms.Vonage{APIKey: "k", APISecret: key, From: "Router", SignatureSecret: key}},
		"sha256": {Vonage: &sms.Vonage{APIKey: "k", APISecret: key, From: "Router", SignatureSecret: key, SignatureMethod: "sha256"}},
		"sinch":  {Sinch: &sms.Sinch{ServicePlanID: "plan", APIToken: key, From: "12345", HookToken: key}},
		"bird":   {Bird: &sms.Bird{WorkspaceID: "w", ChannelID: "c", AccessKey: key, SigningKey: key}},
		"kannel": {Kannel: &sms.Kannel{URL: "http://127.0.0.1:1/", Username: "u", Password: key, From: "Router", HookToken: key}},
		"closed": {Kannel: &sms.Kannel{URL: "http://127.0.0.1:1/", Username: "u", Password: key, From: "Router"}},
	} {
		c.Name = name
		hs[name] = open(t, c, sms.Env{}).(sms.Hook)
	}
	return hs
}

func reportCalls() map[string]struct {
	provider string
	call     call
	want     sms.Reported
} {
	type row = struct {
		provider string
		call     call
		want     sms.Reported
	}
	sha := hmac.New(sha256.New, []byte("s3cret"))
	_, _ = io.WriteString(sha, "&client-ref=n_1_2&messageId=0A1&status=failed")
	return map[string]row{
		"twilio delivered": {
			"twilio", twilioCall("https://r.example/report/twilio?notification=n-1", "https://r.example/report/twilio?notification=n-1",
				"MessageSid=SM1&MessageStatus=delivered&To=%2B49", "MessageSidSM1MessageStatusdeliveredTo+49"),
			sms.Reported{Provider: "twilio", Receipt: "SM1", NotificationID: "n-1", Report: alert.ReportDelivered, Detail: "delivered"},
		},
		"twilio failed, URL with port": {
			"twilio", twilioCall("https://r.example/t", "https://r.example:443/t", "ErrorCode=30003&MessageSid=SM1&MessageStatus=undelivered", "ErrorCode30003MessageSidSM1MessageStatusundelivered"),
			sms.Reported{Provider: "twilio", Receipt: "SM1", Report: alert.ReportFailed, Detail: "undelivered, error 30003"},
		},
		"vonage GET": {
			"vonage", call{url: "https://r.example/v?messageId=0A1&status=delivered&client-ref=n-1&sig=" + vonageSig("&client-ref=n-1&messageId=0A1&status=delivered")},
			sms.Reported{Provider: "vonage", Receipt: "0A1", NotificationID: "n-1", Report: alert.ReportDelivered, Detail: "delivered"},
		},
		"vonage JSON": {
			"vonage", call{url: "https://r.example/v", kind: jsonBody, body: `{"messageId":"0A1","status":"buffered","client-ref":"n-1","sig":"` + vonageSig("&client-ref=n-1&messageId=0A1&status=buffered") + `"}`},
			sms.Reported{Provider: "vonage", Receipt: "0A1", NotificationID: "n-1", Report: alert.ReportExpected, Detail: "buffered"},
		},
		"vonage HMAC, & and = in values": {
			"sha256", call{url: "https://r.example/v", kind: form, body: "messageId=0A1&status=failed&client-ref=n%261%3D2&sig=" + strings.ToUpper(hex.EncodeToString(sha.Sum(nil)))},
			sms.Reported{Provider: "sha256", Receipt: "0A1", NotificationID: "n&1=2", Report: alert.ReportFailed, Detail: "failed"},
		},
		"sinch": {
			"sinch", call{url: "https://r.example/s?notification=n-1&token=s3cret", kind: jsonBody, body: `{"type":"recipient_delivery_report_sms","batch_id":"01FC","code":0,"status":"Delivered"}`},
			sms.Reported{Provider: "sinch", Receipt: "01FC", NotificationID: "n-1", Report: alert.ReportDelivered, Detail: "Delivered"},
		},
		"bird": {
			"bird", birdCall("https://r.example/b", `{"service":"channels","event":"sms.outbound","payload":{"id":"96a0","reference":"n-1","status":"delivery_failed"}}`),
			sms.Reported{Provider: "bird", Receipt: "96a0", NotificationID: "n-1", Report: alert.ReportFailed, Detail: "delivery_failed"},
		},
		"kannel delivered": {
			"kannel", call{url: "https://r.example/k?notification=n-1&token=s3cret&dlr=1&answer="},
			sms.Reported{Provider: "kannel", NotificationID: "n-1", Report: alert.ReportDelivered, Detail: "1"},
		},
		"kannel at the SMSC": {
			"kannel", call{url: "https://r.example/k?notification=n-1&token=s3cret&dlr=8&answer=ACK"},
			sms.Reported{Provider: "kannel", NotificationID: "n-1", Report: alert.ReportExpected, Detail: "8"},
		},
		"kannel refused": {
			"kannel", call{url: "https://r.example/k?notification=n-1&token=s3cret&dlr=16"},
			sms.Reported{Provider: "kannel", NotificationID: "n-1", Report: alert.ReportFailed, Detail: "16"},
		},
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	hs := hooks(t)
	for name, tt := range reportCalls() {
		got, err := hs[tt.provider].Report(tt.call.parts(t))
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
		forged := tt.call
		if forged.body != "" {
			forged.body = strings.NewReplacer("delivered", "Xelivered", "n-1", "n-2", "failed", "delivered").Replace(forged.body)
		}
		forged.url = strings.NewReplacer("s3cret", "s3cre", "n-1", "n-2").Replace(forged.url)
		if _, err := hs[tt.provider].Report(forged.parts(t)); !errors.Is(err, sms.ErrForged) {
			t.Errorf("%s, changed: %v, want ErrForged", name, err)
		}
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	hs := hooks(t)
	for _, tt := range []struct {
		provider string
		call     call
		want     sms.Reply
	}{
		{"twilio", twilioCall("https://r.example/t", "https://r.example/t", "Body=ACK&From=%2B4915112345678&MessageSid=SM2", "BodyACKFrom+4915112345678MessageSidSM2"), sms.Reply{Provider: "twilio", ID: "SM2", From: "+4915112345678", Text: "ACK"}},
		{"vonage", call{url: "https://r.example/v?messageId=7&msisdn=4915112345678&text=ACK+a7&sig=" + vonageSig("&messageId=7&msisdn=4915112345678&text=ACK a7")}, sms.Reply{Provider: "vonage", ID: "7", From: "+4915112345678", Text: "ACK a7"}},
		{"sinch", call{url: "https://r.example/s?token=s3cret", kind: jsonBody, body: `{"type":"mo_text","id":"8","from":"4915112345678","to":"12345","body":"ACK"}`}, sms.Reply{Provider: "sinch", ID: "8", From: "+4915112345678", Text: "ACK"}},
		{"bird", birdCall("https://r.example/b", `{"payload":{"id":"9","sender":{"contact":{"identifierValue":"+4915112345678"}},"body":{"type":"text","text":{"text":"ACK"}}}}`), sms.Reply{Provider: "bird", ID: "9", From: "+4915112345678", Text: "ACK"}},
		{"kannel", call{url: "https://r.example/k?token=s3cret&id=10&from=%2B4915112345678&text=ACK"}, sms.Reply{Provider: "kannel", ID: "10", From: "+4915112345678", Text: "ACK"}},
	} {
		got, err := hs[tt.provider].Reply(tt.call.parts(t))
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", tt.provider, err, diff)
		}
	}
}

func TestForgedCallbacks(t *testing.T) {
	t.Parallel()
	hs := hooks(t)
	for name, h := range hs {
		for _, c := range []call{
			{url: "https://r.example/?from=1&text=ACK&dlr=1&notification=n-1&token=&sig="},
			{url: "https://r.example/?token=wrong&sig=00", kind: form, body: "From=1&status=delivered&sig=zz", header: [2]string{"X-Twilio-Signature", "AAAA"}},
			{url: "https://r.example/", kind: jsonBody, body: `{"sig":""}`, header: [2]string{"Messagebird-Signature", "AAAA"}},
		} {
			if _, err := h.Report(c.parts(t)); !errors.Is(err, sms.ErrForged) {
				t.Errorf("%s: Report of %q = %v, want ErrForged", name, c.url, err)
			}
			if _, err := h.Reply(c.parts(t)); !errors.Is(err, sms.ErrForged) {
				t.Errorf("%s: Reply of %q = %v, want ErrForged", name, c.url, err)
			}
		}
	}
	// Signed or not, a report must say something.
	for _, c := range []call{
		{url: "https://r.example/?token=s3cret&notification=n-1"},
		{url: "https://r.example/?token=s3cret&dlr=1"},
		{url: "https://r.example/?token=s3cret&dlr=1", kind: jsonBody, body: "{"},
		{url: "https://r.example/?token=s3cret&dlr=1", kind: form, body: "%zz"},
	} {
		if got, err := hs["kannel"].Report(c.parts(t)); err == nil || errors.Is(err, sms.ErrForged) {
			t.Errorf("Report of %q = %+v, %v; want an error", c.url, got, err)
		}
	}
}

// FuzzHooks looks for callbacks that panic, or are believed without a signature.
func FuzzHooks(f *testing.F) {
	for _, tt := range reportCalls() {
		u, _ := url.Parse(tt.call.url)
		f.Add(u.RawQuery, tt.call.kind, tt.call.body, tt.call.header[1])
	}
	f.Add("token=s3cret&dlr=1", jsonBody, `[[[{"payload":null}]]]`, "")
	hs := hooks(f)
	f.Fuzz(func(t *testing.T, query, kind, body, signature string) {
		u := &url.URL{Scheme: "https", Host: "r.example", Path: "/x", RawQuery: query}
		for name, h := range hs {
			r := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(body))
			r.Header.Set("Content-Type", kind)
			r.Header.Set("X-Twilio-Signature", signature)
			r.Header.Set("Messagebird-Signature", signature)
			rep, err := h.Report(u, r, []byte(body))
			if err == nil && (rep.Provider != name || rep.Report == "" || name == "closed") {
				t.Errorf("%s: %+v", name, rep)
			}
			if err == nil && (name == "kannel" || name == "sinch") && u.Query().Get("token") != "s3cret" {
				t.Errorf("%s believes a report without its token", name)
			}
			if reply, err := h.Reply(u, r, []byte(body)); err == nil && reply.From == "" {
				t.Errorf("%s: %+v", name, reply)
			}
		}
	})
}
