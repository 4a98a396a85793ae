package engine_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestAskedBeforeTheStart: a page that is open asks as soon as the address
// answers. It must get an answer, and must not keep the engine from starting.
func TestAskedBeforeTheStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := stoppedWorld(t, t.TempDir(), false)
		defer w.stop()
		for _, path := range []string{"status", "receivers", "alerts", "alerts/groups", "silences"} {
			resp, err := w.client.Get("http://alertmanager:9093/alertmanager/api/v2/" + path)
			if err != nil {
				t.Errorf("GET %s before the start: %v", path, err)
				continue
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("GET %s before the start = %s", path, resp.Status)
			}
		}
		if err := w.engine.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
	})
}
