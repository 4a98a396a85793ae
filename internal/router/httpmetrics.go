package router

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What stands in labels for whatever is outside their closed set, and the status
// of a request whose client went away before there was an answer.
const (
	otherLabel = "other"
	statusGone = 499
)

// instrument observes the requests that next serves: the golden signals of the
// router itself, by the same names as those of the shop. Routes are the patterns
// of the ServeMux that has served a request, which must be given the request
// itself. Streams of events are left out: they last as long as somebody looks.
// Handlers that share a registry share the histogram.
func instrument(reg prometheus.Registerer, next http.Handler) (http.Handler, error) {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:                            "http_server_request_duration_seconds",
		Help:                            "Time from the arrival of a request to its answer, in seconds. Status 499: the client went away first.",
		Buckets:                         []float64{.005, .01, .025, .05, .075, .1, .25, .3, .5, .75, 1, 2.5, 5, 7.5, 10},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}, []string{"http_route", "http_request_method", "http_response_status_code"})
	if err := reg.Register(h); err != nil {
		are, ok := errors.AsType[prometheus.AlreadyRegisteredError](err)
		if !ok {
			return nil, fmt.Errorf("register metrics of the HTTP server: %w", err)
		}
		if h, ok = are.ExistingCollector.(*prometheus.HistogramVec); !ok {
			return nil, fmt.Errorf("register metrics of the HTTP server: %w", err)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		answer := &answered{ResponseWriter: w}
		returned := false
		defer func() { // a handler that panics has failed as well
			if !answer.stream {
				h.WithLabelValues(routeOf(r.Pattern), methodOf(r.Method), strconv.Itoa(answer.status(r, returned))).Observe(time.Since(begin).Seconds())
			}
		}()
		next.ServeHTTP(answer, r)
		returned = true
	}), nil
}

// answered notes how a request is answered.
type answered struct {
	http.ResponseWriter
	code   int // 0: not yet
	stream bool
}

// WriteHeader implements http.ResponseWriter.
func (a *answered) WriteHeader(code int) {
	a.note(code)
	a.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (a *answered) Write(p []byte) (int, error) {
	a.note(http.StatusOK)
	return a.ResponseWriter.Write(p)
}

// Unwrap gives http.ResponseController the writer within, to flush and to set
// deadlines.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answered) note(code int) {
	if a.code != 0 || code < http.StatusOK { // 1xx is not the answer
		return
	}
	a.code = code
	a.stream = strings.HasPrefix(a.Header().Get("Content-Type"), "text/event-stream")
}

// status is what the client saw, once the handler has returned or panicked.
func (a *answered) status(r *http.Request, returned bool) int {
	switch {
	case a.code != 0:
		return a.code
	case r.Context().Err() != nil:
		return statusGone
	case !returned:
		return http.StatusInternalServerError
	}
	return http.StatusOK
}

// routeOf makes a label of a ServeMux pattern: its path. What no pattern names is
// other.
func routeOf(pattern string) string {
	_, path, ok := strings.Cut(pattern, " ")
	if !ok {
		path = pattern
	}
	switch path {
	case "", "/": // all that has no page
		return otherLabel
	}
	return strings.TrimSuffix(path, "{$}")
}

// methodOf keeps made-up methods out of the labels.
func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return otherLabel
}
