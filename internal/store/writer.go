package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// maxBatch bounds one transaction, so that the first caller in it does not
// wait for all the others of a storm.
const maxBatch = 128

// write is one caller's part of a transaction. fn runs in the writer's
// goroutine: it must not block on anything but the database.
type write struct {
	ctx    context.Context
	fn     func(context.Context, *sql.Tx) error
	err    error
	answer chan error // buffered: a caller that left does not stop the writer
}

// do runs fn in a transaction and returns after the commit. When ctx ends
// first, the write may still happen: callers repeat what they do not know.
func (s *Store) do(ctx context.Context, fn func(context.Context, *sql.Tx) error) error {
	w := &write{ctx: ctx, fn: fn, answer: make(chan error, 1)}
	select {
	case s.writes <- w:
	case <-s.quit:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
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
	defer close(s.done)
	for {
		select {
		case <-s.quit:
			return
		case w := <-s.writes:
			batch := s.collect(w)
			err := s.commit(batch)
			for _, w := range batch {
				if err != nil && w.err == nil {
					w.err = err
				}
				w.answer <- w.err
			}
		}
	}
}

// collect adds the writes that wait already. During a commit the callers queue
// up on the channel, so the slower the disk, the larger the next batch.
func (s *Store) collect(first *write) []*write {
	batch := []*write{first}
	for len(batch) < maxBatch {
		select {
		case w := <-s.writes:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the batch in one transaction. An error of one write stays in
// that write; an error returned here means that nothing was written.
func (s *Store) commit(batch []*write) error {
	// No caller's ctx: one caller that leaves must not roll back the others.
	ctx := context.Background()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // no-op after Commit
	for _, w := range batch {
		if w.ctx.Err() != nil {
			w.err = context.Cause(w.ctx)
			continue
		}
		if err := runSaved(ctx, tx, w); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// runSaved runs one write inside a savepoint and undoes it alone if it fails.
// The error it returns spoils the whole transaction.
func runSaved(ctx context.Context, tx *sql.Tx, w *write) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT w"); err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	if w.err = w.fn(ctx, tx); w.err != nil {
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO w"); err != nil {
			// A full disk rolls back everything by itself.
			return errors.Join(w.err, fmt.Errorf("roll back savepoint: %w", err))
		}
	}
	if _, err := tx.ExecContext(ctx, "RELEASE w"); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}
