package logline_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"goldensignals/internal/receiver/logline"
)

func TestFileIsRotated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "alerts.log")
	f, err := (&logline.Config{File: path}).Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, "one\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, f, "two\n")
	if err := f.Reopen(); err != nil {
		t.Fatal(err)
	}
	write(t, f, "three\n")
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if got := read(t, path+".1"); got != "one\ntwo\n" {
		t.Errorf("rotated file = %q", got)
	}
	if got := read(t, path); got != "three\n" {
		t.Errorf("file = %q", got)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&^0o640 != 0 || info.Mode().Perm()&0o600 != 0o600 {
		t.Errorf("mode = %v, %v; want at most 0640", info.Mode(), err)
	}
	if _, err := f.Write([]byte("late\n")); err == nil {
		t.Error("Write after Close is no error")
	}
	if err := f.Reopen(); err == nil {
		t.Error("Reopen after Close is no error")
	}
}

func TestFileSurvivesAReopenThatFails(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := logline.OpenFile(filepath.Join(dir, "alerts.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Rename(dir, dir+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(); err == nil {
		t.Fatal("Reopen without a folder is no error")
	}
	write(t, f, "kept\n")
	if got := read(t, filepath.Join(dir+".moved", "alerts.log")); got != "kept\n" {
		t.Errorf("old file = %q, want the line", got)
	}
}

func TestFileLosesNoLineToConcurrentReopens(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "alerts.log")
	f, err := logline.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const writers, lines = 4, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range lines {
				if _, err := fmt.Fprintf(f, "writer %d line %d\n", w, i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 20 {
		if err := os.Rename(path, fmt.Sprintf("%s.%d", path, i)); err != nil {
			t.Error(err)
		}
		if err := f.Reopen(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	f.Close()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range files {
		for line := range strings.Lines(read(t, name)) {
			seen[line] = true
		}
	}
	if len(seen) != writers*lines {
		t.Errorf("%d different lines in %d files, want %d", len(seen), len(files), writers*lines)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	f, err := (&logline.Config{}).Open(&out)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(); err != nil {
		t.Errorf("Reopen of stdout = %v", err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("Close of stdout = %v", err)
	}
	write(t, f, "line\n")
	if out.String() != "line\n" {
		t.Errorf("stdout = %q", out.String())
	}
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "no", "file")} {
		if err := (&logline.Config{File: path}).Validate(); err == nil || !strings.HasPrefix(err.Error(), "file: ") {
			t.Errorf("Validate(%q) = %v, want an error that names the field", path, err)
		}
	}
}

func write(t *testing.T, f *logline.File, s string) {
	t.Helper()
	if _, err := f.Write([]byte(s)); err != nil {
		t.Error(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
