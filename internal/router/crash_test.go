package router_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"goldensignals/internal/alert"
	"goldensignals/internal/patience"
	"goldensignals/internal/router"
	"goldensignals/internal/store"
)

// crashDir makes the test binary a router on that folder: the process to kill.
const crashDir = "ROUTER_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if os.Getenv(crashDir) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	os.Exit(m.Run())
}

// TestCrashChild is not a test: it is the body of the process that TestCrash
// kills. Its phone never answers.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("runs only as a child of TestCrash")
	}
	// The attempt, and with it the lease, outlasts the test: nobody waits for its end.
	r := newRig(t, dir, gate{}, func(o *router.Options) { o.SendTimeout = 2 * patience.Limit })
	defer r.start(t)()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("listening on %s\n", l.Addr())
	srv := &http.Server{Handler: r.Handler(), ReadHeaderTimeout: 5 * time.Second}
	t.Log(srv.Serve(l))
}

func TestCrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashChild$", "-test.timeout=10m") //nolint:gosec // itself
	child.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var addr string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "listening on %s", &addr); err == nil {
			break
		}
	}
	base := "http://" + addr
	body, err := json.Marshal(group(mk("A", alert.Firing, "critical")))
	if err != nil {
		t.Fatal(err)
	}
	if code := send(t, "POST", base+"/api/v1/webhook", body, nil); code != 204 {
		t.Fatalf("webhook = %d, want 204", code)
	}
	awaitLeased(t, base)
	if _, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "router.db")}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("Open beside a living process = %v, want ErrLocked", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed

	for start := range 2 {
		r := newRig(t, dir, nil, nil)
		stop := r.start(t)
		if start > 0 { // Alertmanager, unsure whether the crashed router had it, sends it again
			if code := r.post(t, group(mk("A", alert.Firing, "critical"))); code != 204 {
				t.Errorf("repeated webhook = %d", code)
			}
		}
		awaitDelivered(t, r)
		stop()
		inbox, err := r.st.SMS(t.Context(), 0)
		if err != nil || len(inbox) != 1 {
			t.Errorf("start %d after the crash: %d SMS, %v; want exactly one", start+1, len(inbox), err)
		}
		if err := r.st.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func send(t *testing.T, method, url string, body []byte, answer any) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience.Limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer != nil {
		if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
			t.Fatal(err)
		}
	}
	return resp.StatusCode
}

// awaitLeased waits until the child is in the middle of sending.
func awaitLeased(t *testing.T, base string) {
	t.Helper()
	patience.Until(t, "lease of the message", func() bool {
		var list []alert.Notification
		send(t, "GET", base+"/api/v1/messages", nil, &list)
		return len(list) == 1 && list[0].State == alert.Leased
	})
}

func awaitDelivered(t *testing.T, r rig) {
	t.Helper()
	patience.Until(t, "delivery of the message", func() bool {
		list, err := r.st.Messages(t.Context(), 0)
		return err == nil && len(list) == 1 && list[0].State == alert.Delivered
	})
}
