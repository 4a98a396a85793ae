package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Path: path, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// enqueue stores one open incident for group key with the given messages.
func enqueue(t *testing.T, st *store.Store, key string, at time.Time, ids ...string) {
	t.Helper()
	inc := store.Incident{ID: "inc-" + key, GroupKey: key, Status: alert.Firing, StartedAt: at, UpdatedAt: at}
	var list []alert.Notification
	for _, id := range ids {
		list = append(list, alert.Notification{ID: id, Incident: inc.ID, Receiver: "phone", Status: alert.Firing, GroupKey: key, CreatedAt: at})
	}
	err := st.Accept(t.Context(), alert.Group{GroupKey: key}, at, func(store.GroupState) (store.Change, error) {
		return store.Change{Incident: &inc, Notifications: list}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func lease(t *testing.T, st *store.Store, now time.Time) string {
	t.Helper()
	n, ok, err := st.Lease(t.Context(), "phone", now, now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%s/%d", n.ID, n.Attempts)
}

func TestLease(t *testing.T) {
	t.Parallel()
	st := open(t, filepath.Join(t.TempDir(), "r.db"))
	enqueue(t, st, "g1", t0, "a", "b")
	enqueue(t, st, "g2", t0.Add(time.Second), "c")
	if got := lease(t, st, t0.Add(-time.Second)); got != "-" {
		t.Errorf("before it is due: leased %s", got)
	}
	if got := lease(t, st, t0); got != "a/1" {
		t.Errorf("first lease = %s, want a/1", got)
	}
	if got := lease(t, st, t0.Add(time.Second)); got != "c/1" {
		t.Errorf("b must wait for a of the same incident: leased %s, want c/1", got)
	}
	if got := lease(t, st, t0.Add(time.Minute)); got != "a/2" {
		t.Errorf("after the lease ended: leased %s, want a/2", got)
	}
	// The first attempt's answer comes late: its lease is gone.
	stale := alert.Notification{ID: "a", Attempts: 1}
	if err := errors.Join(st.Retry(t.Context(), stale, t0, errors.New("late")), st.Dead(t.Context(), stale, errors.New("late"))); err != nil {
		t.Fatal(err)
	}
	if got := lease(t, st, t0.Add(90*time.Second)); got != "c/2" {
		t.Errorf("a late answer freed the lease: leased %s, want c/2", got)
	}
	if err := st.Delivered(t.Context(), "a", t0, alert.Receipt{}); err != nil {
		t.Fatal(err)
	}
	due, ok, err := st.NextDue(t.Context(), "phone")
	if err != nil || !ok || !due.Equal(t0) {
		t.Errorf("NextDue = %v, %v, %v; want b's %v", due, ok, err, t0)
	}
	if got := lease(t, st, t0.Add(90*time.Second)); got != "b/1" {
		t.Errorf("after a: leased %s, want b/1", got)
	}
	if n, err := st.Recover(t.Context(), t0); err != nil || n != 2 {
		t.Errorf("Recover = %d, %v; want the 2 leases of b and c", n, err)
	}
}

func TestEnqueueTwiceKeepsTheFirst(t *testing.T) {
	t.Parallel()
	st := open(t, filepath.Join(t.TempDir(), "r.db"))
	enqueue(t, st, "g1", t0, "a")
	if err := st.Delivered(t.Context(), "a", t0, alert.Receipt{}); err != nil {
		t.Fatal(err)
	}
	enqueue(t, st, "g1", t0, "a")
	list, err := st.Messages(t.Context(), 0)
	if err != nil || len(list) != 1 || list[0].State != alert.Delivered {
		t.Errorf("Messages = %+v, %v; want the one delivered", list, err)
	}
}

func TestOneBadWriteSpoilsNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := open(t, filepath.Join(t.TempDir(), "r.db"))
		bad := errors.New("bad")
		gate := make(chan struct{})
		var wg sync.WaitGroup
		// The first write holds the writer until all others wait: they share a transaction.
		wg.Go(func() {
			if err := store.Hold(t.Context(), st, gate); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for i := range 20 {
			wg.Go(func() {
				key := fmt.Sprint("g", i)
				err := st.Accept(t.Context(), alert.Group{GroupKey: key}, t0, func(store.GroupState) (store.Change, error) {
					inc := store.Incident{ID: key, GroupKey: key, Status: alert.Firing}
					if i%2 == 1 {
						inc.Status = "neither" // refused by the schema, after the webhook's row was written
					}
					if i == 4 {
						return store.Change{}, bad
					}
					return store.Change{Incident: &inc}, nil
				})
				if want := i%2 == 1 || i == 4; (err != nil) != want {
					t.Errorf("write %d = %v, want an error: %v", i, err, want)
				}
				if i == 4 && !errors.Is(err, bad) {
					t.Errorf("write 4 = %v, want its own error", err)
				}
			})
		}
		synctest.Wait()
		close(gate)
		wg.Wait()
		incidents, err := st.Incidents(t.Context(), 0)
		if err != nil || len(incidents) != 9 {
			t.Errorf("%d incidents, %v; want 9", len(incidents), err)
		}
		webhooks, err := st.Webhooks(t.Context(), 0)
		if err != nil || len(webhooks) != 9 {
			t.Errorf("%d webhooks, %v; want 9: a refused write leaves nothing", len(webhooks), err)
		}
	})
}

func TestCancelledWriteSpoilsNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "r.db"), NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("the caller left")
		cancel(gone)
		if err := st.Check(ctx, t0); !errors.Is(err, gone) {
			t.Errorf("Check = %v, want the caller's cause", err)
		}
		if err := st.Check(t.Context(), t0); err != nil {
			t.Errorf("Check after it = %v", err)
		}
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	st := open(t, filepath.Join(t.TempDir(), "r.db"))
	if err := errors.Join(st.Close(), st.Close()); err != nil {
		t.Fatal(err)
	}
	if err := st.Check(t.Context(), t0); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Check after Close = %v, want ErrClosed", err)
	}
}

func TestOpenTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "r.db")
	first := open(t, path)
	_, err := store.Open(t.Context(), store.Options{Path: path})
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("second Open = %v, want ErrLocked with the path", err)
	}
	enqueue(t, first, "g1", t0, "a")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	if list, err := again.Messages(t.Context(), 0); err != nil || len(list) != 1 {
		t.Errorf("after reopening: %d messages, %v; want 1", len(list), err)
	}
}

func TestOpenRejects(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("not a database, and longer than the hundred bytes of SQLite's header, so that it cannot be taken for an empty one"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, path, want string }{
		{"no path", "", "path is empty"},
		{"folder is a file", filepath.Join(file, "sub", "r.db"), filepath.Join(file, "sub")},
		{"not a database", file, "file is not a database"},
		{"a folder", dir, dir},
	} {
		if _, err := store.Open(t.Context(), store.Options{Path: tt.path}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Open = %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

func TestOpenPathWithAnyCharacter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "50% of #1 & more?", "r.db")
	enqueue(t, open(t, path), "g1", t0, "a")
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is elsewhere: %v", err)
	}
}

func TestTicket(t *testing.T) {
	t.Parallel()
	st := open(t, filepath.Join(t.TempDir(), "r.db"))
	put := func(id string, status alert.Status) {
		t.Helper()
		n := alert.Notification{ID: id, Incident: "i1", Status: status, Title: "Disk fills", Text: "text " + id}
		if err := st.PutTicket(t.Context(), n, t0); err != nil {
			t.Fatal(err)
		}
	}
	put("a", alert.Firing)
	put("b", alert.Firing)
	put("b", alert.Firing)
	put("c", alert.Resolved)
	put("c", alert.Resolved)
	got, err := st.Ticket(t.Context(), "i1")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range got.Entries {
		kinds = append(kinds, e.Kind)
	}
	if s := strings.Join(kinds, " "); s != "opened changed closed" || got.State != store.TicketClosed || got.Number != 1 {
		t.Errorf("ticket %d is %s with %q", got.Number, got.State, s)
	}
	if _, err := st.Ticket(t.Context(), "nope"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Ticket(nope) = %v, want ErrNotFound", err)
	}
}

