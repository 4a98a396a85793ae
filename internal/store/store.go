// Package store keeps the router's durable state in one SQLite file: alert
// groups, the outbox of notifications, and what the built-in receivers were
// given. The router and its pages call it. It decides nothing: what a webhook
// means and what is sent to whom is the caller's business.
//
// One goroutine writes. It collects the writes that wait, runs them in one
// transaction, and answers all of them after the commit: a write that returned
// nil is on disk. Reads use a pool of their own and never wait for a write.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// ErrClosed is returned by every write after Close.
var ErrClosed = errors.New("store is closed")

// ErrLocked is returned by Open when another process has the store open.
var ErrLocked = errors.New("store is in use by another process; stop that process, or choose another data folder")

// Options say where the store lives.
type Options struct {
	// Path is the database file. Its folder is created if it is missing; two
	// more files (-wal, -shm) and a lock file appear beside it.
	Path string

	// NoSync leaves out the wait for the disk at every commit. It is for
	// replays and tests only: after a power cut, accepted alerts may be gone.
	NoSync bool

	// Log receives what an operator should know. Nil discards it.
	Log *slog.Logger
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	path   string
	log    *slog.Logger
	noSync bool // Options.NoSync
	lock   *lock
	write  *sql.DB
	txn    *txn      // of the writer
	copier *sql.Conn // of the checkpointer

	uncopied int // writes since the last checkpoint was asked for; the writer's
	read     *sql.DB
	state    *sql.Stmt // groupStateQuery, on the readers' pool
	groups   keyLock   // :: group key -> whoever decides about it
	known    known     // groups that may be stored
	accepted recent[Webhook]
	arriving atomic.Int64 // calls of Accept that are about to come, or under way
	writes   chan *write
	quit     chan struct{}  // closed by Close: no more writes
	ended    sync.WaitGroup // the writer and the checkpointer
	toCopy   chan struct{}  // holds one: the write-ahead log has grown
	once     sync.Once
	err      error // of closing; written once, before Close returns
}

// Open opens or creates the database, brings its schema up to date and starts
// the writer. The caller owns the Store and must Close it.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Path == "" {
		return nil, errors.New("open store: path is empty; name a file, for example data/router.db")
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("open store %q: %w", o.Path, err)
	}
	s := &Store{
		path:   path,
		log:    o.Log,
		noSync: o.NoSync,
		writes: make(chan *write),
		quit:   make(chan struct{}),
		toCopy: make(chan struct{}, 1),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %q: %w", path, err), s.closeFiles())
	}
	s.ended.Go(s.writer)
	s.ended.Go(s.checkpointer)
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := makeWritable(filepath.Dir(s.path)); err != nil {
		return err
	}
	var err error
	if s.lock, err = acquire(ctx, s.path+".lock"); err != nil {
		return err
	}
	sync := "FULL"
	if s.noSync {
		sync = "OFF"
	}
	// Pragmas in the address, not by Exec: an Exec reaches one connection of the pool.
	s.write, err = sql.Open("sqlite", dsn(s.path, url.Values{
		"_pragma": {"busy_timeout(5000)", "page_size(8192)", "journal_mode(WAL)", "synchronous(" + sync + ")", "wal_autocheckpoint(0)"},
		"_txlock": {"immediate"},
	}))
	if err != nil {
		return err
	}
	s.write.SetMaxOpenConns(2) // the writer's and the checkpointer's
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	s.txn = &txn{conn: conn, stmts: make(map[string]*sql.Stmt)}
	if s.copier, err = s.write.Conn(ctx); err != nil {
		return err
	}
	s.read, err = sql.Open("sqlite", dsn(s.path, url.Values{
		"_pragma": {"busy_timeout(5000)", "query_only(1)"},
		"mode":    {"ro"},
	}))
	if err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	if s.state, err = s.read.PrepareContext(ctx, groupStateQuery); err != nil {
		return err
	}
	return s.known.load(ctx, s)
}

// Close waits for the transaction under way, refuses further writes and closes
// the files. It may be called more than once.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.quit)
		s.ended.Wait()
		s.err = s.closeFiles()
	})
	return s.err
}

// closeFiles closes what is open; the lock last, so that nobody enters early.
func (s *Store) closeFiles() error {
	errs := []error{s.txn.close()}
	if s.copier != nil {
		errs = append(errs, s.copier.Close())
	}
	if s.state != nil {
		errs = append(errs, s.state.Close())
	}
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close store %q: %w", s.path, err)
	}
	return nil
}

// Check writes one row durably: it proves that an alert could be accepted now.
func (s *Store) Check(ctx context.Context, now time.Time) error {
	err := s.do(ctx, func(ctx context.Context, tx *txn) error {
		return putFact(ctx, tx, "checked", now)
	})
	if err != nil {
		return fmt.Errorf("check store: %w", err)
	}
	return nil
}

// dsn is the driver's address of a file; the path may hold any character.
func dsn(path string, q url.Values) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return u.String()
}

// makeWritable creates folder dir if it is missing and proves that a file can
// be created there: SQLite alone would say "unable to open database file".
func makeWritable(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("create folder %q: %w; choose a data folder that this user may write to", dir, err)
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("folder %q is not writable: %w; choose a data folder that this user may write to", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
