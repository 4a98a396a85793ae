package router

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	json2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

// How many rows the lists return if ?limit= does not say, and at most.
const (
	defaultLimit = 100
	maxLimit     = 10000
)

// routes is the whole HTTP surface.
func (rt *Router) routes(pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/webhook", rt.webhook)
	mux.HandleFunc("GET /api/v1/incidents", listJSON(rt.log, rt.store.Incidents))
	mux.HandleFunc("GET /api/v1/messages", listJSON(rt.log, rt.store.Messages))
	mux.HandleFunc("POST /api/v1/incidents/{id}/acknowledge", rt.acknowledge)
	mux.HandleFunc("POST /api/v1/messages/{id}/retry", rt.retry)
	mux.HandleFunc("POST /hooks/{provider}/{kind}", rt.hook)
	mux.HandleFunc("GET /hooks/{provider}/{kind}", rt.hook) // some gateways can nothing else
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "healthy"})
	})
	mux.HandleFunc("GET /-/ready", rt.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(rt.opts.Registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, // the rest is worth having if the store cannot be read
	}))
	mux.Handle("/", pages)
	// A page of another site, open in somebody's browser, must not post alerts.
	return http.NewCrossOriginProtection().Handler(mux)
}

// publicRoutes is what needs no password.
func (rt *Router) publicRoutes(pages http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hooks/{provider}/{kind}", rt.hook)
	mux.HandleFunc("GET /hooks/{provider}/{kind}", rt.hook)
	mux.HandleFunc("POST /api/v1/webhook", func(w http.ResponseWriter, r *http.Request) {
		if rt.setting.Load().plan.WebhookToken.IsZero() { // nothing would prove who sends it
			http.NotFound(w, r)
			return
		}
		rt.webhook(w, r)
	})
	mux.Handle("/", pages)
	return mux
}

// refusal is an error with the status code that it is answered with.
type refusal struct {
	code int
	error
}

func (r refusal) Unwrap() error { return r.error }

// webhook accepts one group. Alertmanager retries network errors and 5xx only:
// 4xx is for what no retry can mend, 2xx for what is on disk.
func (rt *Router) webhook(w http.ResponseWriter, r *http.Request) {
	err := rt.receive(w, r)
	code := http.StatusNoContent
	if err != nil {
		code = http.StatusServiceUnavailable
		var known refusal
		if errors.As(err, &known) {
			code = known.code
			rt.log.Warn("webhook refused", "code", code, "err", err)
		} else {
			rt.log.Error("webhook not stored, Alertmanager will send it again", "err", err)
			err = errors.New("the alerts could not be stored; send them again")
		}
	}
	rt.metrics.webhooks.WithLabelValues(strconv.Itoa(code)).Inc()
	if err != nil {
		writeJSON(w, code, map[string]string{"error": err.Error()})
		return
	}
	w.WriteHeader(code)
}

func (rt *Router) receive(w http.ResponseWriter, r *http.Request) error {
	if err := rt.checkToken(r); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, rt.opts.MaxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return refusal{http.StatusRequestEntityTooLarge, fmt.Errorf(
			"webhook is larger than %d bytes; set max_alerts in Alertmanager's webhook_configs, or group by more labels", tooLarge.Limit)}
	}
	if err != nil {
		return fmt.Errorf("read webhook: %w", err)
	}
	defer rt.store.Arrive()()
	g, err := parseGroup(body)
	if err != nil {
		return refusal{http.StatusBadRequest, err}
	}
	return rt.accept(r.Context(), g, time.Now())
}

// checkToken wants the bearer token of the plan, if it has one.
func (rt *Router) checkToken(r *http.Request) error {
	secret := rt.setting.Load().plan.WebhookToken
	if secret.IsZero() {
		return nil
	}
	want, err := secret.Read()
	if err != nil {
		return fmt.Errorf("webhook token: %w", err) // 503: nothing is lost while somebody mends the file
	}
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	if !ok || subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
		return refusal{http.StatusUnauthorized, errors.New(
			"the bearer token is missing or wrong; set http_config.authorization.credentials_file in Alertmanager's webhook_configs")}
	}
	return nil
}

