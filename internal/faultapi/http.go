package faultapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/fault"
)

// maxRequestBytes bounds the body of a request.
const maxRequestBytes = 64 << 10

// routes is the whole surface of the API.
func (a *API) routes() {
	a.mux.HandleFunc("GET "+FaultsPath, func(w http.ResponseWriter, _ *http.Request) { a.write(w, http.StatusOK, a.List()) })
	a.mux.HandleFunc("POST "+FaultsPath, a.postFault)
	a.mux.HandleFunc("DELETE "+FaultsPath, a.deleteFaults)
	a.mux.HandleFunc(FaultsPath, wrongMethod)
	a.mux.HandleFunc("GET "+FixesPath, a.getFixes)
	a.mux.HandleFunc("POST "+FixesPath, a.postFix)
	a.mux.HandleFunc("DELETE "+FixesPath, a.deleteFixes)
	a.mux.HandleFunc(FixesPath, wrongMethod)
	a.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		WriteError(w, http.StatusNotFound, fmt.Errorf("no such path; the API is %s and %s", FaultsPath, FixesPath))
	})
}

func (a *API) postFault(w http.ResponseWriter, r *http.Request) {
	data, ok := readBody(w, r, "one fault")
	if !ok {
		return
	}
	f, err := fault.Decode(data)
	if err != nil {
		WriteError(w, http.StatusBadRequest, err)
		return
	}
	active, err := a.Inject(f)
	if err != nil {
		WriteError(w, StatusOf(err), err)
		return
	}
	a.write(w, http.StatusCreated, active)
}

func (a *API) deleteFaults(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !checkParameters(w, q, "kind", "service") {
		return
	}
	cleared, err := a.Clear(q.Get("kind"), q.Get("service"))
	if err != nil {
		WriteError(w, StatusOf(err), err)
		return
	}
	a.write(w, http.StatusOK, map[string]any{"cleared": orEmpty(cleared)})
}

func (a *API) getFixes(w http.ResponseWriter, _ *http.Request) {
	a.write(w, http.StatusOK, a.Fixes(time.Now()))
}

func (a *API) postFix(w http.ResponseWriter, r *http.Request) {
	data, ok := readBody(w, r, "one repair")
	if !ok {
		return
	}
	order, err := decodeOrder(data)
	if err != nil {
		WriteError(w, http.StatusBadRequest, err)
		return
	}
	applied, err := a.Apply(order.Repair, order.Service)
	if err != nil {
		WriteError(w, StatusOf(err), err)
		return
	}
	a.write(w, http.StatusCreated, applied)
}

func decodeOrder(data []byte) (Order, error) {
	var o Order
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&o); err != nil {
		return o, fmt.Errorf("decode repair: %w; the fields are repair and service", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return o, errors.New("decode repair: more follows the JSON object; send one repair at a time")
	}
	return o, nil
}

func (a *API) deleteFixes(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !checkParameters(w, q, "service") {
		return
	}
	if err := a.Undo(q.Get("service")); err != nil {
		WriteError(w, StatusOf(err), err)
		return
	}
	a.getFixes(w, r)
}

// UnreachableError says that a service that runs elsewhere did not take an order, or
// did not say whether it has.
type UnreachableError struct {
	Service string
	Err     error
}

func (e *UnreachableError) Error() string {
	return "the service " + e.Service + " does not answer: " + e.Err.Error()
}

// Unwrap returns why.
func (e *UnreachableError) Unwrap() error { return e.Err }

// StatusOf is the HTTP status for an error of Inject, Clear, Apply and Undo.
func StatusOf(err error) int {
	if _, unreachable := errors.AsType[*UnreachableError](err); unreachable {
		return http.StatusBadGateway
	}
	if _, busy := errors.AsType[*fault.BusyError](err); busy {
		return http.StatusConflict
	}
	return http.StatusBadRequest
}

// readBody reads the body within bounds. Where it cannot, it answers and returns
// false.
func readBody(w http.ResponseWriter, r *http.Request, what string) ([]byte, bool) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		WriteError(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the body is larger than %d KiB; send %s", maxRequestBytes>>10, what))
		return nil, false
	}
	if err != nil {
		WriteError(w, http.StatusBadRequest, fmt.Errorf("read body: %w", err))
		return nil, false
	}
	return data, true
}

// checkParameters refuses parameters that are not known: a misspelt one would
// mean all of them.
func checkParameters(w http.ResponseWriter, q url.Values, known ...string) bool {
	for name := range q {
		if !slices.Contains(known, name) {
			WriteError(w, http.StatusBadRequest, fmt.Errorf("parameter %q is unknown; use %s", clip(name), strings.Join(known, " and ")))
			return false
		}
	}
	return true
}

func wrongMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "GET, HEAD, POST, DELETE")
	WriteError(w, http.StatusMethodNotAllowed, fmt.Errorf("method %s is not known here; use GET, POST or DELETE", clip(r.Method)))
}

// WriteError answers with an error as this API words it.
func WriteError(w http.ResponseWriter, status int, err error) {
	data, _ := json.Marshal(map[string]string{"error": err.Error()}) // text always can be
	writeJSON(w, status, data)
}

func (a *API) write(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		a.opts.Log.Error("encode answer", "err", err)
		WriteError(w, http.StatusInternalServerError, errors.New("the answer could not be encoded"))
		return
	}
	writeJSON(w, status, data)
}

func writeJSON(w http.ResponseWriter, status int, data []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the caller has gone when this fails
}

// clip keeps what a caller wrote short enough to be repeated.
func clip(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// orEmpty makes an empty list [] in JSON, not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
