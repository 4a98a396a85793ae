package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// maxBatch bounds one transaction, so that the first caller in it does not
// wait for all the others of a storm.
const maxBatch = 128

// write is one caller's part of a transaction. fn runs in the writer's
// goroutine: it must not block on anything but the database. It may run twice.
type write struct {
	ctx    context.Context
	fn     func(context.Context, *txn) error
	then   func() // runs once the write has ended, also if its caller has left; may be nil
	err    error
	answer chan error // buffered: a caller that left does not stop the writer
}

// end tells everybody that the write has ended.
func (w *write) end() {
	if w.then != nil {
		w.then()
	}
	w.answer <- w.err
}

// do runs fn in a transaction and returns after the commit. When ctx ends
// first, the write may still happen: callers repeat what they do not know.
func (s *Store) do(ctx context.Context, fn func(context.Context, *txn) error) error {
	return s.doThen(ctx, fn, nil)
}

// doThen is do; then runs once the write has ended or is given up, before do
// returns or after.
func (s *Store) doThen(ctx context.Context, fn func(context.Context, *txn) error, then func()) error {
	w := &write{ctx: ctx, fn: fn, then: then, answer: make(chan error, 1)}
	select {
	case s.writes <- w:
	case <-s.quit:
		w.err = ErrClosed
		w.end()
	case <-ctx.Done():
		w.err = context.Cause(ctx)
		w.end()
	}
	select {
	case err := <-w.answer:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// writer is the one goroutine that writes.
func (s *Store) writer() {
	for {
		select {
		case <-s.quit:
			return
		case w := <-s.writes:
			batch := s.collect(w)
			s.commit(batch)
			for _, w := range batch {
				w.end()
			}
			s.grown(len(batch))
		}
	}
}

// A commit waits for the writes that are on their way: it costs as much as several of
// them, so that one for all is sooner done than one for half of them and another
// one for the rest. It waits as long as one follows another within gap, and for
// gather at most. Where nobody waits for the disk a commit costs little, and in
// virtual time a wait that depends on who comes first would make runs differ.
const (
	gap    = 200 * time.Microsecond
	gather = 2 * time.Millisecond
)

// collect adds the writes that wait already, and those that are on their way. During
// a commit the callers queue up on the channel, so the slower the disk, the larger
// the next batch.
func (s *Store) collect(first *write) []*write {
	batch := []*write{first}
	var next *time.Timer // nil: nobody was waited for yet
	var began time.Time
	for len(batch) < maxBatch {
		select {
		case w := <-s.writes:
			batch = append(batch, w)
			continue
		default:
		}
		if s.noSync || len(batch) >= int(s.arriving.Load()) {
			return batch
		}
		if next == nil {
			began, next = time.Now(), time.NewTimer(gap)
			defer next.Stop()
		} else if left := gather - time.Since(began); left > 0 {
			next.Reset(min(gap, left))
		} else {
			return batch
		}
		select {
		case w := <-s.writes:
			batch = append(batch, w)
		case <-next.C:
			return batch
		}
	}
	return batch
}

// Arrive says that a call of Accept is about to come, so that the commit before it
// may wait for it. leave must be called once the call has ended.
func (s *Store) Arrive() (leave func()) {
	s.arriving.Add(1)
	return func() { s.arriving.Add(-1) }
}

// commit runs the batch in one transaction. If that fails, each write gets one of
// its own, so that a bad one spoils no other: cheaper than a savepoint for each,
// because writes hardly ever fail.
func (s *Store) commit(batch []*write) {
	if s.transact(batch) == nil {
		return
	}
	failed := false
	for _, w := range batch {
		w.err = s.alone(w)
		failed = failed || w.err != nil && w.ctx.Err() == nil
	}
	if failed {
		s.makeRoom()
	}
}

func (s *Store) alone(w *write) error {
	w.err = nil
	if err := s.transact([]*write{w}); err != nil {
		return err
	}
	return w.err
}

// transact runs the batch in one transaction; after an error nothing of it was
// written. Callers that have left are told so in their write.
func (s *Store) transact(batch []*write) (err error) {
	// No caller's ctx: one caller that leaves must not roll back the others.
	ctx := context.Background()
	if err := s.txn.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer func() {
		if err != nil { // a full disk may have rolled back by itself
			_ = s.txn.exec(ctx, "ROLLBACK")
		}
	}()
	for _, w := range batch {
		if w.err = context.Cause(w.ctx); w.err != nil {
			continue
		}
		if err := w.fn(ctx, s.txn); err != nil {
			return err
		}
	}
	if err := s.txn.exec(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// txn is the writer's connection. It prepares each statement once: preparing
// costs more than running most of them. Only the writer uses it.
type txn struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // :: query
}

func (t *txn) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := t.stmts[query]; ok {
		return st, nil
	}
	st, err := t.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	t.stmts[query] = st
	return st, nil
}

// ExecContext runs a statement.
func (t *txn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, err := t.prepare(ctx, query) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

// QueryContext runs a query.
func (t *txn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := t.prepare(ctx, query) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

// scan runs a query for one row and reads it; sql.ErrNoRows if there is none.
func (t *txn) scan(ctx context.Context, query string, args []any, dest ...any) error {
	st, err := t.prepare(ctx, query) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return err
	}
	return st.QueryRowContext(ctx, args...).Scan(dest...)
}

func (t *txn) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.ExecContext(ctx, query, args...)
	return err
}

func (t *txn) close() error {
	if t == nil {
		return nil
	}
	for _, st := range t.stmts {
		_ = st.Close() // it goes with the connection
	}
	return t.conn.Close()
}
