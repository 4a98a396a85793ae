package main

import (
	"net"
	"net/http"
	"net/url"
	"time"
)

// peers carries calls to services whose address is not the usual one.
type peers struct {
	base http.RoundTripper
	at   map[string]*url.URL // by the address that callers use: auth:8080
}

// transport makes the way to the called services.
func transport(at map[string]*url.URL) *peers {
	p := &peers{
		base: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: time.Second, KeepAlive: 30 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     30 * time.Second, // shorter than servers wait
		},
		at: make(map[string]*url.URL),
	}
	for name, u := range at {
		p.at[name+":8080"] = u
	}
	return p
}

// RoundTrip implements http.RoundTripper.
func (p *peers) RoundTrip(r *http.Request) (*http.Response, error) {
	u, ok := p.at[r.URL.Host]
	if !ok {
		return p.base.RoundTrip(r)
	}
	moved := *r // a RoundTripper must not change the request
	moved.URL = u.JoinPath(r.URL.Path)
	moved.URL.RawQuery = r.URL.RawQuery
	moved.Host = u.Host
	return p.base.RoundTrip(&moved)
}
