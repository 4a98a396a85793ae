package cache_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"goldensignals/internal/cache"
)

// maker fills folders and counts how often.
type maker struct{ made atomic.Int32 }

func (m *maker) create(_ context.Context, dir string) error {
	n := m.made.Add(1)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "a"), fmt.Appendf(nil, "made %d", n), 0o600),
		os.WriteFile(filepath.Join(dir, "sub", "b"), []byte("b"), 0o600),
	)
}

// get returns what the file "a" of the entry says.
func get(t *testing.T, s *cache.Store, m *maker) string {
	t.Helper()
	dir, err := s.Get(t.Context(), "key", m.create)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestGetMakesOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	var m maker
	var all sync.WaitGroup
	s := &cache.Store{Dir: dir}
	for range 8 {
		all.Go(func() { get(t, s, &m) })
	}
	all.Wait()
	// Another process, which knows only what is on disk.
	if got := get(t, &cache.Store{Dir: dir}, &m); got != "made 1" || m.made.Load() != 1 {
		t.Errorf("got %q, made %d times; want it made once", got, m.made.Load())
	}
}

func TestBrokenEntryIsMadeAnew(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(entry string) error{
		"changed":       func(e string) error { return os.WriteFile(filepath.Join(e, "content", "a"), []byte("x"), 0o600) },
		"cut off":       func(e string) error { return os.Truncate(filepath.Join(e, "content", "sub", "b"), 0) },
		"missing":       func(e string) error { return os.Remove(filepath.Join(e, "content", "sub", "b")) },
		"one too many":  func(e string) error { return os.WriteFile(filepath.Join(e, "content", "c"), nil, 0o600) },
		"no checksums":  func(e string) error { return os.Remove(filepath.Join(e, "SHA256SUMS")) },
		"foreign sums":  func(e string) error { return os.WriteFile(filepath.Join(e, "SHA256SUMS"), []byte("hello\n"), 0o600) },
		"no content":    func(e string) error { return os.RemoveAll(filepath.Join(e, "content")) },
		"foreign file":  func(e string) error { return errors.Join(os.RemoveAll(e), os.WriteFile(e, []byte("x"), 0o600)) },
		"foreign empty": func(e string) error { return errors.Join(os.RemoveAll(e), os.Mkdir(e, 0o755)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m maker
			s := &cache.Store{Dir: t.TempDir()}
			get(t, s, &m)
			if err := spoil(filepath.Join(s.Dir, "key")); err != nil {
				t.Fatal(err)
			}
			if got := get(t, s, &m); got != "made 2" {
				t.Errorf("got %q, want what was made anew", got)
			}
			if got := get(t, s, &m); got != "made 2" {
				t.Errorf("got %q, want it made no third time", got)
			}
		})
	}
}

func TestWhatCannotBeMadeLeavesNothing(t *testing.T) {
	t.Parallel()
	s := &cache.Store{Dir: t.TempDir()}
	broken := errors.New("no")
	_, err := s.Get(t.Context(), "key", func(_ context.Context, dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "a"), nil, 0o600), broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("Get = %v, want the error of its maker", err)
	}
	if left, err := os.ReadDir(s.Dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v; want nothing", left, err)
	}
}

func TestOldEntriesGo(t *testing.T) {
	t.Parallel()
	s := &cache.Store{Dir: t.TempDir(), Max: 2}
	var m maker
	add := func(key string, age time.Duration) {
		t.Helper()
		if _, err := s.Get(t.Context(), key, m.create); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(s.Dir, key), then, then); err != nil {
			t.Fatal(err)
		}
	}
	add("oldest", 3*time.Hour)
	add("old", 2*time.Hour)
	add("in use", 10*time.Minute)
	if err := os.Mkdir(filepath.Join(s.Dir, "making-1"), 0o755); err != nil {
		t.Fatal(err)
	}
	longAgo := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(filepath.Join(s.Dir, "making-1"), longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	add("new", 0)
	for name, want := range map[string]bool{"oldest": false, "old": false, "in use": true, "new": true, "making-1": false} {
		if _, err := os.Stat(filepath.Join(s.Dir, name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
}
