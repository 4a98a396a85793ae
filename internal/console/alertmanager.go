package console

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"goldensignals/internal/alert"
)

// amAlert is an alert as Alertmanager's API v2 shows it: firing, and perhaps
// muted.
type amAlert struct {
	Labels      alert.Labels `json:"labels"`
	Annotations alert.Labels `json:"annotations"`
	StartsAt    time.Time    `json:"startsAt"`
	Fingerprint string       `json:"fingerprint"`
	Status      struct {
		State       string   `json:"state"`
		SilencedBy  []string `json:"silencedBy"`
		InhibitedBy []string `json:"inhibitedBy"`
	} `json:"status"`
}

// amSilence is a silence with its state.
type amSilence struct {
	alert.Silence
	Status struct {
		State string `json:"state"` // pending, active or expired
	} `json:"status"`
}

func (s sources) amAlerts(ctx context.Context) ([]amAlert, error) {
	var list []amAlert
	err := s.alertmanager.do(ctx, call{path: "api/v2/alerts"}, &list)
	return list, err
}

// silences asks for the active and the pending ones. Expired ones are dropped
// here too: Alertmanagers before 0.34 do not know the filter.
func (s sources) silences(ctx context.Context) ([]amSilence, error) {
	var list []amSilence
	q := url.Values{"expired": {"false"}}
	err := s.alertmanager.do(ctx, call{path: "api/v2/silences", query: q}, &list)
	current := list[:0]
	for _, one := range list {
		if one.Status.State != "expired" {
			current = append(current, one)
		}
	}
	return current, err
}

// silence creates a silence and returns its id.
func (s sources) silence(ctx context.Context, sil alert.Silence) (string, error) {
	var answer struct {
		SilenceID string `json:"silenceID"`
	}
	err := s.alertmanager.do(ctx, call{method: http.MethodPost, path: "api/v2/silences", body: sil}, &answer)
	return answer.SilenceID, err
}

// endSilence expires a silence now.
func (s sources) endSilence(ctx context.Context, id string) error {
	return s.alertmanager.do(ctx, call{method: http.MethodDelete, path: "api/v2/silence/" + url.PathEscape(id)}, nil)
}
