package ticket

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"goldensignals/internal/alert"
)

// Tracker is a ticket system. Its errors carry the marks of package alert. It is
// safe for concurrent use.
type Tracker interface {
	// Name is what receipts name it, such as "github".
	Name() string
	// Find returns the latest tickets with the key, newest first; ten are enough.
	Find(ctx context.Context, key string) ([]Issue, error)
	// Create opens a ticket that Find finds by its key.
	Create(ctx context.Context, d Draft) (Issue, error)
	// Comment adds an entry.
	Comment(ctx context.Context, i Issue, e Entry) error
	// Texts returns the description of i and at least those of its comments that
	// were written since the given time, as the marks are looked for in them.
	Texts(ctx context.Context, i Issue, since time.Time) ([]string, error)
	// Close closes an open ticket as done, Reopen opens a closed one.
	Close(ctx context.Context, i Issue) error
	Reopen(ctx context.Context, i Issue) error
}

// Issue is a ticket as the tracker has it.
type Issue struct {
	ID       string // the tracker's own, as people write it
	URL      string // where a person can look at it
	Open     bool
	ClosedAt time.Time // zero while open, and where the tracker does not tell
	WontFix  bool      // a person closed it with "won't fix"
}

// Entry is what is told once in a ticket.
type Entry struct {
	Document Document
	Mark     Mark
}

// Draft is a ticket to be opened.
type Draft struct {
	Key   string
	Title string // one line
	Entry Entry
}

// policy is what the configuration decides.
type policy struct {
	closes       bool // a resolved alert group closes its ticket
	reopenWithin time.Duration
}

// Tracked is the receiver that keeps one ticket for each alert group in a
// tracker. It is safe for concurrent use.
//
// What it does once: a repeated Send of the same notification finds the mark of
// the first in the ticket and does only what is missing. What that cannot cover:
// if the answer to the creation of a ticket is lost and the tracker's search does
// not know the ticket yet when Send is repeated, a second one is opened. Jira
// Cloud's search is late by seconds, so it is tried again after 30 s at the
// earliest; the others list from their database. Within one process, messages
// about one alert group wait for each other. Two routers that file into the same
// tracker at the same moment may open two tickets; all later messages go to the
// newer one, and a person closes the other.
type Tracked struct {
	name    string
	tracker Tracker
	policy  policy
	log     *slog.Logger
	close   func()
	keys    keyLocks
}

// Name returns the receiver's name.
func (t *Tracked) Name() string { return t.name }

// Type returns "ticket".
func (t *Tracked) Type() string { return "ticket" }

// Close closes idle connections. The receiver can still be used.
func (t *Tracked) Close() { t.close() }

// Compose returns n with the text of the ticket's next entry, which every
// attempt renders in the same way.
func (t *Tracked) Compose(n alert.Notification, alerts []alert.Alert) alert.Notification {
	n.Text = Describe(n, alerts).String()
	return n
}

// clockSkew is how much earlier than the notification a comment about it may be
// dated: the tracker has a clock of its own.
const clockSkew = time.Hour

// Send brings the ticket of n's alert group in line with n: it opens, reopens,
// comments or closes. The receipt names the ticket, also if nothing was done.
func (t *Tracked) Send(ctx context.Context, n alert.Notification) (alert.Receipt, error) {
	key := Key(n.GroupKey)
	unlock, err := t.keys.lock(ctx, key)
	if err != nil {
		return alert.Receipt{}, fmt.Errorf("wait for the ticket's last message: %w", err)
	}
	defer unlock()
	issues, err := t.tracker.Find(ctx, key)
	if err != nil {
		return alert.Receipt{}, fmt.Errorf("find ticket %s in %s: %w", key, t.tracker.Name(), err)
	}
	issue, found := choose(issues)
	var told []Mark
	if found && n.Attempts > 1 {
		texts, err := t.tracker.Texts(ctx, issue, n.CreatedAt.Add(-clockSkew))
		if err != nil {
			return alert.Receipt{}, fmt.Errorf("read ticket %s: %w", issue.ID, err)
		}
		for _, text := range texts {
			told = append(told, marksIn(text)...)
		}
	}
	steps := t.policy.decide(markOf(n), issue, found, told, time.Now())
	for _, s := range steps {
		if issue, err = t.take(ctx, s, issue, n); err != nil {
			return alert.Receipt{}, fmt.Errorf("%s ticket %s: %w", s, issue.ID, err)
		}
	}
	if issue.WontFix && len(steps) == 0 {
		t.log.Info("ticket is closed as won't fix, nothing is opened", "receiver", t.name, "notification", n.ID, "ticket", issue.ID)
	}
	return alert.Receipt{ID: issue.ID, Provider: t.tracker.Name(), URL: issue.URL}, nil
}

