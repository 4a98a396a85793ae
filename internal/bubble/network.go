package bubble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"goldensignals/internal/server"
)

// Network is a network in memory: servers have names, connections are pipes.
// Its waits are channel waits only, so virtual time can pass while a
// connection is idle. The zero value is an empty network; it is safe for
// concurrent use. Use it only inside the bubble that created it.
type Network struct {
	mu    sync.RWMutex
	hosts map[string]*listener // :: "shop:8080" -> its server
}

// Serve answers requests to addr ("shop:8080") with h until stop is called.
// It is an error to serve one address twice.
func (n *Network) Serve(addr string, h http.Handler) (stop func(context.Context) error, err error) {
	ln := &listener{addr: pipeAddr(addr), handler: h, conns: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, taken := n.hosts[addr]; taken {
		return nil, fmt.Errorf("listen on %s: address is taken", addr)
	}
	if n.hosts == nil {
		n.hosts = map[string]*listener{}
	}
	n.hosts[addr] = ln
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	server.CloseUnused(srv)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	return func(ctx context.Context) error {
		n.mu.Lock()
		delete(n.hosts, addr)
		n.mu.Unlock()
		err := srv.Shutdown(ctx)
		if serveErr := <-done; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		return err
	}, nil
}

func (n *Network) host(addr string) (*listener, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	ln, ok := n.hosts[addr]
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr(addr), Err: errors.New("connection refused")}
	}
	return ln, nil
}

// DialContext opens a connection to a server of this network.
func (n *Network) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	ln, err := n.host(addr)
	if err != nil {
		return nil, err
	}
	client, server := net.Pipe()
	select {
	case ln.conns <- server:
		return client, nil
	case <-ln.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: ln.addr, Err: errors.New("connection refused")}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Transport returns a round tripper that calls a server's handler directly,
// on the caller's goroutine: hundreds of thousands of requests cost no
// connection each. The handler must heed its request's context.
func (n *Network) Transport() http.RoundTripper { return directTransport{n} }

type directTransport struct{ network *Network }

func (t directTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ln, err := t.network.host(req.URL.Host)
	if err != nil {
		return nil, err
	}
	// A shallow copy: a server sets fields of its own on a request, while deep
	// copies of the headers would be a twentieth of a replay.
	served := new(http.Request)
	*served = *req
	served.RequestURI = requestURI(req.URL)
	served.RemoteAddr = "pipe"
	if served.Body == nil {
		served.Body = http.NoBody
	}
	if served.Host == "" {
		served.Host = req.URL.Host
	}
	answer := &recorder{header: make(http.Header, 2), code: http.StatusOK}
	answer.body.Buffer = *bytes.NewBuffer(answer.small[:0])
	if aborted(ln.handler, answer, served) {
		return nil, io.ErrUnexpectedEOF
	}
	if req.Context().Err() != nil {
		return nil, context.Cause(req.Context()) // the client gave up while the handler worked
	}
	return answer.response(req), nil
}

// aborted lets h answer and reports whether it cut the connection off instead,
// as net/http lets handlers do.
func aborted(h http.Handler, w http.ResponseWriter, r *http.Request) (cut bool) {
	defer func() {
		switch e := recover(); e {
		case nil:
		case http.ErrAbortHandler: //nolint:errorlint // net/http compares it so, too
			cut = true
		default:
			panic(e)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

// requestURI is u.RequestURI, which looks at plain paths several times.
func requestURI(u *url.URL) string {
	if u.Opaque != "" || u.RawPath != "" || u.RawQuery != "" || u.ForceQuery || u.Path == "" {
		return u.RequestURI()
	}
	for i := range len(u.Path) {
		switch c := u.Path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '/', c == '-', c == '_', c == '.':
		default:
			return u.RequestURI()
		}
	}
	return u.Path
}

// recorder is the least http.ResponseWriter that a client can read from, and
// the answer that it reads: all of it in one piece of memory, as there are
// hundreds of thousands.
type recorder struct {
	header http.Header
	code   int
	wrote  bool
	body   body
	small  [64]byte // the first bytes of the body
	answer http.Response
}

// body is what a client reads of an answer.
type body struct{ bytes.Buffer }

func (*body) Close() error { return nil }

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(code int) {
	if !r.wrote {
		r.code, r.wrote = code, true
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.wrote = true
	return r.body.Write(p)
}

func (r *recorder) response(req *http.Request) *http.Response {
	r.answer = http.Response{
		Status: statusLine(r.code), StatusCode: r.code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.header, Body: &r.body, ContentLength: int64(r.body.Len()), Request: req,
	}
	return &r.answer
}

func statusLine(code int) string {
	switch code { // the usual ones, without making a string
	case http.StatusOK:
		return "200 OK"
	case http.StatusCreated:
		return "201 Created"
	}
	return strconv.Itoa(code) + " " + http.StatusText(code)
}

// listener hands the server's end of each dialled pipe to Accept.
type listener struct {
	addr    pipeAddr
	handler http.Handler
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return l.addr }

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }
