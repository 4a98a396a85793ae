package console_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/console"
	"goldensignals/internal/fault"
)

func TestFixForm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newConsole(t, newWorld())
		apply := func(repair, service string, status int) string {
			t.Helper()
			resp, page := post(t, c, "/fixes", url.Values{"repair": {repair}, "service": {service}})
			if resp.StatusCode != status {
				t.Errorf("%s of %s = %s, want %d", repair, service, resp.Status, status)
			}
			return page
		}
		_, page := get(t, c, "/")
		wantIn(t, page, "Nothing was repaired.", "Repair something", `<option value="rollback">rollback: `)

		post(t, c, "/faults", url.Values{"kind": {"errors"}, "service": {"payments"}})
		apply("restart", "payments", http.StatusSeeOther)
		_, page = get(t, c, "/")
		wantIn(t, page, "<strong>restart</strong> of <strong>payments</strong>: under way, takes effect at", "(in 20 s)")
		wantNotIn(t, page, "it changed nothing", "Undo what")

		wantIn(t, apply("rollback", "payments", http.StatusConflict), "Nothing was repaired. restart of payments is under way until")
		wantIn(t, apply("rolback", "payments", http.StatusBadRequest), "repair: &#34;rolback&#34; is unknown")
		wantIn(t, apply("shed-load", "payments", http.StatusBadRequest), "choose one of shop")

		time.Sleep(20 * time.Second)
		apply("rollback", "payments", http.StatusSeeOther)
		time.Sleep(30 * time.Second)
		apply("scale-out", "shop", http.StatusSeeOther)
		time.Sleep(30 * time.Second)
		_, page = get(t, c, "/")
		wantIn(t, page,
			"<strong>restart</strong> of <strong>payments</strong>: it changed nothing",
			"<strong>rollback</strong> of <strong>payments</strong>: it ended errors",
			"took effect at", "stays until", "Undo what repairs added", "Nothing is broken on purpose.",
		)

		if resp, _ := post(t, c, "/fixes/undo", url.Values{}); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("undo = %s", resp.Status)
		}
		_, page = get(t, c, "/")
		wantNotIn(t, page, "stays until", "Undo what repairs added")
		if resp, _ := post(t, c, "/fixes/undo", url.Values{"service": {"shoe"}}); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("undo of nobody = %s", resp.Status)
		}
	})
}

// TestEveryKindCanBeTyped: the form has an input for whatever a kind takes, and
// names whom it hurts.
func TestEveryKindCanBeTyped(t *testing.T) {
	t.Parallel()
	_, page := get(t, newConsole(t, newWorld()), "/")
	for _, p := range fault.Params() {
		wantIn(t, page, `<input name="`+p.Name+`"`)
	}
	for _, k := range fault.Kinds() {
		wantIn(t, page, `<option value="`+k.Name+`" data-takes="`)
		if k.Hurts != "" {
			wantIn(t, page, "Who is hurt: "+k.Hurts)
		}
	}
	wantIn(t, page, `<optgroup label="Users are hurt">`, `<optgroup label="Users are well">`)
}

// TestRunningDrillHidesItsFaults: who plays does not read off the page what is
// broken.
func TestRunningDrillHidesItsFaults(t *testing.T) {
	t.Parallel()
	opts := options(t, newWorld())
	p := &practice{drill: console.Drill{Brief: "Help."}, running: true}
	opts.Drills = p
	c := must(t, opts)
	if _, err := opts.Faults.Inject(fault.Fault{Kind: "errors", Service: "auth"}); err != nil {
		t.Fatal(err)
	}
	const row = "<strong>errors</strong> on <strong>auth</strong>"
	_, page := get(t, c, "/")
	wantIn(t, page, "What the running drill breaks is hidden until it ends.")
	wantNotIn(t, page, row, "Nothing is broken on purpose.", "Clear all faults")
	_, list := get(t, c, "/api/v1/faults")
	wantIn(t, list, `"active":[],"hidden":true`)
	p.running = false
	_, page = get(t, c, "/")
	wantIn(t, page, row)
}
