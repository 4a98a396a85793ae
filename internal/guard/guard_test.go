package guard_test

import (
	"testing"

	"goldensignals/internal/guard"
)

func TestOurHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost:8080": true, "localhost.": true, "127.0.0.1": true, "10.1.2.3:9000": true, "[::1]:8080": true, "[::1]": true,
		"gameday.example:8080": true, "GameDay.Example": true,
		"": false, "evil.example": false, "localhost.evil.example": false, "127.0.0.1.evil.example:80": false, "evil.example:8080": false,
	} {
		if got := guard.OurHost(host, "gameday.example"); got != want {
			t.Errorf("OurHost(%q) = %v, want %v", host, got, want)
		}
	}
	if guard.OurHost("gameday.example") {
		t.Error("a name that was not given is ours")
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"127.0.0.1:80": true, "127.1.2.3:0": true, "[::1]:80": true, "localhost:80": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "192.0.2.1:80": false, "example.com:80": false, "127.0.0.1": false, "": false,
	} {
		if got := guard.Loopback(addr); got != want {
			t.Errorf("Loopback(%q) = %v, want %v", addr, got, want)
		}
	}
}
