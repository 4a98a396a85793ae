package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"goldensignals/internal/drill"
)

// DrillsPath is where the HTTP API of live drills is:
//
//   - POST starts the drill whose file is the body and lasts as long as the
//     drill; its answer is a stream of lines, each a DrillLine in JSON. The
//     parameter name is what errors call the file, by says who starts it. When
//     the request ends early, so does the drill.
//   - GET answers with a DrillStatus.
//   - DELETE stops the drill, if one is running, and answers with a DrillStatus
//     once nothing of it is left.
//
// Every error is {"error": "…"}: 400 for a bad drill, 409 while another runs.
const DrillsPath = "/api/v1/drills"

// The limits of the API.
const (
	maxDrillBytes    = 256 << 10
	maxParamRunes    = 120
	lineInterval     = 5 * time.Second // between two lines, so that nobody takes a drill for dead
	lineDeadline     = 10 * time.Second
	stateStarted     = "started"
	defaultDrillFile = "drill.yaml"
)

// DrillLine is one line of the stream of a live drill: first Started, then
// ElapsedSeconds again and again, last either Result or Error.
type DrillLine struct {
	State          string        `json:"state,omitempty"` // "started"
	Started        *RunningDrill `json:"drill,omitempty"`
	ElapsedSeconds *float64      `json:"elapsed_seconds,omitempty"` // since minute zero
	Result         *drill.Result `json:"result,omitempty"`
	Saved          []string      `json:"saved,omitempty"`      // the files of the result, where the stack keeps any
	SaveError      string        `json:"save_error,omitempty"` // why they are missing
	Error          string        `json:"error,omitempty"`      // why there is no result
}

// DrillStatus is what anybody may know of live drills.
type DrillStatus struct {
	Running *RunningDrill `json:"running"` // null: none
	Last    *EndedDrill   `json:"last"`    // null: none has ended since the stack began
}

// RunningDrill is what players may know of the drill that they are in. It holds
// neither the faults nor the drill's name and title, which tend to give them away.
type RunningDrill struct {
	Brief           string    `json:"brief"`
	By              string    `json:"by,omitempty"` // who started it, if they said so
	StartedAt       time.Time `json:"started_at"`   // minute zero
	ElapsedSeconds  float64   `json:"elapsed_seconds"`
	DurationSeconds float64   `json:"duration_seconds"`
}

// The outcomes of a live drill.
const (
	OutcomePassed    = "passed"
	OutcomeFellShort = "fell short"
	OutcomeStopped   = "stopped" // before its end: there is no score
	OutcomeFailed    = "failed"  // it could not be played or scored
)

// EndedDrill sums up a drill that is over.
type EndedDrill struct {
	Name      string    `json:"name"`
	Title     string    `json:"title"`
	By        string    `json:"by,omitempty"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
	Outcome   string    `json:"outcome"`
	Reason    string    `json:"reason,omitempty"` // of OutcomeStopped and OutcomeFailed
	Problems  []string  `json:"problems,omitempty"`
	Notes     []string  `json:"notes,omitempty"`
	Saved     []string  `json:"saved,omitempty"` // the files of its result
}

// Handler serves DrillsPath.
func (d *Drills) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+DrillsPath, func(w http.ResponseWriter, _ *http.Request) {
		writeDrillJSON(w, http.StatusOK, d.status(time.Now()))
	})
	mux.HandleFunc("DELETE "+DrillsPath, func(w http.ResponseWriter, _ *http.Request) {
		d.Stop()
		writeDrillJSON(w, http.StatusOK, d.status(time.Now()))
	})
	mux.HandleFunc("POST "+DrillsPath, d.serveStart)
	mux.HandleFunc(DrillsPath, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", "GET, HEAD, POST, DELETE")
		refuseDrill(w, http.StatusMethodNotAllowed, fmt.Errorf("method %s is not known here; use GET, POST or DELETE", clip(r.Method)))
	})
	return mux
}

// serveStart starts a drill and streams until its end.
func (d *Drills) serveStart(w http.ResponseWriter, r *http.Request) {
	scenario, status, err := readScenario(w, r)
	if err != nil {
		refuseDrill(w, status, err)
		return
	}
	if err := d.check(scenario); err != nil {
		refuseDrill(w, http.StatusBadRequest, err)
		return
	}
	l, err := d.begin(scenario, clip(r.URL.Query().Get("by")))
	if _, busy := errors.AsType[busyError](err); busy {
		refuseDrill(w, http.StatusConflict, err)
		return
	}
	if err != nil {
		refuseDrill(w, http.StatusServiceUnavailable, err)
		return
	}
	release := context.AfterFunc(r.Context(), func() { l.cancel(errGone) })
	defer release()
	defer func() { l.cancel(errGone); <-l.done }()
	streamDrill(w, l)
}

// readScenario reads the drill file in the body; on error with the status to answer.
func readScenario(w http.ResponseWriter, r *http.Request) (*drill.Scenario, int, error) {
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDrillBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the body is larger than %d KiB; send one drill file", maxDrillBytes>>10)
	}
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("read body: %w", err)
	}
	name := clip(r.URL.Query().Get("name"))
	if name == "" {
		name = defaultDrillFile
	}
	scenario, err := drill.Parse(name, content)
	return scenario, http.StatusBadRequest, err
}

// streamDrill writes lines until the drill has ended or nobody reads them.
func streamDrill(w http.ResponseWriter, l *liveDrill) {
	rc := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy shall not collect lines

	running := l.running(time.Now())
	if writeLine(w, rc, DrillLine{State: stateStarted, Started: &running}) != nil {
		return
	}
	tick := time.NewTicker(lineInterval)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			_ = writeLine(w, rc, l.line()) // the caller has gone when this fails
			return
		case now := <-tick.C:
			elapsed := l.elapsed(now).Truncate(time.Second).Seconds()
			if writeLine(w, rc, DrillLine{ElapsedSeconds: &elapsed}) != nil {
				return
			}
		}
	}
}

func writeLine(w http.ResponseWriter, rc *http.ResponseController, line DrillLine) error {
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("encode line: %w", err)
	}
	if err := rc.SetWriteDeadline(time.Now().Add(lineDeadline)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := w.Write(append(data, '\n')); err != nil {
		return err
	}
	if err := rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

func refuseDrill(w http.ResponseWriter, status int, err error) {
	writeDrillJSON(w, status, map[string]string{"error": err.Error()})
}

func writeDrillJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, `{"error":"the answer could not be encoded"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the caller has gone when this fails
}

// clip keeps what a caller said of itself short and in one line.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > maxParamRunes {
		return string(runes[:maxParamRunes]) + "…"
	}
	return s
}
