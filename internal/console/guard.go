package console

import (
	"net/http"

	"goldensignals/internal/guard"
)

// GuardHost refuses requests whose Host header is a name that is not ours, as
// guard.OurHost decides; names lists ours beside localhost, without port.
// The console guards itself; a stack should guard the engines' APIs as well.
func GuardHost(next http.Handler, names ...string) http.Handler {
	return guard.Host(next, func(host string) bool { return guard.OurHost(host, names...) }, "allow the name when starting")
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
