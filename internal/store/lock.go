package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// lock keeps a second process out. It is an exclusive transaction on a small
// file of its own: SQLite's locks end with the process, however it ends, and
// work the same on every system. The database itself cannot be locked so,
// because the readers need it.
type lock struct {
	db *sql.DB
	tx *sql.Tx
}

func acquire(ctx context.Context, path string) (*lock, error) {
	db, err := sql.Open("sqlite", dsn(path, url.Values{
		"_pragma": {"busy_timeout(0)"},
		"_txlock": {"exclusive"},
	}))
	if err != nil {
		return nil, err
	}
	// Not ctx: the transaction must outlive the call to Open.
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		if isBusy(err) {
			err = ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("lock %q: %w", path, err), db.Close())
	}
	return &lock{db, tx}, nil
}

// Close lets others in.
func (l *lock) Close() error { return errors.Join(l.tx.Rollback(), l.db.Close()) }

func isBusy(err error) bool {
	var se *sqlite.Error
	return errors.As(err, &se) && se.Code()&0xff == sqlite3.SQLITE_BUSY
}
