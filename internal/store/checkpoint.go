package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
)

// SQLite would copy its write-ahead log into the database within a commit, where
// everybody waits for it. So the copying is done beside the writer, whenever so
// many writes were made; only a log that has grown in spite of that is copied while
// the writer waits, because it never shrinks otherwise.
const (
	copyEvery  = 512      // writes
	longestWAL = 64 << 20 // bytes
)

// grown counts writes, and asks the checkpointer to copy from time to time. Only
// the writer calls it.
func (s *Store) grown(writes int) {
	if s.uncopied += writes; s.uncopied < copyEvery {
		return
	}
	s.uncopied = 0
	select {
	case s.toCopy <- struct{}{}:
	default: // it is still at it
		s.shorten()
	}
}

// shorten copies the whole log while the writer waits, if it has grown too long.
func (s *Store) shorten() {
	wal, err := os.Stat(s.path + "-wal")
	if err != nil || wal.Size() < longestWAL {
		return // one that cannot be measured is copied at the next opportunity
	}
	if err := checkpoint(s.txn.conn, "RESTART"); err != nil {
		s.log.Warn("shorten the write-ahead log", "bytes", wal.Size(), "err", err)
	}
}

// makeRoom copies the log and cuts it off, after a write has failed: where a disk is
// full, the log may be what fills it.
func (s *Store) makeRoom() {
	if err := checkpoint(s.txn.conn, "TRUNCATE"); err != nil {
		s.log.Warn("make room by emptying the write-ahead log", "err", err)
	}
}

// checkpointer copies the log into the database without hindering anybody.
func (s *Store) checkpointer() {
	for {
		select {
		case <-s.quit:
			return
		case <-s.toCopy:
			if err := checkpoint(s.copier, "PASSIVE"); err != nil {
				s.log.Warn("copy the write-ahead log", "err", err)
			}
		}
	}
}

func checkpoint(conn *sql.Conn, mode string) error {
	var busy, size, copied int
	err := conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &size, &copied)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}
