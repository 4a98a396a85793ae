package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"

	"goldensignals/internal/cli"
	"goldensignals/internal/guard"
	"goldensignals/internal/load"
	"goldensignals/internal/server"
	"goldensignals/internal/tracing"
)

// users holds the flags of `demoload users`.
type users struct {
	*config
	rps float64
}

func usersCommand(app *kingpin.Application) command {
	c := app.Command("users", "Send users to the shop, whether or not it keeps up, and remember what they saw.")
	u := users{config: addFlags(c)}
	c.Flag("rps", "How many arrive per second.").Default("40").Float64Var(&u.rps)
	c.Flag("admin.listen-address", "Address where the rate is changed and what users saw is told. Without it nobody can.").StringVar(&u.adminListen)
	return command{c, u.config, u.run}
}

func (u *users) run(ctx context.Context, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reg, err := registry()
	if err != nil {
		return err
	}
	way := transport()
	defer way.CloseIdleConnections()
	faults, stop := u.mirror(ctx, log)
	defer stop()
	export, err := tracing.NewExport(ctx, tracing.ExportOptions{Services: []string{load.Service}, Namespace: "goldensignals", Log: log})
	if err != nil {
		return cli.WrongCall(fmt.Errorf("export traces: %w", err))
	}
	defer export.Close(log)
	o := load.Options{Target: u.target, Transport: way, Faults: faults, RPS: u.rps, Seed: u.seed, Registry: reg, Log: log}
	if export != nil {
		o.Spans = export
	}
	g, err := load.New(o)
	if err != nil {
		return cli.WrongCall(err)
	}
	servers, err := u.servers(ctx, g, reg, log)
	if err != nil {
		return err
	}
	ran := make(chan error, 1)
	go func() { ran <- g.Run(ctx) }()
	err = until(ctx, servers...)
	cancel()
	return errors.Join(err, <-ran)
}

// servers opens the listeners; after an error none is open.
func (u *users) servers(ctx context.Context, g *load.Generator, reg *prometheus.Registry, log *slog.Logger) ([]*server.Server, error) {
	web, err := u.serveMetrics(ctx, reg, log)
	if err != nil || u.adminListen == "" {
		return []*server.Server{web}, err
	}
	ln, err := cli.Listen(ctx, u.adminListen, "admin.listen-address")
	if err != nil {
		return nil, errors.Join(err, web.Close())
	}
	admin := server.Start(ln, guard.Admit(load.NewAPI(g, time.Now()), u.token, load.WriteError), 0, log)
	return []*server.Server{web, admin}, nil
}
