package console_test

import (
	"context"
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"goldensignals/internal/alert"
	"goldensignals/internal/patience"
)

// TestBrowser opens the page in a real browser: the content security policy
// lets the script run, news arrive without a reload, and a form that somebody
// is filling in survives them.
func TestBrowser(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	w := newWorld()
	w.healthy(time.Now())
	w.fire(time.Now(), alert.Labels{"alertname": "ShopErrorsFastBurn", "severity": "critical"}, nil)
	c := newConsole(t, w)
	runCtx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(runCtx) }()
	srv := httptest.NewServer(c.Handler())
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		srv.Close()
	})

	ctx := browser(t, path)
	run := func(actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			t.Fatalf("drive the browser: %v", err)
		}
	}
	var delay bool
	const comment = `.alert input[name="comment"]`
	run(
		chromedp.Navigate(srv.URL),
		chromedp.Poll(`document.getElementById("live").textContent === "Live"`, nil),
		chromedp.Evaluate(`document.querySelector('#fault-form [name="delay"]').disabled`, &delay),
		chromedp.Click(".alert summary", chromedp.ByQuery),
		chromedp.SendKeys(comment, "half a sen", chromedp.ByQuery),
	)
	if !delay {
		t.Error("the delay can be filled in although the kind errors does not take one")
	}

	w.change(func() {
		w.fire(time.Now(), alert.Labels{"alertname": "AnotherAlert", "severity": "critical"}, nil)
	})
	var typed string
	run(
		chromedp.Poll(`document.getElementById("alerts").textContent.includes("AnotherAlert")`, nil),
		chromedp.Poll(`document.title.startsWith("2 alerts firing")`, nil),
		chromedp.KeyEvent("tence"), // the focus is still in the field
		chromedp.Value(`.alert details[open] input[name="comment"]`, &typed, chromedp.ByQuery),
	)
	if typed != "half a sentence" {
		t.Errorf("the field holds %q after news arrived, want %q", typed, "half a sentence")
	}

	// The alert ends while its form is being filled in: the form stays.
	w.change(func() { w.prom, w.am = w.prom[:1], w.am[:1] })
	run(
		chromedp.Poll(`document.title.startsWith("All quiet")`, nil),
		chromedp.Value(`.alert details[open] input[name="comment"]`, &typed, chromedp.ByQuery),
		chromedp.Submit(`.alert details[open] form`, chromedp.ByQuery),
	)
	if typed != "half a sentence" {
		t.Errorf("the field holds %q after the alert ended", typed)
	}
	silenced := func() (n int) { // asked of the world: the page is changing under a browser's query
		w.change(func() { n = len(w.silences) })
		return n
	}
	patience.Until(t, "silence from the form", func() bool { return silenced() > 0 })
	if got := w.silences[0].Comment; got != typed {
		t.Errorf("comment of the silence = %q, want %q", got, typed)
	}
}

// browser starts a headless browser that ends with the test.
func browser(t *testing.T, path string) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	alloc, cancelAlloc := chromedp.NewExecAllocator(t.Context(), opts...)
	ctx, cancelTab := chromedp.NewContext(alloc)
	ctx, cancel := context.WithTimeout(ctx, patience.Limit)
	t.Cleanup(func() { cancel(); cancelTab(); cancelAlloc() })
	return ctx
}
