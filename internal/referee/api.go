package referee

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/drill"
)

// maxAnswer bounds what one API answer may weigh.
const maxAnswer = 256 << 20

// maxMessages is how many messages the router lists at most.
const maxMessages = 10_000

// api speaks to the three APIs of a stack.
type api struct{ client *http.Client }

// do sends in as JSON (nil: no body) and decodes the answer into out (nil:
// ignored).
func (a api) do(ctx context.Context, method string, target *url.URL, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", target.Redacted(), err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", target.Redacted(), err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s: %.200s", target.Redacted(), resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("decode the answer of %s: %w", target.Redacted(), err)
	}
	return nil
}

// gettable is an alert as Alertmanager's API v2 shows it.
type gettable struct {
	Fingerprint string       `json:"fingerprint"`
	Labels      alert.Labels `json:"labels"`
	Annotations alert.Labels `json:"annotations"`
	Status      struct {
		SilencedBy  []string `json:"silencedBy"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status"`
}

func (a api) alerts(ctx context.Context, base *url.URL) ([]gettable, error) {
	var list []gettable
	err := a.do(ctx, http.MethodGet, base.JoinPath("api/v2/alerts"), nil, &list)
	return list, err
}

func (a api) createSilence(ctx context.Context, base *url.URL, s alert.Silence) (id string, err error) {
	var answer struct {
		SilenceID string `json:"silenceID"`
	}
	err = a.do(ctx, http.MethodPost, base.JoinPath("api/v2/silences"), s, &answer)
	return answer.SilenceID, err
}

func (a api) silence(ctx context.Context, base *url.URL, id string) (alert.Silence, error) {
	var s alert.Silence
	err := a.do(ctx, http.MethodGet, base.JoinPath("api/v2/silence", id), nil, &s)
	return s, err
}

// expireSilence ends a silence. One that has ended by itself is no error.
func (a api) expireSilence(ctx context.Context, base *url.URL, id string) error {
	s, err := a.silence(ctx, base, id)
	if err != nil || !s.ActiveAt(time.Now()) {
		return err
	}
	return a.do(ctx, http.MethodDelete, base.JoinPath("api/v2/silence", id), nil, nil)
}

// series is one series of a Prometheus answer and its raw samples.
type series struct {
	Metric alert.Labels `json:"metric"`
	Values []sample     `json:"values"`
}

// sample is the moment of one value; what the value is does not matter here.
type sample struct{ at time.Time }

// UnmarshalJSON reads Prometheus' pair of seconds and value.
func (s *sample) UnmarshalJSON(b []byte) error {
	var pair [2]json.RawMessage
	if err := json.Unmarshal(b, &pair); err != nil {
		return fmt.Errorf("decode sample: %w", err)
	}
	seconds, err := strconv.ParseFloat(string(pair[0]), 64)
	if err != nil {
		return fmt.Errorf("decode time of sample: %w", err)
	}
	s.at = time.UnixMilli(int64(seconds*1000 + 0.5)).UTC()
	return nil
}

// query evaluates a range selector at the given time.
func (a api) query(ctx context.Context, base *url.URL, expr string, at time.Time) ([]series, error) {
	var answer struct {
		Data struct {
			Result []series `json:"result"`
		} `json:"data"`
	}
	target := base.JoinPath("api/v1/query")
	target.RawQuery = url.Values{"query": {expr}, "time": {strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)}}.Encode()
	err := a.do(ctx, http.MethodGet, target, nil, &answer)
	return answer.Data.Result, err
}

// intervals returns how often each alert is evaluated, by its name.
func (a api) intervals(ctx context.Context, base *url.URL) (map[string]time.Duration, error) {
	var answer struct {
		Data struct {
			Groups []struct {
				Interval float64 `json:"interval"`
				Rules    []struct {
					Name string `json:"name"`
				} `json:"rules"`
			} `json:"groups"`
		} `json:"data"`
	}
	target := base.JoinPath("api/v1/rules")
	target.RawQuery = "type=alert&exclude_alerts=true"
	if err := a.do(ctx, http.MethodGet, target, nil, &answer); err != nil {
		return nil, err
	}
	intervals := map[string]time.Duration{}
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			intervals[r.Name] = time.Duration(g.Interval * float64(time.Second))
		}
	}
	return intervals, nil
}

// notifications lists what was delivered since the beginning, oldest first.
func (g *game) notifications(ctx context.Context, end time.Time) ([]drill.Notification, error) {
	target := g.Router.JoinPath("api/v1/messages")
	target.RawQuery = "limit=" + strconv.Itoa(maxMessages)
	var messages []alert.Notification
	if err := g.api.do(ctx, http.MethodGet, target, nil, &messages); err != nil {
		return nil, err
	}
	if len(messages) == maxMessages {
		return nil, errors.New("the router sent more messages than it lists: the score would be wrong")
	}
	var list []drill.Notification
	for i := len(messages) - 1; i >= 0; i-- {
		m := messages[i]
		if m.State != alert.Delivered || m.DeliveredAt.Before(g.Since) || m.DeliveredAt.After(end) {
			continue
		}
		list = append(list, drill.Notification{
			At: m.DeliveredAt, Receiver: m.Receiver, ReceiverType: m.ReceiverType, Status: m.Status, AlertName: m.AlertName,
			Severity: m.Severity, Reason: m.Reason, Alerts: m.Alerts, GroupKey: m.GroupKey, RunbookURL: m.RunbookURL,
		})
	}
	return list, nil
}