// parseGroup reads a webhook and refuses only what can never be accepted.
func parseGroup(body []byte) (alert.Group, error) {
	var g alert.Group
	// Half of what a webhook costs is reading it, and this reads twice as fast as
	// encoding/json. Neither takes what is odd for a reason to lose an alert.
	lenient := json2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := json2.Unmarshal(body, &g, lenient); err != nil {
		return alert.Group{}, fmt.Errorf("webhook is not Alertmanager's JSON: %w; remove payload: from webhook_configs, if it is set", err)
	}
	switch {
	case g.Version != "4":
		return alert.Group{}, fmt.Errorf("field version is %q, want \"4\": send Alertmanager's own webhook format", g.Version)
	case g.GroupKey == "":
		return alert.Group{}, errors.New("field groupKey is missing: send Alertmanager's own webhook format")
	case len(g.Alerts) == 0:
		return alert.Group{}, errors.New("field alerts is empty: a webhook must carry at least one alert")
	}
	for i := range g.Alerts {
		a := &g.Alerts[i]
		if a.Status != alert.Resolved { // an alert of unknown status is not lost
			a.Status = alert.Firing
		}
		if a.Fingerprint == "" {
			sum := sha256.Sum256([]byte(a.Labels.String()))
			a.Fingerprint = hex.EncodeToString(sum[:8])
		}
	}
	return g, nil
}

// ready proves that an alert could be accepted now. The watchdog is a detail
// for people: its silence says that Prometheus or Alertmanager is in trouble.
func (rt *Router) ready(w http.ResponseWriter, r *http.Request) {
	if err := rt.store.Check(r.Context(), time.Now()); err != nil {
		rt.log.Error("not ready", "err", err)
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "error": "the store cannot be written; see the log"})
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Status   string    `json:"status"`
		Watchdog time.Time `json:"watchdog_last_seen,omitzero"`
	}{"ready", rt.watchdog.lastSeen().UTC()})
}

// acknowledge takes ?author=, or the same in a form.
func (rt *Router) acknowledge(w http.ResponseWriter, r *http.Request) {
	author := strings.TrimSpace(r.FormValue("author"))
	if author == "" || len(author) > maxAuthor {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": fmt.Sprintf("parameter author is missing or longer than %d bytes: say who takes care", maxAuthor)})
		return
	}
	rt.answer(w, rt.Acknowledge(r.Context(), r.PathValue("id"), author))
}

func (rt *Router) retry(w http.ResponseWriter, r *http.Request) {
	rt.answer(w, rt.Retry(r.Context(), r.PathValue("id")))
}

// maxAuthor bounds a name that is kept and shown, in bytes.
const maxAuthor = 100

// answer says how something that was asked for has ended.
func (rt *Router) answer(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, store.ErrNotFound):
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "there is none with this id, or nothing can be done with it any more"})
	case errors.Is(err, ErrOver):
		writeJSON(w, http.StatusConflict, map[string]string{"error": ErrOver.Error()})
	default:
		rt.log.Error("do what was asked for", "err", err)
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "the store cannot be written; try again"})
	}
}

// listJSON serves a list, newest first, with ?limit= from 1 to 10000.
func listJSON[T any](log *slog.Logger, list func(context.Context, int) ([]T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		limit := defaultLimit
		if s := r.FormValue("limit"); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil || n < 1 || n > maxLimit {
				writeJSON(w, http.StatusBadRequest, map[string]string{"error": fmt.Sprintf("parameter limit is %q, want a number from 1 to %d", s, maxLimit)})
				return
			}
			limit = n
		}
		rows, err := list(r.Context(), limit)
		if err != nil {
			log.Error("read list", "path", r.URL.Path, "err", err)
			writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "the store cannot be read; try again"})
			return
		}
		writeJSON(w, http.StatusOK, rows)
	}
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // the caller has left; nobody to tell
}
