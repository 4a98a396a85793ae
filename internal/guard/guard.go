// Package guard decides whether a request may have come from a page elsewhere.
// Whoever serves something that can be changed without a password asks it.
package guard

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// OurHost reports whether a Host header names us: a web page elsewhere can make
// its own name point at this machine and would then count as the same origin
// (DNS rebinding). IP addresses and localhost always do, since nobody can rebind
// them; names lists further ones, without port.
func OurHost(host string, names ...string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, host) })
}

// Loopback reports whether only this machine can reach a listen address. A name
// other than localhost may lead anywhere.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Host lets pass requests whose Host header is ours, and answers the others with
// what helps against it.
func Host(next http.Handler, ours func(host string) bool, remedy string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ours(r.Host) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusMisdirectedRequest)
			fmt.Fprintf(w, "host %q is not served here; use localhost or the IP address, or %s\n", r.Host, remedy)
			return
		}
		next.ServeHTTP(w, r)
	})
}
