// Package cache keeps folders of files that can be made anew, on disk, each under the
// name of what it was made from. Package replay keeps histories in one. It knows
// nothing of what is in the folders: a broken one is made anew.
package cache

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// sums is the file in a folder that lists all others with their checksums. It is
	// written last, so a folder without it is not complete.
	sums = "SHA256SUMS"
	// content is the folder within an entry that whoever made it has filled.
	content = "content"
	// unfinished begins the names of folders that are being made.
	unfinished = "making-"
	// young is how long an entry is left alone after its last use: another process may
	// be reading it.
	young = time.Hour
)

// Store keeps at most Max entries in the folder Dir, which is made when it is needed. It
// is safe for concurrent use, also by several processes.
type Store struct {
	Dir string
	// Max is how many entries are kept: those that were used last. Zero means all.
	Max int

	making singleflight.Group
}

// Get returns the folder kept under the key, which must be a plain file name. If there
// is none, or not as it was written, create fills an empty one that takes its place.
func (s *Store) Get(ctx context.Context, key string, create func(ctx context.Context, dir string) error) (string, error) {
	_, err, _ := s.making.Do(key, func() (any, error) { return nil, s.ensure(ctx, key, create) })
	if err != nil {
		return "", err
	}
	return filepath.Join(s.Dir, key, content), nil
}

func (s *Store) ensure(ctx context.Context, key string, create func(context.Context, string) error) error {
	entry := filepath.Join(s.Dir, key)
	if whole(entry) {
		return touch(entry)
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("create cache: %w", err)
	}
	tmp, err := os.MkdirTemp(s.Dir, unfinished)
	if err != nil {
		return fmt.Errorf("create cache entry: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }() // renamed by then, or useless
	if err := fill(ctx, tmp, create); err != nil {
		return err
	}
	if err := replace(tmp, entry); err != nil {
		return err
	}
	return s.prune(time.Now())
}

func fill(ctx context.Context, entry string, create func(context.Context, string) error) error {
	dir := filepath.Join(entry, content)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("create cache entry: %w", err)
	}
	if err := create(ctx, dir); err != nil {
		return err
	}
	found, err := checksums(dir)
	if err != nil {
		return fmt.Errorf("read cache entry: %w", err)
	}
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(&list, "%s  %s\n", found[name], name)
	}
	if err := os.WriteFile(filepath.Join(entry, sums), []byte(list.String()), 0o644); err != nil {
		return fmt.Errorf("write cache entry: %w", err)
	}
	return nil
}

// replace moves tmp to entry. Whoever was quicker has made the same.
func replace(tmp, entry string) error {
	if os.Rename(tmp, entry) == nil || whole(entry) {
		return nil
	}
	if err := os.RemoveAll(entry); err != nil {
		return fmt.Errorf("remove broken cache entry: %w", err)
	}
	if err := os.Rename(tmp, entry); err != nil && !whole(entry) {
		return fmt.Errorf("write cache entry: %w", err)
	}
	return nil
}

// whole reports whether an entry has exactly the files that it was made with.
func whole(entry string) bool {
	list, err := os.Open(filepath.Join(entry, sums))
	if err != nil {
		return false
	}
	defer func() { _ = list.Close() }() // only read
	want := map[string]string{}
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			return false
		}
		want[name] = sum
	}
	got, err := checksums(filepath.Join(entry, content))
	return lines.Err() == nil && err == nil && maps.Equal(want, got)
}

// checksums returns those of all files below dir, by their path in it.
func checksums(dir string) (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // only read
		hash := sha256.New()
		if _, err := io.Copy(hash, f); err != nil {
			return err
		}
		found[filepath.ToSlash(strings.TrimPrefix(name, dir+string(filepath.Separator)))] = hex.EncodeToString(hash.Sum(nil))
		return nil
	})
	return found, err
}

// touch notes that an entry was used now.
func touch(entry string) error {
	now := time.Now()
	if err := os.Chtimes(entry, now, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("mark cache entry as used: %w", err)
	}
	return nil
}

// prune removes the entries that were used longest ago, beyond Max, and what an
// interrupted process has left unfinished for a day.
func (s *Store) prune(now time.Time) error {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return fmt.Errorf("list cache: %w", err)
	}
	type used struct {
		name string
		at   time.Time
	}
	var kept []used
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // somebody else removed it
		}
		switch {
		case !strings.HasPrefix(e.Name(), unfinished):
			kept = append(kept, used{e.Name(), info.ModTime()})
		case now.Sub(info.ModTime()) > 24*time.Hour:
			errs = append(errs, os.RemoveAll(filepath.Join(s.Dir, e.Name())))
		}
	}
	slices.SortFunc(kept, func(a, b used) int { return b.at.Compare(a.at) })
	for i, e := range kept {
		if s.Max > 0 && i >= s.Max && now.Sub(e.at) > young {
			errs = append(errs, os.RemoveAll(filepath.Join(s.Dir, e.name)))
		}
	}
	return errors.Join(errs...)
}
