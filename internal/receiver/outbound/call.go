package outbound

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/config"

	"goldensignals/internal/alert"
)

// maxAnswer bounds how much of an answer is read, in bytes.
const maxAnswer = 1 << 20

// Status is an answer that is not 2xx.
type Status struct {
	Code int
	Body string // the beginning of it, on one line

	Answer []byte // all of it, for who can read more from it; never printed
}

func (s *Status) Error() string {
	if s.Body == "" {
		return fmt.Sprintf("answered %d", s.Code)
	}
	return fmt.Sprintf("answered %d: %s", s.Code, s.Body)
}

// Do sends req and returns the body of a 2xx answer. An error has the marks of
// package alert: a request whose answer was lost is unsure, one that never left
// is not; 4xx is permanent, apart from 401, 403, 408, 425 and 429, which a
// person or time may mend; Retry-After is kept. The URL is left out of errors,
// because some providers put secrets there. Redirects are not followed by the
// clients of Client.
func Do(client *http.Client, req *http.Request) ([]byte, error) {
	_, body, err := exchange(client, req, maxAnswer)
	return body, err
}

// DoUpTo is Do for long answers, of at most limit bytes. A longer one is an
// error, where Do leaves out the end.
func DoUpTo(client *http.Client, req *http.Request, limit int64) ([]byte, error) {
	_, body, err := exchange(client, req, limit+1)
	if err == nil && int64(len(body)) > limit {
		return nil, fmt.Errorf("answered more than %d MiB", limit>>20)
	}
	return body, err
}

// Exchange is Do for a provider whose 2xx codes differ in meaning: it also
// returns the code of a 2xx answer.
func Exchange(client *http.Client, req *http.Request) (int, []byte, error) {
	return exchange(client, req, maxAnswer)
}

func exchange(client *http.Client, req *http.Request, limit int64) (int, []byte, error) {
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, lost(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if resp.StatusCode/100 == 2 {
		if err != nil {
			return 0, nil, alert.Unsure(fmt.Errorf("read answer: %w", err))
		}
		return resp.StatusCode, body, nil
	}
	return 0, nil, judge(resp, &Status{resp.StatusCode, oneLine(body), body})
}

// JSON sends in as JSON, unless it is nil, and reads a 2xx answer into out,
// unless that is nil. edit may set headers.
func JSON(ctx context.Context, client *http.Client, method, address string, in, out any, edit func(*http.Request)) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return alert.Permanent(fmt.Errorf("encode request: %w", err))
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return alert.Permanent(fmt.Errorf("build request: %w", err))
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	if edit != nil {
		edit(req)
	}
	answer, err := Do(client, req)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return alert.Unsure(fmt.Errorf("read answer: %w", err))
	}
	return nil
}

// Transport returns the way to a provider that c describes: proxy, TLS,
// credentials. The zero value of c is plain HTTP(S) with the environment's proxy
// left aside. The caller closes its idle connections.
func Transport(name string, c config.HTTPClientConfig) (http.RoundTripper, error) {
	rt, err := config.NewRoundTripperFromConfig(c, name)
	if err != nil {
		return nil, fmt.Errorf("http client of %s: %w", name, err)
	}
	return rt, nil
}

// Client returns a client on transport that follows no redirect: a POST would
// become a GET, and credentials could go elsewhere.
func Client(transport http.RoundTripper) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// lost judges a request without an answer. Only one that could not connect has
// certainly not arrived.
func lost(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the URL
	}
	var op *net.OpError
	var dns *net.DNSError
	if errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns) {
		return fmt.Errorf("cannot be reached: %w", err)
	}
	return alert.Unsure(fmt.Errorf("no answer: %w", err))
}

func judge(resp *http.Response, err error) error {
	if wait := retryAfter(resp.Header.Get("Retry-After")); wait > 0 {
		err = alert.After(err, wait)
	}
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusRequestTimeout,
		code == http.StatusTooEarly, code == http.StatusTooManyRequests:
		return err
	case code/100 == 4:
		return alert.Permanent(err)
	}
	return err
}

// retryAfter reads the header's seconds or date; RFC 9110, section 10.2.3.
func retryAfter(header string) time.Duration {
	if s, err := strconv.Atoi(strings.TrimSpace(header)); err == nil && s > 0 {
		return time.Duration(min(s, 24*60*60)) * time.Second
	}
	if t, err := http.ParseTime(header); err == nil {
		return min(max(time.Until(t), 0), 24*time.Hour)
	}
	return 0
}

func oneLine(body []byte) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(body[:min(len(body), 512)]), "?")), " ")
	return strings.ToValidUTF8(s[:min(len(s), 200)], "")
}
