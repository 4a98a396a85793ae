package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/exporter-toolkit/web"

	"goldensignals/internal/server"
)

// stopLimit is how long requests, and messages that are being sent, may take to
// come to their end when the router is told to stop.
const stopLimit = 10 * time.Second

// httpServer answers at one listener.
type httpServer struct {
	http *http.Server
	ln   net.Listener
	log  *slog.Logger
	done chan struct{} // closed once it has ended
	err  error         // why, unless it was told to; set before done is closed
}

// serve answers at ln until stop, with TLS and passwords if webFile names them.
func serve(ln net.Listener, h http.Handler, webFile string, log *slog.Logger) *httpServer {
	s := &httpServer{
		http: &http.Server{
			Handler:           h,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       30 * time.Second,
			WriteTimeout:      time.Minute, // streams of events set a deadline for each write
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
		ln: ln, log: log, done: make(chan struct{}),
	}
	server.CloseUnused(s.http)
	go func() {
		defer close(s.done)
		if err := web.Serve(ln, s.http, &web.FlagConfig{WebConfigFile: &webFile}, log); !errors.Is(err, http.ErrServerClosed) {
			s.err = errors.Join(fmt.Errorf("serve %s: %w", ln.Addr(), err), ln.Close())
		}
	}()
	return s
}

// stop accepts nothing any more, and lets requests under way come to their end
// until ctx is done.
func (s *httpServer) stop(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests under way were cut off", "after", stopLimit)
		err = s.http.Close()
	}
	if closeErr := s.ln.Close(); !errors.Is(closeErr, net.ErrClosed) { // it had not yet begun to serve
		err = errors.Join(err, closeErr)
	}
	<-s.done
	return errors.Join(err, s.err)
}
