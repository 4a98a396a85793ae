package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/template"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// Gateway is any provider that takes a message with one HTTP request. Values of
// headers, query, form and json are templates of package text/template with the
// fields .To, .From, .Text, .ID and .ReportURL and the functions
//
//	digits   the digits of a number, without +
//	gsm      whether a text has letters of the GSM alphabet only
//	percents the text with every % doubled
//
// What a template gives is encoded as the place needs it; no value can add a
// parameter. One that gives "" is left out.
type Gateway struct {
	URL    string `yaml:"url"`
	Method string `yaml:"method"` // POST with a form or json, GET without, if empty
	From   string `yaml:"from"`

	Headers map[string]string `yaml:"headers"`
	Query   map[string]string `yaml:"query"`
	Form    map[string]string `yaml:"form"` // this, or
	JSON    map[string]any    `yaml:"json"` // text within it is a template

	Authorization Authorization              `yaml:"authorization"`
	SecretHeaders map[string]outbound.Secret `yaml:"secret_headers"`
	SecretQuery   map[string]outbound.Secret `yaml:"secret_query"`
	SecretForm    map[string]outbound.Secret `yaml:"secret_form"`

	IdempotencyHeader string     `yaml:"idempotency_header"` // gets the ID; "" if the gateway knows none
	Success           Success    `yaml:"success"`
	Receipt           Extract    `yaml:"receipt"` // the gateway's name for the message
	Hooks             HookFields `yaml:"hooks"`
}

// Authorization is the header of that name, such as Bearer and a token.
type Authorization struct {
	Type        string          `yaml:"type"` // "Bearer" if empty
	Credentials outbound.Secret `yaml:"credentials"`
}

// Validate returns everything that is wrong with g.
func (g *Gateway) Validate() error {
	errs := []error{outbound.CheckURL("url", g.URL)}
	if g.Method != "" && g.Method != strings.ToUpper(g.Method) {
		errs = append(errs, outbound.Field("method", "%q: write it in capitals, such as POST", g.Method))
	}
	if len(g.JSON) > 0 && len(g.Form)+len(g.SecretForm) > 0 {
		errs = append(errs, outbound.Field("json", "give it or a form, not both"))
	}
	if g.From != "" {
		errs = append(errs, checkFrom(g.From))
	}
	if _, err := g.compile(); err != nil {
		errs = append(errs, err)
	}
	if !g.carries(".To") || !g.carries(".Text") {
		errs = append(errs, outbound.Field("form", "no value has {{.To}} and {{.Text}}: without them, nobody is told anything (form, json, query or headers)"))
	}
	errs = append(errs, g.checkSecrets()...)
	errs = append(errs, outbound.Below("success", g.Success.validate()), outbound.Below("receipt", g.Receipt.validate()))
	return errors.Join(errs...)
}

func (g *Gateway) checkSecrets() []error {
	var errs []error
	for _, m := range []struct {
		field   string
		secrets map[string]outbound.Secret
	}{{"secret_headers", g.SecretHeaders}, {"secret_query", g.SecretQuery}, {"secret_form", g.SecretForm}} {
		for _, name := range slices.Sorted(maps.Keys(m.secrets)) {
			errs = append(errs, outbound.CheckSecret(m.field+"."+name, m.secrets[name]))
		}
	}
	for field, s := range map[string]outbound.Secret{"authorization.credentials": g.Authorization.Credentials, "hooks.token": g.Hooks.Token} {
		if !s.IsZero() {
			errs = append(errs, outbound.CheckSecret(field, s))
		}
	}
	return errs
}

// fields is all that a template can see.
type fields struct{ To, From, Text, ID, ReportURL string }

// templates are compiled by their source.
type templates map[string]*template.Template

// compile reads all templates and tries each, so that a mistyped field is found
// in the file rather than in an outage.
func (g *Gateway) compile() (templates, error) {
	ts := templates{}
	var errs []error
	g.sources(func(field, source string) {
		t, err := template.New(field).Funcs(template.FuncMap{
			"digits":   digits,
			"gsm":      func(s string) bool { _, ok := septets(s); return ok },
			"percents": func(s string) string { return strings.ReplaceAll(s, "%", "%%") },
		}).Parse(source)
		if err == nil {
			err = t.Execute(io.Discard, fields{"+49151", "+49152", "text", "id", "https://example.org/"})
		}
		if err != nil {
			errs = append(errs, outbound.Field(field, "%v: a template knows .To, .From, .Text, .ID and .ReportURL", err))
			return
		}
		ts[source] = t
	})
	return ts, errors.Join(errs...)
}

// sources calls f with every template.
func (g *Gateway) sources(f func(field, source string)) {
	for _, m := range []struct {
		field  string
		values map[string]string
	}{{"headers", g.Headers}, {"query", g.Query}, {"form", g.Form}} {
		for _, name := range slices.Sorted(maps.Keys(m.values)) {
			f(m.field+"."+name, m.values[name])
		}
	}
	texts("json", g.JSON, f)
}

