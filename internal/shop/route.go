package shop

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"goldensignals/internal/fault"
)

// outcome is how a request ended. The set is closed: it indexes arrays.
type outcome int

const (
	done       outcome = iota
	gone               // the client went away before there was an answer
	broken             // a fault in this service
	badGateway         // a dependency failed
	overloaded         // no worker and no room to wait
	shed               // a robot, while only users are served
	outcomes
)

// statusGone is nginx's code for a client that went away. Nobody receives it;
// it keeps such requests apart in the metrics.
const statusGone = 499

// poolTimeout is how long a request waits for a database connection.
const poolTimeout = time.Second

// maxBody is how large the body of a request may be, in bytes.
const maxBody = 64 << 10

// route serves one route of a service, with all that can be worked out
// beforehand.
type route struct {
	service  *Service
	process  *process
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

func (p *process) newRoute(rs routeSpec) *route {
	s := p.service
	rt := &route{
		service: s,
		process: p,
		spec:    rs,
		name:    rs.method + " " + rs.path,
		salt:    hash(s.name + " " + rs.method + " " + rs.path),
		answers: [outcomes]answer{
			done:       newAnswer(rs.status, rs.body),
			gone:       newAnswer(statusGone, ""),
			broken:     newAnswer(http.StatusInternalServerError, `{"error":"internal error"}`),
			badGateway: newAnswer(http.StatusBadGateway, `{"error":"a dependency failed"}`),
			overloaded: newAnswer(http.StatusServiceUnavailable, `{"error":"overloaded, try again later"}`),
			shed:       newAnswer(http.StatusTooManyRequests, `{"error":"robots are not served now"}`),
		},
	}
	for o, a := range rt.answers {
		rt.observed[o] = p.metrics.served(rs, a.status)
	}
	for _, cs := range rs.calls {
		rt.calls = append(rt.calls, p.newCall(cs))
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
	served := visit{route: rt, robot: isRobot(r)}
	o := served.do(r.Context(), tr)
	if rt.process.dead.Load() {
		panic(http.ErrAbortHandler) // the process was killed while it worked on this
	}

	a := &rt.answers[o]
	h := w.Header()
	h["Content-Type"], h["Content-Length"] = a.headers[0], a.headers[1]
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client is gone: nothing to tell it

	now := time.Now()
	rt.observed[o].observe(now, now.Sub(start), tr.ID())
	rt.process.metrics.releaseServed(served.canary, a.status >= http.StatusInternalServerError)
	rt.record(tr, a.status, start, now.Sub(start))
	if log := rt.service.log; o != done && log.Enabled(r.Context(), slog.LevelDebug) {
		log.LogAttrs(r.Context(), slog.LevelDebug, "request not served",
			slog.String("path", r.URL.Path), slog.Int("status", a.status), slog.String("trace_id", tr.ID()))
	}
}

func isRobot(r *http.Request) bool {
	agent := r.Header["User-Agent"]
	return len(agent) == 1 && agent[0] == fault.RobotAgent
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
	rt.process.metrics.rare(rt.spec.path, rt.spec.method, status).Observe(time.Since(start).Seconds())
}

// serveUnmatched answers what no route matches.
func (p *process) serveUnmatched(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	http.Error(w, "404 not found", http.StatusNotFound)
	p.metrics.rare(other, knownMethod(r.Method), http.StatusNotFound).Observe(time.Since(start).Seconds())
}
