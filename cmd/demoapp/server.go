package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"goldensignals/internal/cli"
)

// server answers at one listener.
type server struct {
	http  *http.Server
	log   *slog.Logger
	ended chan error // one error, unless the server was told to end
	done  chan struct{}
}

// listen opens an address that a flag gives.
func listen(ctx context.Context, addr, flag string) (net.Listener, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, cli.WrongCall(fmt.Errorf("%s: %w", flag, err))
	}
	return ln, nil
}

// serve answers at ln until close or shutdown.
func serve(ln net.Listener, h http.Handler, log *slog.Logger) *server {
	s := &server{
		http: &http.Server{
			Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
			WriteTimeout: 90 * time.Second, // longer than a fault delays an answer
			IdleTimeout:  2 * time.Minute,
			ErrorLog:     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
		log: log, ended: make(chan error, 1), done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.ended <- err
		}
	}()
	return s
}

// close ends the server and cuts off what is under way.
func (s *server) close() error {
	err := s.http.Close()
	<-s.done
	return err
}

// shutdown ends the server; requests under way have some seconds to come to
// their end.
func (s *server) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests under way were cut off", "after", drainLimit)
		return s.close()
	}
	<-s.done
	return err
}
