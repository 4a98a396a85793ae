package stack

import (
	"context"
	"fmt"

	"goldensignals/internal/load"
	"goldensignals/internal/shop"
	"goldensignals/internal/trace"
	"goldensignals/internal/tracing"
)

// spans is whoever hears of spans; nil: nobody.
type spans interface{ Record(trace.Span) }

// buildTraces makes what keeps and exports traces, if the stack has any.
func (s *Stack) buildTraces(ctx context.Context) error {
	if !s.opts.Traces {
		return nil
	}
	s.parts.traces = tracing.New(tracing.Options{Entry: "shop"})
	s.parts.spans = s.parts.traces
	export, err := tracing.NewExport(ctx, tracing.ExportOptions{
		Services: append(shop.Names(), load.Service), Namespace: "goldensignals", Log: s.opts.Log,
	})
	if err != nil {
		return fmt.Errorf("export traces: %w", err)
	}
	if export == nil {
		return nil
	}
	s.parts.spans = tracing.Tee{s.parts.traces, export}
	s.onStop("export of traces", func() error {
		export.Close(s.opts.Log)
		return nil
	})
	return nil
}
