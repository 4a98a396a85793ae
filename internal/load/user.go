package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"goldensignals/internal/deadline"
	"goldensignals/internal/fault"
	"goldensignals/internal/trace"
)

// Streams keep random numbers that have different purposes apart.
const (
	arrivalStream = iota
	userStream
	traceStream
	spanStream
	lostStream

	proberStream = 0x70726f6265 // sets a prober's numbers apart from those of users
)

// errLost is what a user sees of a request that never reaches the shop.
var errLost = errors.New("no route to host")

// products is how many products the shop sells.
const products = 20

// maxDrain is how much of an answer a user reads.
const maxDrain = 64 << 10

// outcome is what a user saw. The set is closed: it indexes arrays.
type outcome int

const (
	ok     outcome = iota
	failed         // 5xx, or no answer
	slow           // succeeded after the latency objective
	outcomes
)

// journey is one thing that users come for.
type journey struct {
	name    string
	span    string // name of its spans: method and route
	percent uint64 // of all users
	pages   []*http.Request
}

// newJourneys lists what users do at the shop at target, sorted by name.
func newJourneys(target string) ([]journey, error) {
	base, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("parse %q: %w; give a URL such as http://shop:8080", target, err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("%q is not an http URL; give one such as http://shop:8080", target)
	}
	page := func(method, path string) *http.Request {
		u := url.URL{Scheme: base.Scheme, Host: base.Host, Path: strings.TrimSuffix(base.Path, "/") + path}
		return &http.Request{Method: method, URL: &u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	}
	product := journey{name: "product", span: "GET /products/{id}", percent: 30}
	for id := range products {
		product.pages = append(product.pages, page(http.MethodGet, "/products/"+strconv.Itoa(id+1)))
	}
	return []journey{
		{name: "browse", span: "GET /", percent: 50, pages: []*http.Request{page(http.MethodGet, "/")}},
		{name: "checkout", span: "POST /checkout", percent: 20, pages: []*http.Request{page(http.MethodPost, "/checkout")}},
		product,
	}, nil
}

// user is one visitor. All that they do follows from the seed and their number.
type user struct {
	seed    uint64
	seq     uint64
	journey int       // index into Generator.journeys
	page    uint64    // modulo the pages of the journey
	arrival time.Time // when they were due, which is when they begin to wait
	robot   bool      // nobody: what it sees is no part of the truth
}

// newVisitor makes the next user, or a robot as often as robots come along. Only
// Run calls it.
func (g *Generator) newVisitor(arrival time.Time) user {
	u := g.newUser(arrival)
	if crowd := g.crowd(); crowd > 0 {
		u.robot = g.arrivals.Float64() < crowd/(1+crowd)
	}
	if u.robot {
		u.journey = 0 // the first is browse: robots read, they do not buy
	}
	return u
}

// newUser makes the next user. Only Run calls it.
func (g *Generator) newUser(arrival time.Time) user {
	u := user{seed: mix(g.options.Seed), seq: g.seq, arrival: arrival}
	g.seq++
	r := u.random(userStream)
	u.page = r / 100
	for share := r % 100; share >= g.journeys[u.journey].percent; u.journey++ {
		share -= g.journeys[u.journey].percent
	}
	return u
}

// random is the user's own number for a purpose.
func (u user) random(stream uint64) uint64 { return mix(u.seed ^ mix(u.seq<<3|stream)) }

// trace is the user's trace, and their own span in it.
func (u user) trace() (trace.ID, trace.SpanID) {
	return trace.NewID(u.random(traceStream), mix(u.seq)), trace.SpanID(u.random(spanStream) | 1)
}

// parent renders the header of the user's request.
func (u user) parent() string { return trace.Header(u.trace()) }

func mix(x uint64) uint64 { return trace.Mix(x) }

// visit sends the user's request and returns the status of the answer, or an
// error where there was none within the user's patience.
func (g *Generator) visit(run context.Context, sleeper *deadline.Sleeper, u user) (status int, err error) {
	ctx := sleeper.With(run, u.arrival.Add(g.options.Patience))
	defer ctx.Close()
	pages := g.journeys[u.journey].pages
	req := pages[u.page%uint64(len(pages))].WithContext(ctx)
	req.Header = http.Header{trace.HeaderName: {u.parent()}}
	if u.robot {
		req.Header["User-Agent"] = []string{fault.RobotAgent}
	}

	status, err = roundTrip(g.options.Transport, g.options.Faults, req, u.random(lostStream))
	if end := ctx.Err(); end != nil {
		err = end // whatever came after the user had left does not count
	}
	g.report(ctx, req, status, err)
	return status, err
}

// report logs what is worth knowing about a visit. An answer that is neither
// a success nor a failure of the shop means that the target is not the shop;
// that is said once.
func (g *Generator) report(ctx context.Context, req *http.Request, status int, err error) {
	switch {
	case err != nil && g.options.Log.Enabled(ctx, slog.LevelDebug):
		g.options.Log.DebugContext(ctx, "user got no answer", "url", req.URL.String(), "err", err)
	case err == nil && (status < 200 || status > 299) && status < http.StatusInternalServerError:
		g.odd.Do(func() {
			g.options.Log.WarnContext(ctx, "users get an answer that the shop never gives: check the target",
				"url", req.URL.String(), "status", status)
		})
	}
}

// judge says what a user makes of an answer, or of none.
func judge(status int, err error, took time.Duration) outcome {
	switch {
	case err != nil || status >= http.StatusInternalServerError:
		return failed
	case took > slowAfter:
		return slow
	}
	return ok
}

// roundTrip sends req and reads the answer to its end: a user has seen a page
// only when all of it is there. The key is a random number of the request's own.
func roundTrip(transport http.RoundTripper, faults *fault.Set, req *http.Request, key uint64) (status int, err error) {
	if faults.Effect(time.Now(), key).Lost {
		return 0, errLost
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, fmt.Errorf("send request: %w", err)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxDrain))
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return resp.StatusCode, fmt.Errorf("read answer: %w", err)
	}
	return resp.StatusCode, nil
}
