package guard

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// Refusal answers a request that is not let through.
type Refusal func(w http.ResponseWriter, status int, err error)

// Bearer reports whether a request shows the token. How long it takes tells nothing
// about the token.
func Bearer(r *http.Request, token string) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(given))) // of one length
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// Admit lets pass who has the token. Where there is none, only this machine may be
// able to connect; then it keeps web pages out that a browser on it shows.
func Admit(next http.Handler, token string, refuse Refusal) http.Handler {
	if token == "" {
		return http.NewCrossOriginProtection().Handler(localOnly(next, refuse))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !Bearer(r, token) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, errors.New("send the token: Authorization: Bearer TOKEN"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// localOnly refuses host names that are not ours.
func localOnly(next http.Handler, refuse Refusal) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !OurHost(r.Host) {
			refuse(w, http.StatusMisdirectedRequest, errors.New("use localhost or the IP address"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ReadToken reads the token in the file that a flag names. An empty path is none.
func ReadToken(flag, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--%s: %w", flag, err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("--%s=%s: the file is empty; write a token into it", flag, path)
	}
	return token, nil
}

// AdminToken reads the token of an admin listener. Whoever reaches that can take the
// service down: where others than this machine can, it needs one.
func AdminToken(addr, path string) (string, error) {
	switch {
	case addr == "" && path != "":
		return "", errors.New("--admin.token-file: there is no admin listener; add --admin.listen-address")
	case addr != "" && path == "" && !Loopback(addr):
		return "", fmt.Errorf("--admin.listen-address=%s: others than this machine can reach it; add --admin.token-file, or listen on 127.0.0.1", addr)
	}
	return ReadToken("admin.token-file", path)
}
