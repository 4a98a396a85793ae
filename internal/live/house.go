package live

import (
	"net/http"

	"goldensignals/internal/console"
)

// Rooms are what people and programs find at the address of everything.
type Rooms struct {
	Prometheus, Alertmanager http.Handler // with their prefix
	Router                   http.Handler // without
	Drills, Console          http.Handler
}

// House is everything at one address, which browsers know by the given name: the
// console at /, the unmodified APIs below /prometheus/ and /alertmanager/, the router
// below /router/. A page elsewhere may neither change something here nor read it by
// giving its own name our address; the APIs do not guard themselves against that.
func (r Rooms) House(name string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/prometheus/", r.Prometheus)
	mux.Handle("/alertmanager/", r.Alertmanager)
	mux.Handle("/router/", http.StripPrefix("/router", r.Router))
	mux.Handle(DrillsPath, r.Drills)
	mux.Handle("/", r.Console)
	return console.GuardHost(http.NewCrossOriginProtection().Handler(mux), name)
}

// Links are where the router's pages are, in a House.
func Links() console.Links {
	return console.Links{Phone: "/router/phone", Tickets: "/router/tickets", Log: "/router/log", Runbooks: "/router/runbooks/"}
}
