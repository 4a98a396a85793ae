package router_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"goldensignals/internal/alert"
	"goldensignals/internal/patience"
	"goldensignals/internal/router"
	"goldensignals/internal/tier"
)

// A disk that is full: webhooks are answered 503, nothing is half written, and when
// there is room again everything goes on without a hand.
func TestDiskFull(t *testing.T) {
	tier.Replay(t)
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("needs a file system of its own, and the right to mount it: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, dir, nil, func(o *router.Options) { o.RetryMin, o.RetryMax = 50*time.Millisecond, 100*time.Millisecond })
	stop := r.start(t)
	defer stop()

	accepted, refused := []string{}, []string{}
	post := func(key string) int {
		g := group(mk("Down", alert.Firing, "critical"))
		g.GroupKey = key
		return r.post(t, g)
	}
	for i := 0; len(refused) < 50; i++ {
		if i == 100_000 {
			t.Fatal("the disk never filled up")
		}
		key := fmt.Sprint("g", i)
		switch code := post(key); code {
		case 204:
			accepted = append(accepted, key)
		case 503:
			refused = append(refused, key)
		default:
			t.Fatalf("webhook on a full disk = %d, want 503", code)
		}
	}
	groups := func() map[string]int {
		list, err := r.st.Messages(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, n := range list {
			got[n.GroupKey]++
		}
		return got
	}
	got := groups()
	for _, key := range accepted {
		if got[key] != 1 {
			t.Errorf("%s was accepted and has %d messages", key, got[key])
		}
	}
	for _, key := range refused {
		if got[key] != 0 {
			t.Errorf("%s was refused and has %d messages", key, got[key])
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for _, key := range refused { // Alertmanager sends them again
		patience.Until(t, "acceptance after there is room", func() bool { return post(key) == 204 })
	}
	patience.Until(t, "delivery of everything", func() bool {
		c, err := r.st.Counts(t.Context())
		return err == nil && c.Pending == 0 && c.Dead == 0
	})
	list, err := r.st.Messages(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		if n.Unsure > 0 {
			t.Errorf("message of %s was sent %d times without knowing how that ended", n.GroupKey, n.Unsure)
		}
	}
	if got := len(groups()); got != len(accepted)+len(refused) {
		t.Errorf("%d groups have messages, want %d", got, len(accepted)+len(refused))
	}
	t.Logf("full after %d groups; %d refused and sent again", len(accepted), len(refused))
}
