// Package server lets an HTTP server of net/http end as soon as its requests are
// done. The networks of a stack use it; it serves nothing itself.
package server

import (
	"maps"
	"net"
	"net/http"
	"sync"
)

// CloseUnused has srv close the connections that never carried a request once its
// Shutdown begins. By itself it waits up to five seconds for their first one. A
// request under way is still waited for. It is called before srv serves, and
// takes srv.ConnState.
func CloseUnused(srv *http.Server) {
	u := &unused{conns: map[net.Conn]struct{}{}}
	srv.ConnState = u.changed
	srv.RegisterOnShutdown(u.end)
}

// unused are connections without a request so far.
type unused struct {
	mu    sync.Mutex
	ended bool
	conns map[net.Conn]struct{}
}

func (u *unused) changed(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	late := state == http.StateNew && u.ended // accepted in the last moment
	if state == http.StateNew {
		u.conns[c] = struct{}{}
	} else {
		delete(u.conns, c)
	}
	u.mu.Unlock()
	if late {
		_ = c.Close()
	}
}

func (u *unused) end() {
	u.mu.Lock()
	u.ended = true
	conns := maps.Clone(u.conns)
	u.mu.Unlock()
	for c := range conns {
		_ = c.Close() // nobody waits for an answer on it
	}
}
