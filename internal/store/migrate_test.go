package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/store"
)

// A data folder of the version before keeps everything: an open incident with what
// fired and who was told, a message that waits, a ticket.
func TestMigrateFromTheFirstSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "r.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("migrations/0001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	at := t0.UnixNano()
	for _, step := range []struct {
		query string
		args  []any
	}{
		{string(script), nil},
		{`INSERT INTO incident VALUES (1,'i1','g','firing','critical','Down','shop','Down hurts','http://x/',1,1,?,?,0,?)`, []any{at, at, at}},
		{`INSERT INTO span VALUES ('g','fp@x','i1','fp',?,'firing','critical')`, []any{at}},
		{`INSERT INTO notification VALUES (1,'n1','i1','phone','sms','+49','critical','firing','Down','shop','first notification',1,'g','Down hurts','text','http://x/','pending',0,'',?,0,?)`, []any{at, at}},
		{`INSERT INTO ticket VALUES (1,'i1','open','Down hurts','critical','shop','Down','http://x/',?,?,0)`, []any{at, at}},
		{`INSERT INTO ticket_entry VALUES (1,'n0','i1',?,'opened','text')`, []any{at}},
		{`PRAGMA user_version = 1`, nil},
	} {
		if _, err := db.ExecContext(t.Context(), step.query, step.args...); err != nil {
			t.Fatalf("%s: %v", step.query, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	st := open(t, path)
	err = st.Accept(t.Context(), alert.Group{GroupKey: "g"}, t0, func(state store.GroupState) (store.Change, error) {
		if state.Open == nil || state.Open.ID != "i1" || state.Incidents != 1 || len(state.Spans) != 1 || !state.Spans[0].StartsAt.Equal(t0) {
			t.Errorf("group = %+v", state)
		} else if want := (store.Target{Name: "phone", Type: "sms", To: "+49"}); len(state.Open.Told) != 1 || state.Open.Told[0] != want {
			t.Errorf("told = %+v", state.Open.Told)
		}
		return store.Change{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := lease(t, st, t0.Add(time.Second)); got != "n1/1" {
		t.Errorf("leased %s, want the message that waited", got)
	}
	ticket, err := st.Ticket(t.Context(), "i1")
	if err != nil || len(ticket.Entries) != 1 {
		t.Errorf("ticket = %+v, %v", ticket, err)
	}
}