// texts calls f with every text in a JSON value.
func texts(field string, v any, f func(field, source string)) {
	switch x := v.(type) {
	case string:
		f(field, x)
	case []any:
		for i, e := range x {
			texts(fmt.Sprintf("%s.%d", field, i), e, f)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(x)) {
			texts(field+"."+name, x[name], f)
		}
	}
}

func (g *Gateway) carries(name string) bool {
	found := false
	g.sources(func(_, source string) { found = found || strings.Contains(source, name) })
	return found
}

func (g *Gateway) open(o opening) (Provider, error) { return g.openWith(o, nil) }

// openWith opens g with callbacks that are signed rather than carry a token.
func (g *Gateway) openWith(o opening, signed func(*url.URL, *http.Request, []byte) error) (Provider, error) {
	client, err := o.client()
	if err != nil {
		return nil, err
	}
	ts, err := g.compile()
	if err != nil {
		return nil, err
	}
	return &gateway{Gateway: *g, hook: hook{o.name, g.Hooks, signed}, client: client, templates: ts}, nil
}

type gateway struct {
	Gateway
	hook
	client    *http.Client
	templates templates
}

func (g *gateway) Name() string     { return g.name }
func (g *gateway) Idempotent() bool { return g.IdempotencyHeader != "" }

func (g *gateway) Close() error {
	g.client.CloseIdleConnections()
	return nil
}

func (g *gateway) Send(ctx context.Context, o Outgoing) (alert.Receipt, error) {
	reportURL, err := g.reportURL(o)
	if err != nil {
		return alert.Receipt{}, err
	}
	req, err := g.request(ctx, fields{o.To, g.From, o.Text, o.ID, reportURL})
	if err != nil {
		return alert.Receipt{}, fmt.Errorf("build request: %w", err)
	}
	code, answer, err := outbound.Exchange(g.client, req)
	if err != nil {
		return alert.Receipt{}, g.Success.refused(err)
	}
	if err := g.Success.judge(code, answer); err != nil {
		return alert.Receipt{}, err
	}
	id, _ := g.Receipt.from(answer)
	return alert.Receipt{ID: id, Reported: reportURL != ""}, nil
}

func (g *gateway) request(ctx context.Context, f fields) (*http.Request, error) {
	u, err := url.Parse(g.URL)
	if err != nil {
		return nil, err
	}
	query, err := g.values(u.Query(), g.Query, g.SecretQuery, f)
	if err != nil {
		return nil, err
	}
	u.RawQuery = query.Encode()
	body, kind, err := g.body(f)
	if err != nil {
		return nil, err
	}
	method := g.Method
	if method == "" {
		method = http.MethodGet
		if body != nil {
			method = http.MethodPost
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	return req, g.setHeaders(req.Header, f)
}

func (g *gateway) setHeaders(h http.Header, f fields) error {
	values, err := g.values(url.Values{}, g.Headers, g.SecretHeaders, f)
	if err != nil {
		return err
	}
	for name := range values {
		h.Set(name, values.Get(name))
	}
	if g.IdempotencyHeader != "" {
		h.Set(g.IdempotencyHeader, f.ID)
	}
	if !g.Authorization.Credentials.IsZero() {
		credentials, err := g.Authorization.Credentials.Read()
		if err != nil {
			return err
		}
		h.Set("Authorization", or(g.Authorization.Type, "Bearer")+" "+credentials)
	}
	return nil
}

func (g *gateway) body(f fields) (body []byte, kind string, err error) {
	switch {
	case len(g.JSON) > 0:
		v, err := g.fill(g.JSON, f)
		if err != nil {
			return nil, "", err
		}
		body, err = json.Marshal(v)
		return body, "application/json", err
	case len(g.Form)+len(g.SecretForm) > 0:
		form, err := g.values(url.Values{}, g.Form, g.SecretForm, f)
		return []byte(form.Encode()), "application/x-www-form-urlencoded", err
	}
	return nil, "", nil
}

// values adds what the templates and secrets give to into.
func (g *gateway) values(into url.Values, sources map[string]string, secrets map[string]outbound.Secret, f fields) (url.Values, error) {
	for name, source := range sources {
		v, err := g.text(source, f)
		if err != nil {
			return nil, err
		}
		if v != "" {
			into.Set(name, v)
		}
	}
	for name, s := range secrets {
		v, err := s.Read()
		if err != nil {
			return nil, err
		}
		into.Set(name, v)
	}
	return into, nil
}

// fill returns a copy of v with its templates filled in.
func (g *gateway) fill(v any, f fields) (any, error) {
	switch x := v.(type) {
	case string:
		return g.text(x, f)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			var err error
			if out[i], err = g.fill(e, f); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := map[string]any{}
		for name, e := range x {
			filled, err := g.fill(e, f)
			if err != nil {
				return nil, err
			}
			if filled != "" {
				out[name] = filled
			}
		}
		return out, nil
	}
	return v, nil
}

func (g *gateway) text(source string, f fields) (string, error) {
	var b strings.Builder
	if err := g.templates[source].Execute(&b, f); err != nil {
		return "", err
	}
	return b.String(), nil
}
