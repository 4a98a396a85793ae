package store

import (
	"context"
	"hash/maphash"
	"sync"
)

// mostKnown bounds how many groups are remembered as known, at some 20 bytes each.
const mostKnown = 500_000

// known remembers by hash which groups have ever been asked for, so that a group
// that is certainly new need not be looked up. Two groups of the same hash are
// looked up both. It is safe for concurrent use.
type known struct {
	mu   sync.Mutex
	seed maphash.Seed
	keys map[uint64]struct{} // nil: too many to tell
}

// load remembers the groups that are stored.
func (k *known) load(ctx context.Context, s *Store) error {
	k.seed, k.keys = maphash.MakeSeed(), make(map[uint64]struct{})
	rows, err := s.read.QueryContext(ctx, "SELECT group_key FROM incident")
	if err != nil {
		return err
	}
	defer rows.Close()
	for k.keys != nil && rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return err
		}
		k.add(key)
	}
	return rows.Err()
}

// add remembers a group, and reports whether it is certainly new.
func (k *known) add(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		return false
	}
	h := maphash.String(k.seed, key)
	if _, ok := k.keys[h]; ok {
		return false
	}
	if len(k.keys) == mostKnown {
		k.keys = nil
		return false
	}
	k.keys[h] = struct{}{}
	return true
}
