package remote

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/load"
)

// How long the users may take to answer.
const (
	ratePatience = 3 * time.Second
	seenPatience = 30 * time.Second
)

// Users are the load that runs elsewhere. They are safe for concurrent use.
type Users struct{ client client }

// NewUsers returns the users whose API is at base and wants the token.
func NewUsers(base *url.URL, token string, transport http.RoundTripper) *Users {
	return &Users{newClient(base, token, transport)}
}

// RPS asks how many arrive per second.
func (u *Users) RPS() (float64, error) {
	var rate load.Rate
	if err := u.do(call{method: http.MethodGet, path: load.UsersPath, out: &rate, patience: ratePatience}); err != nil {
		return 0, err
	}
	if rate.RPS == nil {
		return 0, fmt.Errorf("the load at %s does not say its rate; is it demoload?", u.client.base.Redacted())
	}
	return *rate.RPS, nil
}

// SetRPS changes how many arrive per second.
func (u *Users) SetRPS(rps float64) error {
	return u.do(call{method: http.MethodPut, path: load.UsersPath, in: load.Rate{RPS: &rps}, patience: ratePatience})
}

// Seen asks what they saw from <= At < to. Where that is not known as a whole, because
// the load was started again, it is an error: a score must not rest on half a truth.
func (u *Users) Seen(from, to time.Time) ([]drill.Second, error) {
	var sight load.Sight
	q := url.Values{"from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}}
	if err := u.do(call{method: http.MethodGet, path: load.SeenPath, query: q, out: &sight, patience: seenPatience}); err != nil {
		return nil, err
	}
	if sight.Since.After(from) {
		return nil, fmt.Errorf("what users saw before %s is lost, because the load was started then", sight.Since.UTC().Format("15:04:05 UTC"))
	}
	return sight.Seconds, nil
}

func (u *Users) do(o call) error {
	if err := u.client.do(context.Background(), o); err != nil {
		return fmt.Errorf("the load does not answer: %w", err)
	}
	return nil
}
