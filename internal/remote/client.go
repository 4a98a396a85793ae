// Package remote speaks to the parts of a stack that run elsewhere, each in a
// container of its own: the faults of its services, and its users. What it offers is
// what the parts of a stack in one process offer, so that drills and the console need
// not know which of the two they have.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// maxAnswer bounds an answer in bytes: a day of what users saw, and more.
const maxAnswer = 256 << 20

// client speaks JSON to one part.
type client struct {
	base  *url.URL
	token string // empty: none is asked for
	http  *http.Client
}

func newClient(base *url.URL, token string, transport http.RoundTripper) client {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return client{base, token, &http.Client{Transport: transport}}
}

// call is one request.
type call struct {
	method, path string
	query        url.Values
	in, out      any // JSON; nil: nothing
	patience     time.Duration
}

// answerError is an answer other than 2xx.
type answerError struct {
	status int
	text   string
}

func (e *answerError) Error() string { return e.text }

// do makes the call. An answer that refuses is an *answerError.
func (c client) do(ctx context.Context, o call) error {
	ctx, cancel := context.WithTimeout(ctx, o.patience)
	defer cancel()
	req, err := c.request(ctx, o)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err // names method and address
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("read the answer of %s: %w", req.URL.Redacted(), err)
	case resp.StatusCode/100 != 2:
		return &answerError{resp.StatusCode, reason(resp, body)}
	case o.out == nil:
		return nil
	}
	if err := json.Unmarshal(body, o.out); err != nil {
		return fmt.Errorf("decode the answer of %s: %w", req.URL.Redacted(), err)
	}
	return nil
}

func (c client) request(ctx context.Context, o call) (*http.Request, error) {
	u := c.base.JoinPath(o.path)
	u.RawQuery = o.query.Encode()
	var body io.Reader
	if o.in != nil {
		data, err := json.Marshal(o.in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, o.method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

// reason finds the sentence in an answer that refuses.
func reason(resp *http.Response, body []byte) string {
	var object struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &object) == nil && object.Error != "" {
		return object.Error
	}
	return fmt.Sprintf("%s answered %s", resp.Request.URL.Redacted(), resp.Status)
}

// refused reports whether err is an answer, which asking again would not change, and
// with which status.
func refused(err error) (status int, ok bool) {
	answer, ok := errors.AsType[*answerError](err)
	if !ok || answer.status >= http.StatusInternalServerError {
		return 0, false
	}
	return answer.status, true
}
