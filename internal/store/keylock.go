package store

import (
	"context"
	"sync"
)

// keyLock lets one caller at a time work on a key. The zero value is ready.
type keyLock struct {
	mu   sync.Mutex
	held map[string]*holder
}

type holder struct {
	free    chan struct{} // holds one: the right to go on
	waiting int           // including who has it
}

// lock waits for the key, or for ctx. unlock must be called once, by anybody. While
// it waits for somebody else, held is -1: such a caller does not come soon.
func (k *keyLock) lock(ctx context.Context, key string, held func(int64)) (unlock func(), err error) {
	k.mu.Lock()
	if k.held == nil {
		k.held = make(map[string]*holder)
	}
	h, ok := k.held[key]
	if !ok {
		h = &holder{free: make(chan struct{}, 1)}
		h.free <- struct{}{}
		k.held[key] = h
	}
	h.waiting++
	behind := h.waiting > 1
	k.mu.Unlock()
	if behind {
		held(-1)
		defer held(1)
	}

	select {
	case <-h.free:
		return func() {
			h.free <- struct{}{}
			k.leave(key, h)
		}, nil
	case <-ctx.Done():
		k.leave(key, h)
		return nil, context.Cause(ctx)
	}
}

func (k *keyLock) leave(key string, h *holder) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.waiting--; h.waiting == 0 {
		delete(k.held, key)
	}
}
