package tracing

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"google.golang.org/protobuf/proto"

	"goldensignals/internal/trace"
)

// ReceivePath is where OTLP over HTTP sends spans, below the endpoint that
// OTEL_EXPORTER_OTLP_ENDPOINT names.
const ReceivePath = "/v1/traces"

// maxBatchBytes bounds one batch of spans.
const maxBatchBytes = 8 << 20

// Receiver takes the spans that an Export sends from another process (OTLP over HTTP,
// protobuf, as the OpenTelemetry protocol specification 1 has it) and records them, so
// that a stack in containers has traces without a collector. It knows the spans that
// Export makes; of others it keeps what has a place in ours.
func Receiver(record func(trace.Span)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		batch, status, err := readBatch(w, r)
		if err != nil {
			http.Error(w, err.Error(), status)
			return
		}
		for _, of := range batch.GetResourceSpans() {
			service := text(of.GetResource().GetAttributes(), string(semconv.ServiceNameKey))
			for _, scope := range of.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					if span, ok := spanOf(service, s); ok {
						record(span)
					}
				}
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf") // an empty answer: all were taken
	})
}

func readBatch(w http.ResponseWriter, r *http.Request) (*coltrace.ExportTraceServiceRequest, int, error) {
	if kind := r.Header.Get("Content-Type"); kind != "application/x-protobuf" {
		return nil, http.StatusUnsupportedMediaType, fmt.Errorf("content type %.60q is not taken; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", kind)
	}
	var body io.Reader = http.MaxBytesReader(w, r.Body, maxBatchBytes)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, http.StatusBadRequest, fmt.Errorf("unzip batch: %w", err)
		}
		body = unzipped
	}
	data, err := io.ReadAll(io.LimitReader(body, maxBatchBytes+1))
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("read batch: %w", err)
	}
	if len(data) > maxBatchBytes {
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the batch is larger than %d MiB; make OTEL_BSP_MAX_EXPORT_BATCH_SIZE smaller", maxBatchBytes>>20)
	}
	batch := new(coltrace.ExportTraceServiceRequest)
	if err := proto.Unmarshal(data, batch); err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("decode batch: %w", err)
	}
	return batch, http.StatusOK, nil
}

// spanOf is the inverse of Export.Record. It is not ok if the span has no id.
func spanOf(service string, s *tracepb.Span) (span trace.Span, ok bool) {
	if len(s.GetTraceId()) != len(span.Trace) || len(s.GetSpanId()) != 8 {
		return span, false
	}
	start := time.Unix(0, int64(s.GetStartTimeUnixNano())).UTC()
	span = trace.Span{
		Trace: trace.ID(s.GetTraceId()), ID: trace.SpanID(binary.BigEndian.Uint64(s.GetSpanId())),
		Kind: trace.Server, Service: service, Name: s.GetName(), Start: start,
		Took:   time.Unix(0, int64(s.GetEndTimeUnixNano())).Sub(start),
		Status: int(number(s.GetAttributes(), string(semconv.HTTPResponseStatusCodeKey))),
		Failed: s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR,
		Error:  s.GetStatus().GetMessage(),
	}
	if len(s.GetParentSpanId()) == 8 {
		span.Parent = trace.SpanID(binary.BigEndian.Uint64(s.GetParentSpanId()))
	}
	if s.GetKind() == tracepb.Span_SPAN_KIND_CLIENT {
		span.Kind, span.Peer = trace.Client, text(s.GetAttributes(), string(semconv.ServerAddressKey))
	}
	return span, true
}

func text(list []*commonpb.KeyValue, key string) string { return find(list, key).GetStringValue() }

func number(list []*commonpb.KeyValue, key string) int64 { return find(list, key).GetIntValue() }

func find(list []*commonpb.KeyValue, key string) *commonpb.AnyValue {
	for _, kv := range list {
		if kv.GetKey() == key {
			return kv.GetValue()
		}
	}
	return nil
}
