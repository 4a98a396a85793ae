// Package silence is what a person may silence, and what becomes of it: the
// silences themselves live in Alertmanager. Client reads and writes them there;
// everything else is pure: what to offer, what it would mute, what is refused,
// when a silence that ends with its incident is extended or ended, and which
// silences a person should look at again. The router and its pages call it. It
// stores nothing and starts no goroutine.
package silence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// maxAnswer bounds a list from Alertmanager, in bytes.
const maxAnswer = 16 << 20

// ErrNotFound is returned for a silence that no Alertmanager knows: it ended
// days ago, or the URLs are those of others.
var ErrNotFound = errors.New("no such silence in Alertmanager")

// Options of a client.
type Options struct {
	// URLs of the Alertmanagers of one cluster, with their path prefix, where
	// they have one. At least one.
	URLs []*url.URL
	// Transport is the way there. nil is http.DefaultTransport. The owner
	// closes its idle connections.
	Transport http.RoundTripper
}

// Client speaks to Alertmanager's API v2
// (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml).
// The first Alertmanager that answers counts; each has an even share of the time
// that the context leaves. Errors have the marks of package alert. It is safe for
// concurrent use.
type Client struct {
	urls   []*url.URL
	client *http.Client
}

// New returns a client.
func New(o Options) (*Client, error) {
	if len(o.URLs) == 0 {
		return nil, outbound.Field("urls", "is empty: write the URL of at least one Alertmanager")
	}
	for _, u := range o.URLs {
		if u == nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, outbound.Field("urls", "must be absolute http or https URLs")
		}
	}
	return &Client{urls: slices.Clone(o.URLs), client: outbound.Client(o.Transport)}, nil
}

// Alert is an alert that fires now, muted or not, as Alertmanager sees it.
type Alert struct {
	Labels      alert.Labels
	StartsAt    time.Time
	Fingerprint string
	State       string   // unprocessed, active or suppressed, which is silenced or inhibited
	SilencedBy  []string // ids of silences
	InhibitedBy []string // fingerprints of alerts
}

// Name returns the alertname label, or "" where there is none.
func (a Alert) Name() string { return a.Labels["alertname"] }

// The shapes on the wire; openapi.yaml, definitions gettableAlert and
// gettableSilence.

