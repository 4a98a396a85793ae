package tracing_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"goldensignals/internal/trace"
	"goldensignals/internal/tracing"
)

// What one process exports, another receives as it was.
func TestReceiverTakesWhatExportSends(t *testing.T) {
	for _, compression := range []string{"", "gzip"} {
		var got []trace.Span // the exporter sends one batch, and Shutdown waits for it
		mux := http.NewServeMux()
		mux.Handle("POST "+tracing.ReceivePath, tracing.Receiver(func(s trace.Span) { got = append(got, s) }))
		server := httptest.NewServer(mux)
		environment(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL})
		t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
		var log bytes.Buffer
		e, err := newExport(t, &log)
		if err != nil {
			t.Fatal(err)
		}
		sent := exported()
		for _, s := range sent {
			e.Record(s)
		}
		if err := e.Shutdown(t.Context()); err != nil || log.Len() > 0 {
			t.Errorf("Shutdown = %v, log %s", err, log.String())
		}
		server.Close()
		byID := func(a, b trace.Span) int { return cmp.Compare(a.ID, b.ID) }
		want := slices.DeleteFunc(sent, func(s trace.Span) bool { return s.Service == "bank" }) // whose spans are not exported
		slices.SortFunc(want, byID)
		slices.SortFunc(got, byID)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("compression %q (-sent +received):\n%s", compression, diff)
		}
	}
}

func TestReceiverRefuses(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := io.Copy(z, io.LimitReader(zeros{}, 9<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, kind, encoding, body string
		status                     int
	}{
		{"JSON", "application/json", "", "{}", http.StatusUnsupportedMediaType},
		{"not protobuf", "application/x-protobuf", "", "\xff\xff", http.StatusBadRequest},
		{"not gzip", "application/x-protobuf", "gzip", "plain", http.StatusBadRequest},
		{"a bomb", "application/x-protobuf", "gzip", zipped.String(), http.StatusRequestEntityTooLarge},
		{"nothing", "application/x-protobuf", "", "", http.StatusOK},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, tracing.ReceivePath, strings.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.kind)
		r.Header.Set("Content-Encoding", tt.encoding)
		w := httptest.NewRecorder()
		tracing.Receiver(func(s trace.Span) { t.Errorf("%s: a span: %v", tt.name, s) }).ServeHTTP(w, r)
		if w.Code != tt.status {
			t.Errorf("%s: status %d, want %d: %s", tt.name, w.Code, tt.status, w.Body)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
