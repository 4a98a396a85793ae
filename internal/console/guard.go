package console

import (
	"fmt"
	"net/http"

	"goldensignals/internal/guard"
)

// GuardHost refuses requests whose Host header is a name that is not ours, as
// guard.OurHost decides; names lists ours beside localhost, without port.
// The console guards itself; a stack should guard the engines' APIs as well.
func GuardHost(next http.Handler, names ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !guard.OurHost(r.Host, names...) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusMisdirectedRequest)
			fmt.Fprintf(w, "host %q is not served here; use localhost or the IP address, or allow the name when starting\n", r.Host)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// harden sets the headers that keep a page from doing what it has no need to.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
