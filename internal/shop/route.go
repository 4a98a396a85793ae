package shop

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"goldensignals/internal/deadline"
	"goldensignals/internal/trace"
)

// outcome is how a request ended. The set is closed: it indexes arrays.
type outcome int

const (
	done       outcome = iota
	gone               // the client went away before there was an answer
	broken             // a fault in this service
	badGateway         // a dependency failed
	overloaded         // no worker and no room to wait
	outcomes
)

// statusGone is nginx's code for a client that went away. Nobody receives it;
// it keeps such requests apart in the metrics.
const statusGone = 499

// maxBody is how large the body of a request may be, in bytes.
const maxBody = 64 << 10

// route serves one route of a service, with all that can be worked out
// beforehand.
type route struct {
	service  *Service
	spec     routeSpec
	name     string // of its spans
	salt     uint64 // tells this route's random numbers and spans apart
	calls    []*call
	observed [outcomes]*observed
	answers  [outcomes]answer
}

// answer is what a client reads.
type answer struct {
	status  int
	body    []byte
	headers [2][]string // values of Content-Type and Content-Length
}

func newAnswer(status int, body string) answer {
	return answer{
		status:  status,
		body:    []byte(body),
		headers: [2][]string{{"application/json"}, {strconv.Itoa(len(body))}},
	}
}

func (s *Service) newRoute(rs routeSpec) *route {
	rt := &route{
		service: s,
		spec:    rs,
		name:    rs.method + " " + rs.path,
		salt:    hash(s.name + " " + rs.method + " " + rs.path),
		answers: [outcomes]answer{
			done:       newAnswer(rs.status, rs.body),
			gone:       newAnswer(statusGone, ""),
			broken:     newAnswer(http.StatusInternalServerError, `{"error":"internal error"}`),
			badGateway: newAnswer(http.StatusBadGateway, `{"error":"a dependency failed"}`),
			overloaded: newAnswer(http.StatusServiceUnavailable, `{"error":"overloaded, try again later"}`),
		},
	}
	for o, a := range rt.answers {
		rt.observed[o] = s.metrics.served(rs, a.status)
	}
	for _, cs := range rs.calls {
		rt.calls = append(rt.calls, s.newCall(cs))
	}
	return rt
}

// ServeHTTP does the route's work, answers, and observes how it went.
func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	if err := readBody(w, r); err != nil {
		rt.refuse(w, err, start)
		return
	}
	tr := rt.trace(r)
	o := rt.do(r.Context(), tr)

	a := &rt.answers[o]
	h := w.Header()
	h["Content-Type"], h["Content-Length"] = a.headers[0], a.headers[1]
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client is gone: nothing to tell it

	now := time.Now()
	rt.observed[o].observe(now, now.Sub(start), tr.ID())
	rt.record(tr, a.status, start, now.Sub(start))
	if log := rt.service.log; o != done && log.Enabled(r.Context(), slog.LevelDebug) {
		log.LogAttrs(r.Context(), slog.LevelDebug, "request not served",
			slog.String("path", r.URL.Path), slog.Int("status", a.status), slog.String("trace_id", tr.ID()))
	}
}

// readBody reads the body to its end, though nobody needs it: net/http notices
// that a client goes away only after that.
func readBody(w http.ResponseWriter, r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	_, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody))
	return err
}

// refuse answers a request whose body cannot be read.
func (rt *route) refuse(w http.ResponseWriter, err error, start time.Time) {
	status := http.StatusBadRequest
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		status = http.StatusRequestEntityTooLarge
	}
	http.Error(w, http.StatusText(status), status)
	rt.service.metrics.rare(rt.spec.path, rt.spec.method, status).Observe(time.Since(start).Seconds())
}

// do is the whole life of a request between its arrival and its answer. Its
// random numbers depend on the seed, the trace and the route only, so that
// requests do not disturb each other's fate.
func (rt *route) do(ctx context.Context, tr trace.Context) outcome {
	s := rt.service
	if o := s.workers.acquire(ctx); o != done {
		return o
	}
	defer s.workers.release()

	var source rand.PCG
	source.Seed(s.seed^tr.Key(), rt.salt)
	random := rand.New(&source)
	work := workTime(rt.spec.work, random)
	effect := s.faults.Effect(time.Now(), random.Uint64())
	if !deadline.Sleep(ctx, work+effect.Delay) {
		return gone
	}
	if effect.Fail {
		return broken
	}
	for i, c := range rt.calls {
		if o := c.do(ctx, tr, i); o != done {
			return o
		}
	}
	return done
}

// serveUnmatched answers what no route matches.
func (s *Service) serveUnmatched(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	http.Error(w, "404 not found", http.StatusNotFound)
	s.metrics.rare(other, knownMethod(r.Method), http.StatusNotFound).Observe(time.Since(start).Seconds())
}
