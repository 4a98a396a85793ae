package tracing

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// newExporter makes what the environment asks for, or nil where it asks for
// nothing. The addresses, headers, certificates and timeouts in it are read by
// the exporters themselves.
func newExporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return nil, nil
	}
	switch name := os.Getenv("OTEL_TRACES_EXPORTER"); name {
	case "none":
		return nil, nil
	case "otlp":
	case "":
		if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
			return nil, nil
		}
	default:
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER=%s is not supported; use otlp or none", name)
	}
	protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"), "http/protobuf")
	switch protocol {
	case "grpc":
		out, err := otlptracegrpc.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("prepare OTLP over gRPC: %w", err)
		}
		return out, nil
	case "http/protobuf", "http/json":
		out, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("prepare OTLP over HTTP: %w", err)
		}
		return out, nil
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=%s is not supported; use grpc, http/protobuf or http/json", protocol)
	}
}

// newSampler reads OTEL_TRACES_SAMPLER. Spans are exported when they end, the
// inner ones first, so none can ask what was decided for its parent. But every
// decision follows from the trace's id alone: each span decides as its root
// does, and "parentbased" means the same as its root's sampler.
func newSampler() (sdktrace.Sampler, error) {
	name := os.Getenv("OTEL_TRACES_SAMPLER")
	switch strings.TrimPrefix(name, "parentbased_") {
	case "", "always_on":
		return sdktrace.AlwaysSample(), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	case "traceidratio":
		text := cmp.Or(os.Getenv("OTEL_TRACES_SAMPLER_ARG"), "1")
		ratio, err := strconv.ParseFloat(text, 64)
		if err != nil || !(ratio >= 0 && ratio <= 1) { // written so that NaN is refused
			return nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG=%s: give a ratio from 0 to 1", text)
		}
		return sdktrace.TraceIDRatioBased(ratio), nil
	default:
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER=%s is not supported; use always_on, always_off or traceidratio, with or without parentbased_", name)
	}
}

// reporter logs when the collector stops taking spans and when it takes them
// again. The SDK would tell a handler that the whole process shares.
type reporter struct {
	sdktrace.SpanExporter
	log     *slog.Logger
	failing atomic.Bool
}

// ExportSpans implements sdktrace.SpanExporter. The error ends here.
func (r *reporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := r.SpanExporter.ExportSpans(ctx, spans)
	switch failing := err != nil; {
	case failing && !r.failing.Swap(true):
		r.log.WarnContext(ctx, "the collector does not take spans; they are lost until it does", "err", err)
	case !failing && r.failing.Swap(false):
		r.log.InfoContext(ctx, "the collector takes spans again")
	}
	return nil
}
