package console

import (
	"errors"
	"sync"
	"sync/atomic"
)

// section is one part of the page that is replaced as a whole.
type section struct {
	ID   string `json:"id"`
	HTML string `json:"html"`
}

// Why a watcher is turned away.
var (
	errClosed = errors.New("the console is shutting down")
	errCrowd  = errors.New("too many pages are open; close some")
)

// hub knows who watches and what they should see. A slow watcher skips states
// instead of making a queue: it is told that there is something new, and takes
// the latest when it is ready.
type hub struct {
	latest atomic.Pointer[[]section] // nil until the first refresh
	wake   chan struct{}             // asks for a refresh now; holds one request
	done   chan struct{}             // closed when the console ends

	mu       sync.Mutex
	watchers map[chan struct{}]bool
	closed   bool
}

func newHub() *hub {
	return &hub{
		wake:     make(chan struct{}, 1),
		done:     make(chan struct{}),
		watchers: map[chan struct{}]bool{},
	}
}

// subscribe adds a watcher; the channel gets a value after each change. The
// caller must call leave.
func (h *hub) subscribe() (news <-chan struct{}, leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, nil, errClosed
	case len(h.watchers) >= maxWatchers:
		return nil, nil, errCrowd
	}
	ch := make(chan struct{}, 1)
	h.watchers[ch] = true
	h.poke()
	return ch, func() { h.leave(ch) }, nil
}

func (h *hub) leave(ch chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, ch)
}

// watched reports whether anybody watches.
func (h *hub) watched() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.watchers) > 0
}

// poke asks for a refresh; it never blocks.
func (h *hub) poke() { nudge(h.wake) }

// publish makes sections the latest and tells every watcher.
func (h *hub) publish(sections []section) {
	h.latest.Store(&sections)
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.watchers {
		nudge(ch)
	}
}

// close ends all event streams, now and in future.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.done)
	}
}

// nudge leaves a value in ch unless one is there already.
func nudge(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
