package shop

import (
	"net/http"
	"slices"
	"time"
)

// spec describes one service. The table below is all that tells the services
// apart.
type spec struct {
	name    string
	workers int  // requests worked on at a time
	queue   int  // requests that may wait for a worker; more are turned away
	pool    int  // database connections that its routes need one of; 0: they need none
	stores  bool // its routes write to the volume
	jobs    int  // jobs that may wait in its queue; 0: it has none
	routes  []routeSpec
}

// routeSpec describes one route: its own work comes first, then its calls,
// one after the other.
type routeSpec struct {
	method string
	path   string        // pattern of http.ServeMux, and the http_route label
	status int           // when all is well
	work   time.Duration // median of its own work
	calls  []callSpec
	queues bool   // a job remains to be done
	body   string // JSON, when all is well

	share float64 // of the shop's users who cause such a request
}

// callSpec describes one call to another service.
type callSpec struct {
	service string
	method  string
	path    string
	timeout time.Duration
}

// The timeouts of calls. The outer one of a chain is longer, so that the inner
// one strikes first and the service beside the fault is the one that says so.
const (
	callTimeout      = 2 * time.Second
	callChainTimeout = 2500 * time.Millisecond
)

// The shares of users who browse, look at a product and check out, as package
// load sends them. Services are sized by it.
const (
	browses = 0.5
	looks   = 0.3
	buys    = 0.2
)

// jobHeadroom is how many times more jobs than come can be done.
const jobHeadroom = 4

// table lists the services, callers before those that they call. Payments has
// few workers: a slow bank saturates it at the usual traffic of 8 checkouts a
// second, as a small connection pool would.
func table() []spec {
	checkToken := callSpec{service: "auth", method: http.MethodGet, path: "/tokeninfo", timeout: callTimeout}
	return []spec{
		{name: "shop", workers: 64, queue: 256, routes: []routeSpec{
			{method: http.MethodGet, path: "/", status: http.StatusOK, work: 15 * time.Millisecond, share: browses, body: `{"products":20}`},
			{
				method: http.MethodGet, path: "/products/{id}", status: http.StatusOK, work: 20 * time.Millisecond, share: looks,
				calls: []callSpec{checkToken},
				body:  `{"product":"chair","cents":4900}`,
			},
			{
				method: http.MethodPost, path: "/checkout", status: http.StatusOK, work: 5 * time.Millisecond, share: buys,
				calls: []callSpec{
					checkToken,
					{service: "orders", method: http.MethodPost, path: "/orders", timeout: callChainTimeout},
				},
				body: `{"order":"placed"}`,
			},
		}},
		{name: "auth", workers: 64, queue: 256, routes: []routeSpec{
			{method: http.MethodGet, path: "/tokeninfo", status: http.StatusOK, work: 8 * time.Millisecond, share: looks + buys, body: `{"active":true}`},
		}},
		{name: "orders", workers: 32, queue: 128, pool: 16, stores: true, jobs: 600, routes: []routeSpec{
			{
				method: http.MethodPost, path: "/orders", status: http.StatusCreated, work: 15 * time.Millisecond, share: buys, queues: true,
				calls: []callSpec{{service: "payments", method: http.MethodPost, path: "/charges", timeout: callTimeout}},
				body:  `{"order":"created"}`,
			},
		}},
		{name: "payments", workers: 16, queue: 64, pool: 16, stores: true, routes: []routeSpec{
			{method: http.MethodPost, path: "/charges", status: http.StatusCreated, work: 40 * time.Millisecond, share: buys, body: `{"charge":"captured"}`},
		}},
	}
}

// quota is the processor quota, in cores, of the service in a shop that is made
// for so many users a second.
func (sp spec) quota(users float64) float64 {
	need := 0.0
	for _, rs := range sp.routes {
		need += rs.share * users * rs.work.Seconds() * cpuShare
	}
	return max(need*cpuHeadroom, leastCores)
}

// jobTime is how long the consumer of the queue needs for a job.
func (sp spec) jobTime(users float64) time.Duration {
	return time.Duration(float64(time.Second) / (buys * users * jobHeadroom))
}

// largest is the processor time of the service's longest work.
func (sp spec) largest() time.Duration {
	var work time.Duration
	for _, rs := range sp.routes {
		work = max(work, rs.work)
	}
	return time.Duration(float64(work) * cpuShare)
}

// Names lists the services, callers before those that they call. The caller
// owns the result.
func Names() []string {
	var names []string
	for _, sp := range table() {
		names = append(names, sp.name)
	}
	return names
}

// Dependencies says which services each service calls; one that calls none
// has an empty list. The caller owns the result.
func Dependencies() map[string][]string {
	deps := make(map[string][]string)
	for _, sp := range table() {
		called := []string{}
		for _, rs := range sp.routes {
			for _, c := range rs.calls {
				if !slices.Contains(called, c.service) {
					called = append(called, c.service)
				}
			}
		}
		deps[sp.name] = called
	}
	return deps
}
