package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"goldensignals/internal/alert"
	"goldensignals/internal/patience"
	"goldensignals/internal/router"
	"goldensignals/internal/store"
)

// TestBrowser uses the pages as a person does who has no mouse.
func TestBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "/router")
	now := time.Now()
	w.choices = choice()
	w.silences = []router.Silence{{ID: "s1", Matchers: `service="` + strings.Repeat("a-long-name-", 9) + `"`, Author: "Ada", Comment: "why",
		StartsAt: now, EndsAt: now.Add(time.Hour), Ours: true, Notes: []string{"It mutes more than one service."}}}
	w.open(t, checkout(now), alert.Notification{ID: "m1", Receiver: "oncall", ReceiverType: "sms", Severity: alert.Critical,
		Status: alert.Firing, Title: "Customers get errors on /checkout.", Text: "CRITICAL http://localhost/" + strings.Repeat("x", 90), CreatedAt: now})
	srv := httptest.NewServer(w.site)
	t.Cleanup(srv.Close)
	t.Cleanup(w.hub.Close)
	ctx, complaints := browser(t)
	run := func(actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			t.Fatalf("drive the browser: %v (it complained: %v)", err, complaints())
		}
	}
	live := until(`document.getElementById("live").textContent === "Live"`)

	// Half a name is typed when news arrive; it and the focus stay.
	var name, focus string
	run(
		chromedp.Navigate(srv.URL+"/router/incidents/c1"),
		live,
		tabTo("author"), chromedp.KeyEvent("Ad"),
	)
	second := checkout(now)
	second.ID, second.GroupKey = "c2", "c2"
	w.open(t, second)
	if err := w.store.Amend(t.Context(), "c1", time.Now(), renamed("Customers get errors on /pay.")); err != nil {
		t.Fatal(err)
	}
	w.hub.Notify()
	run(
		until(`document.querySelector("h1").textContent === "Customers get errors on /pay."`),
		until(`document.title.startsWith("Customers get errors on /pay.")`),
		chromedp.KeyEvent("a"),
		chromedp.Value("#author", &name, chromedp.ByQuery),
		chromedp.Evaluate(`document.activeElement.id`, &focus),
	)
	if name != "Ada" || focus != "author" {
		t.Errorf("after news the name is %q and the focus on %q, want Ada and author", name, focus)
	}

	// One press of Tab leads to the button, and the page says what it did.
	var stand string
	run(
		chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(" "),
		chromedp.WaitVisible("#done", chromedp.ByQuery),
		chromedp.Text("#stand", &stand, chromedp.ByQuery),
	)
	if !strings.Contains(stand, "Ada has it") {
		t.Errorf("the page says %q after Ada acknowledged", stand)
	}
	if got := w.done(); !slices.Equal(got, []string{"acknowledge c1 Ada"}) {
		t.Errorf("done: %v", got)
	}

	// The incident ends while somebody writes why it should be silent: the words stay.
	var comment string
	run(live, tabTo("comment"), chromedp.KeyEvent("the ba"))
	err := w.store.Amend(t.Context(), "c1", time.Now(), func(i store.Incident) (store.Change, error) {
		i.Status, i.ResolvedAt = alert.Resolved, time.Now()
		return store.Change{Incident: &i}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.hub.Notify()
	run(
		until(`document.getElementById("stand").textContent.includes("over since")`),
		chromedp.KeyEvent("nk"),
		chromedp.Value("#comment", &comment, chromedp.ByQuery),
	)
	if comment != "the bank" {
		t.Errorf("after the incident ended the comment is %q, want what was typed", comment)
	}

	narrow(t, run, srv.URL+"/router/")
	run(chromedp.Navigate(srv.URL+"/router/incidents"), live)
	if got := complaints(); len(got) > 0 {
		t.Errorf("the browser complains: %v", got)
	}

	// Without a stream, such as while the router restarts, the page says so.
	w.hub.Close()
	run(until(`document.getElementById("live").textContent.startsWith("Not connected")`))
}

// narrow checks that no page of the site is wider than a small phone.
func narrow(t *testing.T, run func(...chromedp.Action), base string) {
	t.Helper()
	run(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	for _, page := range []string{"", "incidents", "incidents/c1", "i/link-c1", "messages", "messages/dead", "silences", "phone", "tickets", "log", "runbooks/ShopErrors"} {
		var width int
		run(chromedp.Navigate(base+page), chromedp.Evaluate(`document.documentElement.scrollWidth`, &width))
		if width > 360 {
			t.Errorf("page %q is %d px wide on a phone of 360", page, width)
		}
	}
}

// until waits for an expression to hold. chromedp.Poll would ask in the context
// that it knows, which may be that of the page before: the browser then refuses.
func until(expression string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for {
			var holds bool
			err := chromedp.Evaluate(expression, &holds).Do(ctx)
			if err == nil && holds {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("wait for %s: %w", expression, errors.Join(context.Cause(ctx), err))
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
}

// tabTo presses Tab until an element has the focus.
func tabTo(id string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for range 40 {
			var at string
			if err := chromedp.Run(ctx, chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`document.activeElement.id`, &at)); err != nil {
				return err
			}
			if at == id {
				return nil
			}
		}
		return context.DeadlineExceeded
	})
}

// browser starts a headless browser that ends with the test, and returns what it
// has to complain about: errors of scripts, of the policy, and of requests.
func browser(t *testing.T) (ctx context.Context, complaints func() []string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	alloc, cancelAlloc := chromedp.NewExecAllocator(t.Context(), opts...)
	ctx, cancelTab := chromedp.NewContext(alloc)
	ctx, cancel := context.WithTimeout(ctx, patience.Limit)
	t.Cleanup(func() { cancel(); cancelTab(); cancelAlloc() })
	var mu sync.Mutex
	var all []string
	chromedp.ListenTarget(ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			all = append(all, ev.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if ev.Entry.Level == log.LevelError {
				all = append(all, ev.Entry.Text)
			}
		}
	})
	return ctx, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}
