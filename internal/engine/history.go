package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/prometheus/tsdb"
)

// Snapshot writes all series with all their samples as blocks into dir, which
// is created. It may be called while the engine runs.
func (e *Engine) Snapshot(dir string) error {
	if err := e.prom.db.Snapshot(dir, true); err != nil {
		return fmt.Errorf("write blocks to %s: %w", dir, err)
	}
	return nil
}

// MakeRoom prepares for AddHistory of the time since from. It reports false if
// there are samples of that time already: a history may not be mixed with
// them. Older samples that are in memory go into a block of their own, as
// Prometheus takes whatever is older than its newest block for stored when it
// starts again. Call it before Start.
func (e *Engine) MakeRoom(from time.Time) (bool, error) {
	db := e.prom.db
	for _, b := range db.BlockMetas() {
		if b.MaxTime > from.UnixMilli() {
			return false, nil
		}
	}
	head := db.Head()
	if head.NumSeries() == 0 {
		return true, nil
	}
	if head.MaxTime() >= from.UnixMilli() {
		return false, nil
	}
	if err := db.CompactHead(tsdb.NewRangeHead(head, head.MinTime(), head.MaxTime())); err != nil {
		return false, fmt.Errorf("write older samples to a block: %w", err)
	}
	return true, nil
}

// AddHistory moves the blocks that Snapshot of another engine wrote to dir
// into this one, whose queries see them when it returns. Dir must be on the
// file system of the data folder. The blocks must end at or before end, the
// time of Start, and MakeRoom must have found room for them.
func (e *Engine) AddHistory(dir string, end time.Time) error {
	db := e.prom.db
	blocks, err := MoveBlocks(dir, db.Dir())
	if err == nil {
		// The public way to make the database look at its folder again: to
		// compact the moment at which the history ends, when nothing is in memory.
		t := end.UnixMilli()
		err = db.CompactHead(tsdb.NewRangeHead(db.Head(), t, t))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("add history: %w", err), removeAll(blocks))
	}
	return nil
}

// MoveBlocks moves the blocks that Snapshot wrote into a data folder of Prometheus on
// the same file system, and returns their new paths. A Prometheus that runs there does
// not see them before it starts again.
func MoveBlocks(from, to string) ([]string, error) {
	entries, err := os.ReadDir(from)
	if err != nil {
		return nil, fmt.Errorf("read blocks: %w", err)
	}
	var moved []string
	for _, entry := range entries {
		target := filepath.Join(to, entry.Name())
		if err := os.Rename(filepath.Join(from, entry.Name()), target); err != nil {
			return moved, fmt.Errorf("move block: %w", err)
		}
		moved = append(moved, target)
	}
	if len(moved) == 0 {
		return nil, fmt.Errorf("no blocks in %s", from)
	}
	return moved, nil
}

// LinkBlocks puts the blocks that Snapshot wrote into the data folder of an engine that
// is not made yet, and leaves them where they are. Files are linked, or copied where
// the folders are on different file systems; no engine changes a file of a block.
func LinkBlocks(from, dataDir string) error {
	to := filepath.Join(dataDir, "prometheus")
	err := filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(name, from))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		if os.Link(name, target) == nil {
			return nil
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
	if err != nil {
		return fmt.Errorf("link blocks: %w", err)
	}
	return nil
}

func removeAll(paths []string) error {
	var errs []error
	for _, p := range paths {
		errs = append(errs, os.RemoveAll(p))
	}
	return errors.Join(errs...)
}