type wireAlert struct {
	Labels      alert.Labels `json:"labels"`
	StartsAt    time.Time    `json:"startsAt"`
	Fingerprint string       `json:"fingerprint"`
	Status      struct {
		State       string   `json:"state"`
		SilencedBy  []string `json:"silencedBy"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status"`
}

type wireSilence struct {
	alert.Silence
	Matchers []wireMatcher `json:"matchers"`
	Status   struct {
		State string `json:"state"`
	} `json:"status"`
}

// wireMatcher knows that isEqual is true where it is left out.
type wireMatcher struct {
	alert.Matcher
	IsEqual *bool `json:"isEqual"`
}

func (w wireSilence) silence() alert.Silence {
	s := w.Silence
	s.State = w.Status.State
	s.Matchers = make([]alert.Matcher, len(w.Matchers))
	for i, m := range w.Matchers {
		s.Matchers[i] = m.Matcher
		s.Matchers[i].IsEqual = m.IsEqual == nil || *m.IsEqual
	}
	return s
}

// Alerts returns all alerts that have not ended, muted ones too.
func (c *Client) Alerts(ctx context.Context) ([]Alert, error) {
	list, err := listOf[wireAlert](ctx, c, "api/v2/alerts")
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	alerts := make([]Alert, len(list))
	for i, w := range list {
		alerts[i] = Alert{w.Labels, w.StartsAt, w.Fingerprint, w.Status.State, w.Status.SilencedBy, w.Status.InhibitedBy}
	}
	return alerts, nil
}

// Silences returns those that are active, pending or, for some days, expired.
func (c *Client) Silences(ctx context.Context) ([]alert.Silence, error) {
	list, err := listOf[wireSilence](ctx, c, "api/v2/silences")
	if err != nil {
		return nil, fmt.Errorf("list silences: %w", err)
	}
	silences := make([]alert.Silence, len(list))
	for i, w := range list {
		silences[i] = w.silence()
	}
	return silences, nil
}

// Put creates s, or changes it where it has an id, and returns its id. The id is
// a new one if Alertmanager could only replace the silence: if it had ended, or
// its matchers are others. A silence that is active keeps its start. ErrNotFound
// says that there is none with the id. After an error that is unsure, s may be
// there: look at Silences before creating it again.
func (c *Client) Put(ctx context.Context, s alert.Silence) (id string, err error) {
	if s.ID != "" && !isID(s.ID) {
		return "", alert.Permanent(fmt.Errorf("put silence: %q is no id of a silence", s.ID))
	}
	err = c.any(ctx, func(ctx context.Context, base *url.URL) error {
		id, err = c.put(ctx, base, s)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("put silence: %w", err)
	}
	return id, nil
}

func (c *Client) put(ctx context.Context, base *url.URL, s alert.Silence) (string, error) {
	if s.ID != "" {
		var now wireSilence
		if err := c.get(ctx, base.JoinPath("api/v2/silence", s.ID), &now); err != nil {
			return "", err
		}
		// Alertmanager moves the start of a new silence to its own clock, and
		// replaces a silence whose start is said to be another one.
		if now.Status.State == "active" {
			s.StartsAt = now.StartsAt
		}
	}
	s.UpdatedAt = time.Time{} // not ours to say
	var answer struct {
		SilenceID string `json:"silenceID"`
	}
	err := outbound.JSON(ctx, c.client, http.MethodPost, base.JoinPath("api/v2/silences").String(), s, &answer, nil)
	if err == nil && answer.SilenceID == "" {
		err = alert.Unsure(errors.New("the answer has no silenceID: is the URL that of an Alertmanager?"))
	}
	if err != nil && s.ID == "" && alert.IsUnsure(err) {
		return "", final{err} // another Alertmanager would make a second one
	}
	return answer.SilenceID, err
}

// Expire ends the silence now. One that has ended already is no error, unless
// Alertmanager has forgotten it: that is ErrNotFound.
func (c *Client) Expire(ctx context.Context, id string) error {
	if !isID(id) {
		return alert.Permanent(fmt.Errorf("expire silence: %q is no id of a silence", id))
	}
	err := c.any(ctx, func(ctx context.Context, base *url.URL) error {
		return outbound.JSON(ctx, c.client, http.MethodDelete, base.JoinPath("api/v2/silence", id).String(), nil, nil, nil)
	})
	if err != nil {
		return fmt.Errorf("expire silence: %w", err)
	}
	return nil
}

// isID says whether id may be part of a path. Alertmanager's ids are UUIDs.
func isID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "0123456789abcdefABCDEF-") == ""
}

// final is an error after which no other Alertmanager is asked.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// any asks one Alertmanager after the other until one answers. A refusal is an
// answer; "not found" is not yet one, because the silence may be on its way from
// one Alertmanager to the other.
func (c *Client) any(ctx context.Context, ask func(context.Context, *url.URL) error) error {
	var errs []error
	missing := 0
	for i, base := range c.urls {
		err := c.one(ctx, base, len(c.urls)-i, ask)
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("%s %w", base.Host, err))
		notFound := code(err) == http.StatusNotFound
		if notFound {
			missing++
		}
		if errors.As(err, new(final)) || alert.IsPermanent(err) && !notFound {
			break
		}
	}
	if missing == len(c.urls) {
		errs = append(errs, ErrNotFound)
	}
	return errors.Join(errs...)
}

// one gives this Alertmanager an even share of the time for those left.
func (c *Client) one(ctx context.Context, base *url.URL, left int, ask func(context.Context, *url.URL) error) error {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	return ask(ctx, base)
}

// listOf reads a list. The result is fresh for each Alertmanager: half of an answer
// must not shine through the next one's.
func listOf[T any](ctx context.Context, c *Client, path string) (all []T, err error) {
	err = c.any(ctx, func(ctx context.Context, base *url.URL) error {
		var one []T
		if err := c.get(ctx, base.JoinPath(path), &one); err != nil {
			return err
		}
		if one == nil { // null: an empty list would mean that nothing fires
			return errors.New("answered without a list: is the URL that of an Alertmanager?")
		}
		all = one
		return nil
	})
	return all, err
}

func (c *Client) get(ctx context.Context, u *url.URL, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return alert.Permanent(fmt.Errorf("build request: %w", err))
	}
	req.Header.Set("Accept", "application/json")
	answer, err := outbound.DoUpTo(c.client, req, maxAnswer)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("answered something else than Alertmanager does: %w", err)
	}
	return nil
}

func code(err error) int {
	if s := (*outbound.Status)(nil); errors.As(err, &s) {
		return s.Code
	}
	return 0
}
