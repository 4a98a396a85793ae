package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// HealthFlag is the flag that has a program ask another one of its kind how it is:
// images without a shell and a client have nothing else to check health with.
const HealthFlag = "healthcheck"

// HealthHelp is what --help says of it.
const HealthHelp = "Ask the program that listens at --web.listen-address whether it is healthy, and end: status 0 or 1."

// Listen opens the address that a flag gives.
func Listen(ctx context.Context, addr, flag string) (net.Listener, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, WrongCall(fmt.Errorf("--%s: %w", flag, err))
	}
	return ln, nil
}

// CheckHealth asks the program that listens at addr on this machine for its health,
// over plain HTTP. It returns nil if it is fine.
func CheckHealth(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return WrongCall(fmt.Errorf("--web.listen-address=%s: %w", addr, err))
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/-/healthy", nil)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	resp, err := new(http.Transport).RoundTrip(req)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // only to say more
		return fmt.Errorf("not healthy: %s: %s", resp.Status, text)
	}
	return nil
}
