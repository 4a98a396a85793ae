package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	oteltrace "go.opentelemetry.io/otel/trace"

	"goldensignals/internal/trace"
)

// ExportOptions are what an Export is made from.
type ExportOptions struct {
	Services  []string     // whose spans there will be; those of others are dropped
	Namespace string       // what the services belong to
	Log       *slog.Logger // nil: discarded
}

// Export sends spans to a collector by OTLP. It makes OpenTelemetry spans of
// ours after the fact, with their own ids and times, through the SDK: batches,
// limits and retries are the SDK's, and so is the reading of most OTEL_*
// variables. Each service is a resource of its own. Record is safe for
// concurrent use and never waits for the network: spans that the queue has no
// room for are lost.
type Export struct {
	tracers map[string]oteltrace.Tracer // :: service -> its tracer
	batches sdktrace.SpanProcessor
}

// NewExport makes the Export that the process's environment asks for; without
// a collector in it, there is none, and no error. Close it with Shutdown.
func NewExport(ctx context.Context, o ExportOptions) (*Export, error) {
	out, err := newExporter(ctx)
	if err != nil || out == nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	e := &Export{
		tracers: make(map[string]oteltrace.Tracer, len(o.Services)),
		batches: sdktrace.NewBatchSpanProcessor(&reporter{SpanExporter: out, log: o.Log}),
	}
	if err := e.makeTracers(ctx, o); err != nil {
		return nil, errors.Join(err, e.Shutdown(ctx))
	}
	return e, nil
}

// makeTracers makes one for each service, all with one queue.
func (e *Export) makeTracers(ctx context.Context, o ExportOptions) error {
	sampler, err := newSampler()
	if err != nil {
		return err
	}
	for _, service := range o.Services {
		res, err := newResource(ctx, o.Namespace, service)
		if err != nil {
			return fmt.Errorf("describe %s as OTEL_RESOURCE_ATTRIBUTES says: %w", service, err)
		}
		e.tracers[service] = sdktrace.NewTracerProvider(
			sdktrace.WithResource(res), sdktrace.WithSampler(sampler),
			sdktrace.WithIDGenerator(given{}), sdktrace.WithSpanProcessor(e.batches),
		).Tracer("goldensignals")
	}
	return nil
}

// newResource describes a service. The environment may add to that and change
// the namespace; the name is not for it to say, as there are several services
// in one process.
func newResource(ctx context.Context, namespace, service string) (*resource.Resource, error) {
	return resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceNamespace(namespace)),
		resource.WithFromEnv(),
		resource.WithAttributes(semconv.ServiceName(service)),
	)
}

// Close is Shutdown within seconds; that the last spans are lost is logged. A nil
// Export has nothing to close.
func (e *Export) Close(log *slog.Logger) {
	if e == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := e.Shutdown(ctx); err != nil {
		log.Warn("the last traces are lost", "err", err) // no reason to say that a service has failed
	}
}

// closeTimeout bounds Close.
const closeTimeout = 2 * time.Second

// Shutdown sends what waits to be sent, for as long as ctx lasts.
func (e *Export) Shutdown(ctx context.Context) error {
	if err := e.batches.Shutdown(ctx); err != nil {
		return fmt.Errorf("send the last spans: %w", err)
	}
	return nil
}

// Record sends s.
func (e *Export) Record(s trace.Span) {
	tracer, ok := e.tracers[s.Service]
	if !ok {
		return
	}
	ctx := context.WithValue(context.Background(), idsKey{}, ids{oteltrace.TraceID(s.Trace), s.ID.Bytes()})
	if s.Parent != 0 {
		ctx = oteltrace.ContextWithRemoteSpanContext(ctx, oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
			TraceID: oteltrace.TraceID(s.Trace), SpanID: s.Parent.Bytes(), TraceFlags: oteltrace.FlagsSampled, Remote: true,
		}))
	}
	kind := oteltrace.SpanKindServer
	if s.Kind == trace.Client {
		kind = oteltrace.SpanKindClient
	}
	_, span := tracer.Start(ctx, s.Name,
		oteltrace.WithTimestamp(s.Start), oteltrace.WithSpanKind(kind), oteltrace.WithAttributes(attributes(s)...))
	if s.Failed {
		span.SetStatus(codes.Error, s.Error) // what a status means, its attribute says
	}
	span.End(oteltrace.WithTimestamp(s.End()))
}

// attributes are those of the semantic conventions for HTTP.
func attributes(s trace.Span) []attribute.KeyValue {
	method, route, _ := strings.Cut(s.Name, " ")
	list := append(make([]attribute.KeyValue, 0, 6), semconv.HTTPRequestMethodKey.String(method))
	if s.Kind == trace.Client {
		list = append(list, semconv.URLTemplate(route), semconv.ServerAddress(s.Peer), semconv.ServicePeerName(s.Peer))
	} else {
		list = append(list, semconv.HTTPRoute(route))
	}
	if s.Status != 0 {
		list = append(list, semconv.HTTPResponseStatusCode(s.Status))
	}
	switch {
	case s.Error != "":
		list = append(list, semconv.ErrorTypeKey.String(s.Error))
	case s.Failed:
		list = append(list, semconv.ErrorTypeKey.String(strconv.Itoa(s.Status)))
	}
	return list
}

// given is an IDGenerator that takes the ids from the context: our spans have
// theirs already.
type given struct{}

type idsKey struct{}

type ids struct {
	trace oteltrace.TraceID
	span  oteltrace.SpanID
}

// NewIDs implements sdktrace.IDGenerator.
func (given) NewIDs(ctx context.Context) (oteltrace.TraceID, oteltrace.SpanID) {
	v, _ := ctx.Value(idsKey{}).(ids) // Record puts it there
	return v.trace, v.span
}

// NewSpanID implements sdktrace.IDGenerator.
func (g given) NewSpanID(ctx context.Context, _ oteltrace.TraceID) oteltrace.SpanID {
	_, span := g.NewIDs(ctx)
	return span
}
