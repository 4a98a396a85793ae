package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"goldensignals/internal/alert"
)

// sources asks the three APIs.
type sources struct {
	prometheus   source
	alertmanager source
	router       source
}

func newSources(o Options) sources {
	client := &http.Client{Transport: o.Transport, Timeout: sourceTimeout}
	return sources{
		prometheus:   source{name: "Prometheus", base: o.Prometheus, client: client},
		alertmanager: source{name: "Alertmanager", base: o.Alertmanager, client: client},
		router:       source{name: "The router", base: o.Router, client: client},
	}
}

// source is one API.
type source struct {
	name   string // as the person reads it
	base   *url.URL
	client *http.Client
}

// call is one request to a source.
type call struct {
	method string // GET where empty
	path   string // below the base
	query  url.Values
	body   any // sent as JSON unless nil
}

// answerError is an answer other than 2xx.
type answerError struct {
	source string
	status int
	text   string // what the source said about it
}

func (e *answerError) Error() string {
	msg := fmt.Sprintf("%s answered %d %s", e.source, e.status, http.StatusText(e.status))
	if e.text != "" {
		msg += ": " + e.text
	}
	return msg
}

// do makes the call and decodes the answer into out, unless out is nil. Its
// errors are sentences for the person at the page.
func (s source) do(ctx context.Context, c call, out any) error {
	ctx, cancel := context.WithTimeout(ctx, sourceTimeout)
	defer cancel()
	req, err := s.request(ctx, c)
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return s.silent(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return s.silent(err)
	case len(body) > maxAnswerBytes:
		return fmt.Errorf("%s answered more than %d MiB", s.name, maxAnswerBytes>>20)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return &answerError{source: s.name, status: resp.StatusCode, text: reason(body)}
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("%s answered something unreadable: %w", s.name, err)
	}
	return nil
}

func (s source) request(ctx context.Context, c call) (*http.Request, error) {
	u := s.base.JoinPath(c.path)
	u.RawQuery = c.query.Encode()
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	var body io.Reader
	if c.body != nil {
		data, err := json.Marshal(c.body)
		if err != nil {
			return nil, fmt.Errorf("encode request to %s: %w", s.name, err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("make request to %s: %w", s.name, err)
	}
	if c.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// silent words an error in which no answer came. The address is left out: it
// may be an inner one that means nothing to the reader.
func (s source) silent(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s does not answer within %s", s.name, sourceTimeout)
	}
	if urlErr, ok := errors.AsType[*url.Error](err); ok {
		err = urlErr.Err
	}
	return fmt.Errorf("%s does not answer: %w", s.name, err)
}

// reason finds the sentence in an error body: Prometheus and the router send an
// object with "error", Alertmanager a JSON string or an object with "message".
func reason(body []byte) string {
	var object struct{ Error, Message string }
	if json.Unmarshal(body, &object) == nil {
		return clip(object.Error + object.Message)
	}
	var text string
	if json.Unmarshal(body, &text) == nil {
		return clip(text)
	}
	return ""
}

// clip keeps a foreign sentence short enough for the page.
func clip(s string) string {
	const most = 200
	if r := []rune(strings.TrimSpace(s)); len(r) > most {
		return string(r[:most]) + "…"
	}
	return strings.TrimSpace(s)
}

// messages asks the router for the newest messages, newest first.
func (s sources) messages(ctx context.Context, limit int) ([]alert.Notification, error) {
	var list []alert.Notification
	q := url.Values{"limit": {fmt.Sprint(limit)}}
	err := s.router.do(ctx, call{path: "api/v1/messages", query: q}, &list)
	return list, err
}
