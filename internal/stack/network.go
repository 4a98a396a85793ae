package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"goldensignals/internal/server"
)

// Network joins the parts by the names that they have in compose.yaml
// ("shop:8080"). It is where the ways to run differ: loopback sockets in real
// time, pipes in virtual time.
type Network interface {
	// Serve answers requests to addr with h until stop is called.
	Serve(addr string, h http.Handler) (stop func(context.Context) error, err error)
	// DialContext connects to an address of this network.
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	// Transport makes requests to addresses of this network.
	Transport() http.RoundTripper
}

// Loopback is a Network of sockets on 127.0.0.1: each name gets a port of its
// own. Names that nobody serves are dialled as they are, so that a receiver
// in a user's own Alertmanager configuration is reached. The zero value is
// ready; it is safe for concurrent use.
type Loopback struct {
	mu    sync.RWMutex
	ports map[string]string // :: "shop:8080" -> "127.0.0.1:40123"
}

// Serve implements Network.
func (l *Loopback) Serve(addr string, h http.Handler) (func(context.Context) error, error) {
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w", addr, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ports == nil {
		l.ports = map[string]string{}
	}
	l.ports[addr] = ln.Addr().String()
	return serve(ln, h), nil
}

// serve runs an HTTP server on ln. The stop it returns waits for requests
// under way until its context ends, then cuts them off.
func serve(ln net.Listener, h http.Handler) (stop func(context.Context) error) {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	server.CloseUnused(srv)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	return func(ctx context.Context) error {
		err := srv.Shutdown(ctx)
		if err != nil {
			err = errors.Join(err, srv.Close())
		}
		if serveErr := <-done; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		return err
	}
}

// DialContext implements Network.
func (l *Loopback) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	l.mu.RLock()
	if real, ok := l.ports[addr]; ok {
		addr = real
	}
	l.mu.RUnlock()
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

// Transport implements Network. Its idle connections end with their servers.
func (l *Loopback) Transport() http.RoundTripper {
	return &http.Transport{
		DialContext:         l.DialContext,
		MaxIdleConnsPerHost: 64, // a service's concurrency, so that a busy one does not redial
		IdleConnTimeout:     90 * time.Second,
	}
}
