package sms_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
	"goldensignals/internal/receiver/sms"
)

// secret writes one into a file.
func secret(t testing.TB, value string) outbound.Secret {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return outbound.Secret{File: name}
}

// seen is the request that a stub was sent.
type seen struct {
	method, path, auth, kind string
	query, form              url.Values
	json                     any
}

// stub answers every request with code and body. A code of 0 never answers.
func stub(t testing.TB, code int, body string, header ...string) (address string, last func() seen) {
	t.Helper()
	requests := make(chan seen, 16)
	end := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		s := seen{method: r.Method, path: r.URL.Path, auth: r.Header.Get("Authorization"), kind: r.Header.Get("Content-Type"), query: r.URL.Query()}
		if strings.HasSuffix(s.kind, "json") {
			_ = json.Unmarshal(data, &s.json)
		} else {
			s.form, _ = url.ParseQuery(string(data))
		}
		requests <- s
		if code == 0 {
			<-end
			return
		}
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(func() {
		close(end)
		srv.Close()
	})
	return srv.URL, func() seen { return <-requests }
}

func open(t testing.TB, c sms.ProviderConfig, env sms.Env) sms.Provider {
	t.Helper()
	if c.Name == "" {
		c.Name = "p"
	}
	p, err := c.Open(env)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := p.(io.Closer); ok {
		t.Cleanup(func() { c.Close() })
	}
	return p
}

func outgoing() sms.Outgoing {
	return sms.Outgoing{ID: "n-1", To: "+4915112345678", Text: "CRITICAL shop: 5 & 6 = 11 100% +", ReportURL: "https://router.example/report/p"}
}

// kinds lists every provider over HTTP with what its API answers.
type providerCase struct {
	name    string
	config  func(address string) sms.ProviderConfig
	success answer
	receipt string
	wants   func(t *testing.T, s seen)
	// Refusals by what they mean.
	permanent, throttled, refused answer
}

type answer struct {
	code int
	body string
}

