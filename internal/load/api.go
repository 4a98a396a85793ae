package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"goldensignals/internal/drill"
)

// The paths of the users' HTTP API:
//
//   - GET UsersPath answers with a Rate, PUT of one changes the rate and answers
//     likewise.
//   - GET SeenPath answers with a Sight: what users saw from the parameter from to
//     the parameter to, both in RFC 3339.
//
// Every error is {"error": "…"}.
const (
	UsersPath = "/api/v1/users"
	SeenPath  = "/api/v1/users/seen"
)

// maxRequestBytes bounds the body of a request.
const maxRequestBytes = 4 << 10

// Rate is how many users arrive per second.
type Rate struct {
	RPS *float64 `json:"rps"`
}

// Sight is what users saw.
type Sight struct {
	Since   time.Time      `json:"since"` // what they saw before is not known
	Seconds []drill.Second `json:"seconds"`
}

// NewAPI serves UsersPath and SeenPath of g, which remembers what users have seen
// since the given time.
func NewAPI(g *Generator, since time.Time) http.Handler {
	a := api{g, since}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+UsersPath, func(w http.ResponseWriter, _ *http.Request) { a.rate(w) })
	mux.HandleFunc("PUT "+UsersPath, a.setRate)
	mux.HandleFunc("GET "+SeenPath, a.seen)
	return mux
}

type api struct {
	users *Generator
	since time.Time
}

func (a api) rate(w http.ResponseWriter) {
	rps := a.users.RPS()
	answer(w, http.StatusOK, Rate{&rps})
}

func (a api) setRate(w http.ResponseWriter, r *http.Request) {
	rps, err := decodeRate(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err == nil {
		err = a.users.SetRPS(rps)
	}
	if err != nil {
		WriteError(w, http.StatusBadRequest, err)
		return
	}
	a.rate(w)
}

func decodeRate(body io.Reader) (float64, error) {
	var rate Rate
	dec := json.NewDecoder(body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&rate); err != nil {
		return 0, fmt.Errorf(`decode rate: %w; send {"rps": 40}`, err)
	}
	if rate.RPS == nil {
		return 0, errors.New(`decode rate: the field rps is missing; send {"rps": 40}`)
	}
	return *rate.RPS, nil
}

func (a api) seen(w http.ResponseWriter, r *http.Request) {
	from, err := parameter(r, "from")
	if err != nil {
		WriteError(w, http.StatusBadRequest, err)
		return
	}
	to, err := parameter(r, "to")
	if err != nil {
		WriteError(w, http.StatusBadRequest, err)
		return
	}
	answer(w, http.StatusOK, Sight{a.since.UTC(), a.users.Seen(from, to)})
}

func parameter(r *http.Request, name string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, r.URL.Query().Get(name))
	if err != nil {
		return t, fmt.Errorf("parameter %s: %w; give a time such as 2026-01-31T12:00:00Z", name, err)
	}
	return t, nil
}

// WriteError answers with an error as this API words it.
func WriteError(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]string{"error": err.Error()})
}

func answer(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil { // a number that JSON has no word for
		status, data = http.StatusInternalServerError, []byte(`{"error":"the answer could not be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the caller has gone when this fails
}
