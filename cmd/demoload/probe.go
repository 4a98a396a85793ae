package main

import (
	"context"
	"log/slog"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/load"
)

func probeCommand(app *kingpin.Application) command {
	c := app.Command("probe", "Walk the shop as a user would, whenever /metrics is scraped.")
	p := probe{addFlags(c)}
	return command{c, p.config, p.run}
}

// probe holds the flags of `demoload probe`.
type probe struct{ *config }

func (p probe) run(ctx context.Context, log *slog.Logger) error {
	way := transport()
	defer way.CloseIdleConnections()
	faults, stop := p.mirror(ctx, log)
	defer stop()
	prober, err := load.NewProber(load.ProberOptions{Target: p.target, Transport: way, Faults: faults, Seed: p.seed})
	if err != nil {
		return cli.WrongCall(err)
	}
	reg, err := registry(prober)
	if err != nil {
		return err
	}
	web, err := p.serveMetrics(ctx, reg, log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return until(ctx, web)
}
