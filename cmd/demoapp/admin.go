package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"strings"

	"goldensignals/internal/faultapi"
	"goldensignals/internal/guard"
)

// serveAdmin opens the listener where faults are injected, if there is to be
// one. It is apart from the service's own, so that whoever reaches the service
// cannot break it.
func (a *app) serveAdmin(ctx context.Context) (stop func() error, err error) {
	if a.c.adminListen == "" {
		return func() error { return nil }, nil
	}
	ln, err := listen(ctx, a.c.adminListen, "--admin.listen-address")
	if err != nil {
		return nil, err
	}
	api := faultapi.New(faultapi.Options{Faults: a.faults, Log: a.log, OnChange: a.faults.keep})
	s := serve(ln, admit(api, a.c.token), a.log)
	a.admin.Store(ln.Addr().(*net.TCPAddr))
	a.log.Info("serving faults", "address", ln.Addr().String())
	return s.close, nil
}

// admit lets pass who has the token. Where there is none, only this machine can
// connect; then it keeps web pages out that a browser on it shows.
func admit(next http.Handler, token string) http.Handler {
	if token == "" {
		return http.NewCrossOriginProtection().Handler(localOnly(next))
	}
	want := sha256.Sum256([]byte(token)) // of one length, so that comparing tells nothing
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(given)))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			faultapi.WriteError(w, http.StatusUnauthorized, errors.New("send the token: Authorization: Bearer TOKEN"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// localOnly refuses host names that are not ours.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !guard.OurHost(r.Host) {
			faultapi.WriteError(w, http.StatusMisdirectedRequest, errors.New("use localhost or the IP address"))
			return
		}
		next.ServeHTTP(w, r)
	})
}
