package main

import (
	"context"
	"net"

	"goldensignals/internal/cli"
	"goldensignals/internal/faultapi"
	"goldensignals/internal/guard"
	"goldensignals/internal/server"
)

// serveAdmin opens the listener where faults are injected, if there is to be
// one. It is apart from the service's own, so that whoever reaches the service
// cannot break it.
func (a *app) serveAdmin(ctx context.Context) (stop func() error, err error) {
	if a.c.adminListen == "" {
		return func() error { return nil }, nil
	}
	ln, err := cli.Listen(ctx, a.c.adminListen, "admin.listen-address")
	if err != nil {
		return nil, err
	}
	api := faultapi.New(faultapi.Options{Faults: a.faults, Log: a.log, OnChange: a.faults.keep})
	s := server.Start(ln, guard.Admit(api, a.c.token, faultapi.WriteError), 0, a.log)
	a.admin.Store(ln.Addr().(*net.TCPAddr))
	a.log.Info("serving faults", "address", ln.Addr().String())
	return s.Shutdown, nil // who broke the process is told so before it is gone
}