func cases(t *testing.T) []providerCase {
	key := secret(t, "s3cret")
	return []providerCase{{
		name: "twilio",
		config: func(a string) sms.ProviderConfig {
			return sms.ProviderConfig{Twilio: &sms.Twilio{APIURL: a, AccountSID: "AC1", AuthToken: key, From: "+4930123456"}}
		},
		success: answer{201, `{"sid":"SM1","status":"queued","error_code":null}`}, receipt: "SM1",
		permanent: answer{400, `{"code":21211,"message":"The 'To' number is not a valid phone number.","more_info":"https://www.twilio.com/docs/errors/21211","status":400}`},
		throttled: answer{429, `{"code":20429,"message":"Too Many Requests","status":429}`},
		refused:   answer{400, `{"code":21606,"message":"The 'From' number is not owned by your account","status":400}`},
		wants: func(t *testing.T, s seen) {
			want := url.Values{"To": {"+4915112345678"}, "From": {"+4930123456"}, "Body": {outgoing().Text}, "StatusCallback": {"https://router.example/report/p?notification=n-1"}}
			if diff := cmp.Diff(want, s.form); diff != "" || s.path != "/2010-04-01/Accounts/AC1/Messages.json" || s.auth != "Basic QUMxOnMzY3JldA==" {
				t.Errorf("request %+v: form (-want +got)\n%s", s, diff)
			}
		},
	}, {
		name: "vonage",
		config: func(a string) sms.ProviderConfig {
			return sms.ProviderConfig{Vonage: &sms.Vonage{APIURL: a, APIKey: "k{{1}}", APISecret: key, From: "Router", SignatureSecret: key}}
		},
		success: answer{200, `{"message-count":"1","messages":[{"to":"4915112345678","message-id":"0A1","status":"0"}]}`}, receipt: "0A1",
		permanent: answer{200, `{"message-count":"1","messages":[{"status":"3","error-text":"Invalid to"}]}`},
		throttled: answer{200, `{"message-count":"1","messages":[{"status":"1","error-text":"Throttled"}]}`},
		refused:   answer{200, `{"message-count":"1","messages":[{"status":"9","error-text":"Partner quota exceeded"}]}`},
		wants: func(t *testing.T, s seen) {
			want := url.Values{
				"api_key": {"k{{1}}"}, "api_secret": {"s3cret"}, "from": {"Router"}, "to": {"4915112345678"}, "text": {outgoing().Text},
				"type": {"text"}, "client-ref": {"n-1"}, "callback": {"https://router.example/report/p"},
			}
			if diff := cmp.Diff(want, s.form); diff != "" || s.path != "/sms/json" {
				t.Errorf("request %+v: form (-want +got)\n%s", s, diff)
			}
		},
	}, {
		name: "sinch",
		config: func(a string) sms.ProviderConfig {
			return sms.ProviderConfig{Sinch: &sms.Sinch{APIURL: a, ServicePlanID: "plan", APIToken: key, From: "12345", HookToken: key}}
		},
		success: answer{201, `{"id":"01FC","to":["4915112345678"],"from":"12345","canceled":false,"body":"x","type":"mt_text"}`}, receipt: "01FC",
		permanent: answer{400, `{"code":"syntax_invalid_parameter_format","text":"to"}`},
		throttled: answer{429, ``},
		refused:   answer{401, `{}`},
		wants: func(t *testing.T, s seen) {
			want := map[string]any{
				"from": "12345", "to": []any{"4915112345678"}, "body": outgoing().Text, "client_reference": "n-1",
				"delivery_report": "per_recipient_final", "callback_url": "https://router.example/report/p?notification=n-1&token=s3cret",
			}
			if diff := cmp.Diff(any(want), s.json); diff != "" || s.path != "/xms/v1/plan/batches" || s.auth != "Bearer s3cret" {
				t.Errorf("request %+v: json (-want +got)\n%s", s, diff)
			}
		},
	}, {
		name: "bird",
		config: func(a string) sms.ProviderConfig {
			return sms.ProviderConfig{Bird: &sms.Bird{APIURL: a, WorkspaceID: "w", ChannelID: "c", AccessKey: key, SigningKey: key}}
		},
		success: answer{202, `{"id":"96a0","status":"accepted"}`}, receipt: "96a0",
		permanent: answer{422, `{"code":"InvalidPayload","message":"identifierValue"}`},
		throttled: answer{429, ``},
		refused:   answer{403, `{}`},
		wants: func(t *testing.T, s seen) {
			want := map[string]any{
				"receiver":  map[string]any{"contacts": []any{map[string]any{"identifierValue": "+4915112345678"}}},
				"body":      map[string]any{"type": "text", "text": map[string]any{"text": outgoing().Text}},
				"reference": "n-1",
			}
			if diff := cmp.Diff(any(want), s.json); diff != "" || s.path != "/workspaces/w/channels/c/messages" || s.auth != "AccessKey s3cret" {
				t.Errorf("request %+v: json (-want +got)\n%s", s, diff)
			}
		},
	}, {
		name: "kannel",
		config: func(a string) sms.ProviderConfig {
			return sms.ProviderConfig{Kannel: &sms.Kannel{URL: a + "/cgi-bin/sendsms", Username: "u", Password: key, From: "Router", HookToken: secret(t, "a%b")}}
		},
		success:   answer{202, "3: Queued for later delivery"},
		permanent: answer{400, "Missing receiver number, rejected"},
		throttled: answer{503, "Temporal failure, try again later."},
		refused:   answer{403, "Authorization failed for sendsms"},
		wants: func(t *testing.T, s seen) {
			want := url.Values{
				"username": {"u"}, "password": {"s3cret"}, "from": {"Router"}, "to": {"+4915112345678"}, "text": {outgoing().Text},
				"charset": {"UTF-8"}, "coding": {"0"}, "dlr-mask": {"31"},
				"dlr-url": {"https://router.example/report/p?notification=n-1&token=a%%25b&dlr=%d&answer=%A"},
			}
			if diff := cmp.Diff(want, s.query); diff != "" || s.path != "/cgi-bin/sendsms" || s.method != http.MethodGet {
				t.Errorf("request %+v: query (-want +got)\n%s", s, diff)
			}
		},
	}}
}

func TestProviders(t *testing.T) {
	t.Parallel()
	for _, tt := range cases(t) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address, last := stub(t, tt.success.code, tt.success.body)
			got, err := open(t, tt.config(address), sms.Env{}).Send(t.Context(), outgoing())
			if want := (alert.Receipt{ID: tt.receipt, Reported: true}); err != nil || got != want {
				t.Errorf("Send = %+v, %v; want %+v", got, err, want)
			}
			tt.wants(t, last())
			for _, f := range []struct {
				name              string
				answer            answer
				permanent, unsure bool
			}{
				{"permanent", tt.permanent, true, false},
				{"throttled", tt.throttled, false, false},
				{"refused", tt.refused, false, false},
				{"broken", answer{500, ""}, false, false},
			} {
				address, _ := stub(t, f.answer.code, f.answer.body, "Retry-After", "7")
				_, err := open(t, tt.config(address), sms.Env{}).Send(t.Context(), outgoing())
				if err == nil || alert.IsPermanent(err) != f.permanent || alert.IsUnsure(err) != f.unsure {
					t.Errorf("%s: %v, permanent %v, unsure %v", f.name, err, alert.IsPermanent(err), alert.IsUnsure(err))
				}
				if f.name == "throttled" && alert.WaitAfter(err) < time.Second {
					t.Errorf("throttled: no wait in %v", err)
				}
				if err != nil && strings.Contains(err.Error(), "s3cret") {
					t.Errorf("%s: the error tells the secret: %v", f.name, err)
				}
			}
		})
	}
}

func TestProvidersThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range cases(t) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address, last := stub(t, 0, "")
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				last()
				cancel()
			}()
			if _, err := open(t, tt.config(address), sms.Env{}).Send(ctx, outgoing()); !alert.IsUnsure(err) {
				t.Errorf("hang: %v is not unsure", err)
			}
			if _, err := open(t, tt.config("http://127.0.0.1:1"), sms.Env{}).Send(t.Context(), outgoing()); err == nil || alert.IsUnsure(err) || alert.IsPermanent(err) {
				t.Errorf("refused connection: %v, want an error to try again", err)
			}
		})
	}
}

func TestVonageWithoutStatusIsUnsure(t *testing.T) {
	t.Parallel()
	address, _ := stub(t, 200, `{}`)
	key := secret(t, "x")
	p := open(t, sms.ProviderConfig{Vonage: &sms.Vonage{APIURL: address, APIKey: "k", APISecret: key, From: "Router"}}, sms.Env{})
	if _, err := p.Send(t.Context(), outgoing()); !alert.IsUnsure(err) {
		t.Errorf("Send = %v, want unsure", err)
	}
}

func TestUnicodeIsSaid(t *testing.T) {
	t.Parallel()
	key := secret(t, "x")
	address, last := stub(t, 202, "0: Accepted for delivery")
	p := open(t, sms.ProviderConfig{Kannel: &sms.Kannel{URL: address, Username: "u", Password: key, From: "Router"}}, sms.Env{})
	o := outgoing()
	o.Text = "касса"
	got, err := p.Send(t.Context(), o)
	if err != nil || got.Reported {
		t.Errorf("Send = %+v, %v; want no report without a token", got, err)
	}
	if q := last().query; q.Get("coding") != "2" || q.Get("text") != "касса" || q.Has("dlr-url") || q.Has("dlr-mask") || q.Has("smsc") {
		t.Errorf("query = %v", q)
	}
}

func TestGateway(t *testing.T) {
	t.Parallel()
	address, last := stub(t, 200, `{"data":[{"state":"OK","id":17}]}`)
	p := open(t, sms.ProviderConfig{Gateway: &sms.Gateway{
		URL: address + "/send?v=2", Method: http.MethodPut, From: "Router",
		JSON:              map[string]any{"n": "{{.To}}", "list": []any{"{{.Text}}", 5, true}},
		Query:             map[string]string{"ref": "{{.ID}}", "empty": "{{if false}}x{{end}}"},
		SecretHeaders:     map[string]outbound.Secret{"Authorization": secret(t, "Key x")},
		IdempotencyHeader: "Idempotency-Key",
		Success:           sms.Success{Codes: []int{200}, Extract: sms.Extract{JSON: "data.0.state"}, Accepted: []string{"OK"}},
		Receipt:           sms.Extract{Regexp: `"id":(\d+)`},
	}}, sms.Env{})
	o := outgoing()
	o.Text = `"},"evil":{"`
	got, err := p.Send(t.Context(), o)
	if err != nil || got.ID != "17" || got.Reported || !p.Idempotent() {
		t.Errorf("Send = %+v, %v", got, err)
	}
	s := last()
	want := map[string]any{"n": o.To, "list": []any{o.Text, 5.0, true}}
	if diff := cmp.Diff(any(want), s.json); diff != "" {
		t.Errorf("json (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(url.Values{"v": {"2"}, "ref": {"n-1"}}, s.query); diff != "" || s.method != "PUT" || s.auth != "Key x" {
		t.Errorf("request %+v: query (-want +got)\n%s", s, diff)
	}
}

// inbox remembers what the built-in phone gets.
type inbox struct{ got []alert.Notification }

func (b *inbox) PutSMS(_ context.Context, n alert.Notification, _ time.Time) error {
	b.got = append(b.got, n)
	return nil
}

func TestBuiltInPhone(t *testing.T) {
	t.Parallel()
	var b inbox
	p := open(t, sms.ProviderConfig{Name: "phone", Phone: &sms.PhoneConfig{}}, sms.Env{Inbox: &b})
	r := sms.NewReceiver(sms.ReceiverOptions{To: people{"+4915112345678"}, Providers: []sms.Provider{p}})
	n := r.Compose(message("Customers cannot pay"), nil)
	n.ID = "n-1"
	receipt, err := r.Send(t.Context(), n)
	if want := (alert.Receipt{ID: "n-1", Provider: "phone"}); err != nil || receipt != want || !p.Idempotent() {
		t.Errorf("Send = %+v, %v", receipt, err)
	}
	if diff := cmp.Diff([]alert.Notification{n}, b.got); diff != "" {
		t.Errorf("inbox (-want +got)\n%s", diff)
	}
}