func (t *Tracked) take(ctx context.Context, s step, i Issue, n alert.Notification) (Issue, error) {
	entry := Entry{ParseDocument(n.Text), markOf(n)}
	switch s {
	case create:
		i, err := t.tracker.Create(ctx, Draft{Key(n.GroupKey), title(n), entry})
		return i, err
	case comment:
		return i, t.tracker.Comment(ctx, i, entry)
	case reopen:
		return i, t.tracker.Reopen(ctx, i)
	default:
		return i, t.tracker.Close(ctx, i)
	}
}

// title returns one line that is never empty.
func title(n alert.Notification) string {
	for _, s := range []string{n.Title, n.AlertName} {
		if s = oneLine(s); s != "" {
			return cut(s, maxTitle)
		}
	}
	return "Alert"
}

// choose returns the ticket that messages go to: the newest open one, or the
// newest.
func choose(newestFirst []Issue) (Issue, bool) {
	for _, i := range newestFirst {
		if i.Open {
			return i, true
		}
	}
	if len(newestFirst) == 0 {
		return Issue{}, false
	}
	return newestFirst[0], true
}

// step is one change of a ticket; its text is the verb of an error.
type step string

const (
	create  step = "open"
	comment step = "comment"
	reopen  step = "reopen"
	finish  step = "close"
)

// decide returns what m means for the ticket, in order. told are the marks that
// the ticket has; they are looked up for repeated attempts only. A comment is
// the last step of a firing one, so that its mark says that all is done; the end
// is told before the ticket is closed, where people look last.
func (p policy) decide(m Mark, i Issue, found bool, told []Mark, now time.Time) []step {
	var isTold, firesAgain bool
	for _, t := range told {
		isTold = isTold || t.ID == m.ID && t.At.Equal(m.At) // a router that lost its store counts from the beginning
		firesAgain = firesAgain || t.Status == alert.Firing && t.At.After(m.At)
	}
	if m.Status == alert.Resolved {
		var steps []step
		if !found || !i.Open {
			return nil // people closed it: there is nothing to add
		}
		if !isTold {
			steps = append(steps, comment)
		}
		// A late message about the incident before must not close this one's.
		if p.closes && !firesAgain {
			steps = append(steps, finish)
		}
		return steps
	}
	switch {
	case isTold:
		return nil
	case !found:
		return []step{create}
	case i.Open:
		return []step{comment}
	case i.WontFix:
		return nil
	case p.reopenWithin > 0 && !i.ClosedAt.IsZero() && now.Sub(i.ClosedAt) <= p.reopenWithin:
		return []step{reopen, comment}
	}
	return []step{create}
}

// keyLocks lets one caller at a time have a key. The zero value is ready.
type keyLocks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // key -> closed when it is free
}

// lock waits for key until ctx is done. The caller calls unlock once.
func (l *keyLocks) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		free, ok := l.try(key)
		if ok {
			return func() { l.unlock(key) }, nil
		}
		select {
		case <-free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (l *keyLocks) try(key string) (free chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if free, held := l.held[key]; held {
		return free, false
	}
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	l.held[key] = make(chan struct{})
	return nil, true
}

func (l *keyLocks) unlock(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.held[key])
	delete(l.held, key)
}
