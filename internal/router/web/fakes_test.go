package web_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/router"
	"goldensignals/internal/router/web"
	"goldensignals/internal/runbook"
	"goldensignals/internal/store"
)

// people are Actions that keep what was asked for.
type people struct {
	store *store.Store
	hub   *web.Hub

	mu       sync.Mutex
	asked    []string
	fail     error // of the next deeds
	choices  []router.Choice
	silences []router.Silence
}

func (p *people) do(what string, args ...any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return p.fail
	}
	p.asked = append(p.asked, fmt.Sprintf(what, args...))
	return nil
}

// done returns what was asked for, and forgets it.
func (p *people) done() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.asked
	p.asked = nil
	return out
}

func (p *people) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = err
}

func (p *people) Acknowledge(ctx context.Context, incident, author string) error {
	if err := p.do("acknowledge %s %s", incident, author); err != nil {
		return err
	}
	now := time.Now()
	err := p.store.Amend(ctx, incident, now, func(inc store.Incident) (store.Change, error) {
		inc.AcknowledgedAt, inc.AcknowledgedBy = now, author
		return store.Change{Incident: &inc, Events: []store.Event{{Incident: incident, At: now, Kind: "acknowledged", Author: author}}}, nil
	})
	p.hub.Notify()
	return err
}

func (p *people) Retry(_ context.Context, message string) error { return p.do("retry %s", message) }

func (p *people) Choices(context.Context, string) ([]router.Choice, error) { return p.choices, nil }

func (p *people) Lengths() []time.Duration {
	return []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}
}

func (p *people) Silence(_ context.Context, incident string, r router.SilenceRequest) error {
	return p.do("silence %s %s for %s with incident %t by %s: %s", incident, r.Choice, r.For, r.WithIncident, r.Author, r.Comment)
}

func (p *people) Silences(context.Context) ([]router.Silence, error) { return p.silences, nil }

func (p *people) Extend(_ context.Context, id, author string, d time.Duration) error {
	return p.do("extend %s by %s for %s", id, author, d)
}

func (p *people) End(_ context.Context, id, author string) error {
	return p.do("end %s by %s", id, author)
}

func (p *people) OpenLink(token string, _ time.Time) (string, error) {
	if id, ok := strings.CutPrefix(token, "link-"); ok {
		return id, nil
	}
	return "", errors.New("This link is too old. Open the incident's page instead.") //nolint:staticcheck // words for a person
}

// FormToken names its subject: what a real one signs.
func (p *people) FormToken(subject string, _ time.Time) string { return "good " + subject }

func (p *people) CheckForm(token, subject string, _ time.Time) error {
	if token != "good "+subject {
		return errors.New("not the token of " + subject)
	}
	return nil
}

// world is a router's pages with a store and people.
type world struct {
	*people
	store  *store.Store
	hub    *web.Hub
	lib    *runbook.Library
	site   http.Handler // served where the browser sees it, prefix included
	public http.Handler
}

// newWorld returns the pages below prefix, which is empty or "/router".
func newWorld(t *testing.T, prefix string) *world {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "r.db"), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	lib, err := runbook.Load(fstest.MapFS{"ShopErrors.md": {Data: []byte(
		"---\ndrill: payments-errors\nrepairs: [rollback --service=payments]\n---\n# ShopErrors\n\n## Meaning\n\nUsers see errors. More.\n")},
		"Undrilled.md": {Data: []byte("---\nnot_drilled: it <always> fires\n---\n# Undrilled\n")}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{store: st, hub: web.NewHub(), lib: lib}
	w.people = &people{store: st, hub: w.hub}
	o := web.Options{
		Store: st, Runbooks: lib, Log: slog.New(slog.DiscardHandler), Actions: w.people, Hub: w.hub,
		ExternalURL: &url.URL{Scheme: "http", Host: "localhost", Path: prefix + "/"},
	}
	site, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	public, err := web.Public(o)
	if err != nil {
		t.Fatal(err)
	}
	w.site, w.public = http.StripPrefix(prefix, site), http.StripPrefix(prefix, public)
	return w
}

// open stores an incident that fires, with its messages.
func (w *world) open(t *testing.T, inc store.Incident, messages ...alert.Notification) {
	t.Helper()
	for i := range messages {
		messages[i].Incident = inc.ID
	}
	g := alert.Group{GroupKey: inc.GroupKey, Status: inc.Status, NotificationReason: "first notification"}
	err := w.store.Accept(t.Context(), g, inc.StartedAt, func(store.GroupState) (store.Change, error) {
		return store.Change{Outcome: "told", Incident: &inc, Notifications: messages}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkout(now time.Time) store.Incident {
	return store.Incident{
		ID: "c1", GroupKey: "c1", Nth: 1, Status: alert.Firing, Severity: alert.Critical, AlertName: "ShopErrors", Service: "shop",
		Title: "Customers get errors on /checkout.", RunbookURL: "http://localhost/router/runbooks/ShopErrors",
		Alerts: 2, StartedAt: now, UpdatedAt: now,
	}
}

func choice() []router.Choice {
	return []router.Choice{
		{Name: "group", Text: "ShopErrors on shop", Muted: []string{"ShopErrors /checkout", "ShopErrors /"}, Others: []string{"OrdersSlow"}},
		{Name: "service", Text: "everything on shop", Muted: []string{"ShopErrors /checkout", "ShopErrors /", "OrdersSlow"}},
	}
}

// renamed gives an incident another title.
func renamed(title string) func(store.Incident) (store.Change, error) {
	return func(inc store.Incident) (store.Change, error) {
		inc.Title = title
		return store.Change{Incident: &inc}, nil
	}
}
