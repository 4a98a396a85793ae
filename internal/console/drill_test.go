package console_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"goldensignals/internal/console"
)

// practice is a drill that runs until somebody stops it.
type practice struct {
	drill   console.Drill
	running bool
}

func (p *practice) Running() (console.Drill, bool) { return p.drill, p.running }
func (p *practice) Stop()                          { p.running = false }

func TestDrillBox(t *testing.T) {
	t.Parallel()
	opts := options(t, newWorld())
	p := &practice{drill: console.Drill{Brief: "Customers <complain>.", Elapsed: 3*time.Minute + time.Second, Duration: 45 * time.Minute}, running: true}
	opts.Drills = p
	c := must(t, opts)

	_, page := get(t, c, "/")
	wantIn(t, page, "running for 3 min of 45 min", "Customers &lt;complain&gt;.", `action="/drills/stop"`)

	resp, _ := post(t, c, "/drills/stop", url.Values{})
	if resp.StatusCode != http.StatusSeeOther || p.running {
		t.Errorf("stop = %s, still running: %v", resp.Status, p.running)
	}
	_, page = get(t, c, "/")
	wantNotIn(t, page, "/drills/stop", "running for")
}

func TestNoDrills(t *testing.T) {
	t.Parallel()
	c := newConsole(t, newWorld())
	_, page := get(t, c, "/")
	wantNotIn(t, page, "/drills/stop")
	if resp, body := post(t, c, "/drills/stop", url.Values{}); resp.StatusCode != http.StatusNotFound {
		t.Errorf("stop = %s %.200s, want 404", resp.Status, body)
	}
}
