package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// marker is the path of a file that is there while a live drill runs. What services
// that run elsewhere suffer does not end with this process; whoever comes next knows
// by the file that it must clear up. Empty: there is none.
type marker string

func (m marker) set(drill string) error {
	if m == "" {
		return nil
	}
	err := os.MkdirAll(filepath.Dir(string(m)), 0o755)
	if err == nil {
		err = os.WriteFile(string(m), []byte(drill+"\n"), 0o644)
	}
	if err != nil {
		return fmt.Errorf("note that a drill runs: %w", err)
	}
	return nil
}

// remove is called when nothing of the drill is left. Twice is no error.
func (m marker) remove() error {
	if m == "" {
		return nil
	}
	if err := os.Remove(string(m)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("note that the drill is over: %w", err)
	}
	return nil
}

// isSet reports whether a drill was cut off.
func (m marker) isSet() bool {
	if m == "" {
		return false
	}
	_, err := os.Stat(string(m))
	return err == nil
}
