// Package link makes and checks links that carry their own permission: a token
// in an SMS opens the page of one incident until it expires, and a token in the
// form on that page says that the form was shown by us. The router and its pages
// call it. It keeps no list of what it made: the signature is all there is, so a
// link cannot be taken back before it expires, other than by a new key.
package link

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// KeySize is the length of a key's secret, in bytes.
const KeySize = 32

// Key signs links and forms. The zero value signs nothing and opens nothing.
// Printing it does not show it. It is safe for concurrent use.
type Key struct {
	secret [KeySize]byte
}

// New returns the key with this secret, which must be random. It is for who
// has one already; LoadOrCreate is for everybody else.
func New(secret [KeySize]byte) Key { return Key{secret} }

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k == Key{} }

// Format writes that there is a key, whatever the verb, so that none ends up in
// a log.
func (k Key) Format(f fmt.State, _ rune) {
	if k.IsZero() {
		fmt.Fprint(f, "<no key>")
		return
	}
	fmt.Fprint(f, "<key>")
}

// LoadOrCreate reads the key in the file at path, and makes one there if there
// is no file. The folder must exist. Only the owner may read the new file; it
// appears whole or not at all, and two processes that start together get the
// same key. A damaged file is an error, not a new key: links that were sent
// would stop working without a word.
func LoadOrCreate(path string) (Key, error) {
	k, err := load(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return Key{}, fmt.Errorf("create key of links %s: %w", path, err)
		}
		k, err = load(path)
	}
	if err != nil {
		return Key{}, fmt.Errorf("read key of links %s: %w", path, err)
	}
	return k, nil
}

func load(path string) (Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return Key{}, withoutPath(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return Key{}, withoutPath(err)
	}
	return parse(string(data))
}

func parse(text string) (Key, error) {
	text = strings.TrimSpace(text)
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) != KeySize || New([KeySize]byte(secret)).IsZero() {
		// What is in the file is not repeated: most of it may be a key.
		return Key{}, fmt.Errorf("the file is damaged: it holds %d characters that are not the %d hexadecimal digits of a key; "+
			"restore it from a backup, or remove it for a new key, with which links that were sent stop working", len(text), 2*KeySize)
	}
	return New([KeySize]byte(secret)), nil
}

// create puts a new key at path, unless a file came there meanwhile.
func create(path string) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".link-key-*") // 0600
	if err != nil {
		return withoutPath(err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // renamed, or of no use
	if err := errors.Join(fill(f), f.Close()); err != nil {
		return err
	}
	if err := place(f.Name(), path); err != nil {
		return withoutPath(err)
	}
	return syncDir(dir)
}

func fill(f *os.File) error {
	var secret [KeySize]byte
	rand.Read(secret[:]) //nolint:errcheck // never fails, see its documentation
	if _, err := fmt.Fprintf(f, "%x\n", secret); err != nil {
		return err
	}
	return f.Sync()
}

// place gives the finished file its name. A hard link never replaces a file;
// where the file system has none, renaming has to do.
func place(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return os.Rename(temp, path)
}

// syncDir makes the name last. Where a folder cannot be opened or synced, as on
// some systems, the file is there all the same.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	_ = d.Sync()
	return d.Close()
}

// withoutPath drops the path from err, which the caller names.
func withoutPath(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
