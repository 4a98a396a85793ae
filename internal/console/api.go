package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"goldensignals/internal/fault"
)

// The JSON API below /api/v1/faults, which the command line speaks. Every
// error is {"error": "…"}.

// apiList answers GET with the kinds and the active faults.
func (c *Console) apiList(w http.ResponseWriter, _ *http.Request) {
	c.writeJSON(w, http.StatusOK, map[string]any{
		"kinds":    orEmpty(c.opts.Faults.Kinds()),
		"services": orEmpty(c.opts.Faults.Services()),
		"active":   orEmpty(c.opts.Faults.Active()),
	})
}

// apiInject answers POST of a fault with the active fault.
func (c *Console) apiInject(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		c.apiError(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the body is larger than %d KiB; send one fault", maxRequestBytes>>10))
		return
	}
	if err != nil {
		c.apiError(w, http.StatusBadRequest, fmt.Errorf("read body: %w", err))
		return
	}
	f, err := fault.Decode(data)
	if err != nil {
		c.apiError(w, http.StatusBadRequest, err)
		return
	}
	active, err := c.inject(f)
	if err != nil {
		c.apiError(w, http.StatusBadRequest, err)
		return
	}
	c.writeJSON(w, http.StatusCreated, active)
}

// apiClear answers DELETE with the faults that it ended.
func (c *Console) apiClear(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for name := range q {
		if name != "kind" && name != "service" {
			c.apiError(w, http.StatusBadRequest, fmt.Errorf("parameter %q is unknown; the parameters are kind and service", clip(name)))
			return
		}
	}
	cleared, err := c.clear(q.Get("kind"), q.Get("service"))
	if err != nil {
		c.apiError(w, http.StatusBadRequest, err)
		return
	}
	c.writeJSON(w, http.StatusOK, map[string]any{"cleared": orEmpty(cleared)})
}

func (c *Console) apiMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "GET, HEAD, POST, DELETE")
	c.apiError(w, http.StatusMethodNotAllowed, fmt.Errorf("method %s is not known here; use GET, POST or DELETE", clip(r.Method)))
}

func (c *Console) apiUnknown(w http.ResponseWriter, _ *http.Request) {
	c.apiError(w, http.StatusNotFound, errors.New("no such path; the API is /api/v1/faults"))
}

// foreignOrigin answers a change that a page of another origin asked for.
func (c *Console) foreignOrigin(w http.ResponseWriter, _ *http.Request) {
	c.apiError(w, http.StatusForbidden, errors.New("a page of another origin may not change anything here; use the console's own page"))
}

// inject starts a fault, and says so in the log and to those who watch.
func (c *Console) inject(f fault.Fault) (fault.Active, error) {
	active, err := c.opts.Faults.Inject(f)
	if err != nil {
		return active, err
	}
	c.opts.Log.Info("fault injected", "kind", active.Kind, "service", active.Service, "until", active.Until)
	c.hub.poke()
	return active, nil
}

// clear ends faults, and says so in the log and to those who watch.
func (c *Console) clear(kind, service string) ([]fault.Active, error) {
	if err := checkClear(c.opts.Faults, kind, service); err != nil {
		return nil, err
	}
	cleared := c.opts.Faults.Clear(kind, service)
	for _, a := range cleared {
		c.opts.Log.Info("fault cleared", "kind", a.Kind, "service", a.Service)
	}
	c.hub.poke()
	return cleared, nil
}

func (c *Console) apiError(w http.ResponseWriter, status int, err error) {
	c.writeJSON(w, status, map[string]string{"error": err.Error()})
}

func (c *Console) writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		c.opts.Log.Error("encode answer", "err", err)
		http.Error(w, `{"error":"the answer could not be encoded"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the caller has gone when this fails
}

// orEmpty makes an empty list [] in JSON, not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
