package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// DrainLimit is how long requests under way may take to come to their end when a
// server is told to stop.
const DrainLimit = 10 * time.Second

// Server answers at one listener. Make one with Start.
type Server struct {
	http  *http.Server
	log   *slog.Logger
	ended chan error // one error, unless the server was told to end
	done  chan struct{}
}

// Start answers at ln with h until Close or Shutdown. An answer may take as long as
// patience allows; zero means 90 s, longer than any fault delays one, and what is
// negative means that streams set deadlines of their own.
func Start(ln net.Listener, h http.Handler, patience time.Duration, log *slog.Logger) *Server {
	if patience == 0 {
		patience = 90 * time.Second
	}
	s := &Server{
		http: &http.Server{
			Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
			WriteTimeout: max(patience, 0), IdleTimeout: 2 * time.Minute,
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
		log: log, ended: make(chan error, 1), done: make(chan struct{}),
	}
	CloseUnused(s.http)
	go func() {
		defer close(s.done)
		if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.ended <- err
		}
	}()
	return s
}

// Ended yields the error of a server that ended without being told to.
func (s *Server) Ended() <-chan error { return s.ended }

// Close ends the server and cuts off what is under way.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}

// Shutdown ends the server; requests under way have DrainLimit to come to their
// end.
func (s *Server) Shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), DrainLimit)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests under way were cut off", "after", DrainLimit)
		return s.Close()
	}
	<-s.done
	return err
}
