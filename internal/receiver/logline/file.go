package logline

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"goldensignals/internal/receiver/outbound"
)

// Config says where lines go.
type Config struct {
	File string `yaml:"file,omitempty"` // empty: standard output
}

// Validate returns an outbound.FieldError if the file cannot be where it should.
// It changes nothing.
func (c *Config) Validate() error {
	if c.File == "" {
		return nil
	}
	if info, err := os.Stat(c.File); err == nil && info.IsDir() {
		return outbound.Field("file", "%q is a folder: write the path of a file in it", c.File)
	}
	if info, err := os.Stat(filepath.Dir(c.File)); err != nil || !info.IsDir() {
		return outbound.Field("file", "the folder of %q is not there: make it, owned by the user that the router runs as", c.File)
	}
	return nil
}

// Open returns the File that c describes; with no path it writes to stdout, and
// neither Reopen nor Close touch that. The caller closes it.
func (c *Config) Open(stdout io.Writer) (*File, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.File == "" {
		return &File{w: stdout}, nil
	}
	f, err := OpenFile(c.File)
	if err != nil {
		return nil, outbound.Field("file", "%v", err)
	}
	return f, nil
}

// File appends to a file that can be rotated: move it away, then call Reopen. It
// is safe for concurrent use, and each Write is in one of the files as a whole.
type File struct {
	path string // empty: w is not ours

	mu sync.Mutex
	w  io.Writer // an *os.File if path is set
}

// OpenFile opens the file, which is created with mode 0640 if it is not there.
func OpenFile(path string) (*File, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	return &File{path: path, w: f}, nil
}

func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	return f, nil
}

// Write appends p.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.w.Write(p)
}

// Reopen continues in a file that is opened by the same path. If that fails, or
// the file is closed, everything stays as it was: lines go on into the old file.
func (f *File) Reopen() error {
	if f.path == "" {
		return nil
	}
	next, err := open(f.path)
	if err != nil {
		return err
	}
	f.mu.Lock()
	old := f.w.(*os.File)
	if old == nil {
		f.mu.Unlock()
		return errors.Join(os.ErrClosed, next.Close())
	}
	f.w = next
	f.mu.Unlock()
	if err := old.Close(); err != nil {
		return fmt.Errorf("close old log file: %w", err)
	}
	return nil
}

// Close closes the file; a Write after it is an error.
func (f *File) Close() error {
	if f.path == "" {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	file := f.w.(*os.File)
	f.w = (*os.File)(nil) // its Write answers os.ErrInvalid
	if file == nil {
		return os.ErrClosed
	}
	return file.Close()
}
