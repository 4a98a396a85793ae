package live

import (
	"context"
	"fmt"
	"log/slog"

	"goldensignals/internal/load"
	"goldensignals/internal/shop"
	"goldensignals/internal/stack"
	"goldensignals/internal/tracing"
)

// traces keep the traces that the console shows, and export them if somebody wants
// them. The zero value keeps none.
type traces struct {
	recorder *tracing.Recorder // nil: none are kept
	export   *tracing.Export   // nil: nobody wants them
	log      *slog.Logger
}

func newTraces(ctx context.Context, log *slog.Logger) (traces, error) {
	t := traces{recorder: tracing.New(tracing.Options{Entry: "shop"}), log: log}
	var err error
	t.export, err = tracing.NewExport(ctx, tracing.ExportOptions{
		Services: append(shop.Names(), load.Service), Namespace: "goldensignals", Log: log,
	})
	if err != nil {
		return traces{}, fmt.Errorf("export traces: %w", err)
	}
	return t, nil
}

// spans is whoever hears of spans; nil: nobody.
func (t traces) spans() stack.Spans {
	switch {
	case t.recorder == nil:
		return nil
	case t.export == nil:
		return t.recorder
	default:
		return tracing.Tee{t.recorder, t.export}
	}
}

// close waits for what is being exported. Nobody may make spans any more.
func (t traces) close() {
	if t.export != nil {
		t.export.Close(t.log)
	}
}