func TestATicketIsReopened(t *testing.T) {
	t.Parallel()
	st := open(t, filepath.Join(t.TempDir(), "r.db"))
	put := func(id, incident string, status alert.Status, at time.Time) {
		t.Helper()
		n := alert.Notification{ID: id, Incident: incident, GroupKey: "g", Status: status, Title: "Disk fills"}
		if err := st.PutTicket(t.Context(), n, at); err != nil {
			t.Fatal(err)
		}
	}
	put("a", "i1", alert.Firing, t0)
	put("b", "i1", alert.Resolved, t0.Add(time.Hour))
	put("c", "i2", alert.Firing, t0.Add(2*24*time.Hour))
	put("d", "i2", alert.Resolved, t0.Add(3*24*time.Hour))
	put("e", "i3", alert.Firing, t0.Add(7*24*time.Hour))
	tickets, err := st.Tickets(t.Context(), 0)
	if err != nil || len(tickets) != 2 || tickets[0].ID != "i3" || tickets[0].State != store.TicketOpen {
		t.Fatalf("tickets = %+v, %v; want that of i1 and a new one of i3", tickets, err)
	}
	first, err := st.Ticket(t.Context(), "i1")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range first.Entries {
		kinds = append(kinds, e.Kind)
	}
	if got := strings.Join(kinds, " "); got != "opened closed reopened closed" {
		t.Errorf("the first ticket: %s", got)
	}
}

func TestPutSMSOnce(t *testing.T) {
	t.Parallel()
	st := open(t, filepath.Join(t.TempDir(), "r.db"))
	for _, text := range []string{"first", "again"} {
		if err := st.PutSMS(t.Context(), alert.Notification{ID: "m1", Text: text}, t0); err != nil {
			t.Fatal(err)
		}
	}
	got, err := st.SMS(t.Context(), 0)
	if err != nil || len(got) != 1 || got[0].Message.Text != "first" || !got[0].At.Equal(t0) {
		t.Errorf("SMS = %+v, %v; want the first only", got, err)
	}
}

func TestLinesKeepTheLast500(t *testing.T) {
	t.Parallel()
	st := open(t, filepath.Join(t.TempDir(), "r.db"))
	for i := range 60 {
		if err := st.PutLines(t.Context(), fmt.Sprint("n", i), t0, strings.Split(strings.Repeat("x\n", 9)+"x", "\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.PutLines(t.Context(), "n59", t0, []string{"again"}); err != nil {
		t.Fatal(err)
	}
	lines, err := st.Lines(t.Context(), 0)
	if err != nil || len(lines) != 500 || lines[0].Text != "x" {
		t.Errorf("%d lines, newest %q, %v; want 500", len(lines), lines[0].Text, err)
	}
}

// One durable accept with one message, by many senders at once.
func BenchmarkAccept(b *testing.B) {
	st, err := store.Open(b.Context(), store.Options{Path: filepath.Join(b.TempDir(), "r.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	var next atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			key := fmt.Sprint("g", next.Add(1))
			err := st.Accept(b.Context(), alert.Group{GroupKey: key}, t0, func(store.GroupState) (store.Change, error) {
				inc := store.Incident{ID: key, GroupKey: key, Status: alert.Firing}
				n := alert.Notification{ID: key, Incident: key, Receiver: "phone", Status: alert.Firing, GroupKey: key, CreatedAt: t0}
				return store.Change{Incident: &inc, Notifications: []alert.Notification{n}}, nil
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
}
