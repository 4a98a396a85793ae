package web

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

// The event stream's own times and bounds.
const (
	maxStreams    = 200
	eventPause    = 500 * time.Millisecond // at least, between two events of a stream
	heartbeat     = 15 * time.Second       // a comment, so that a dead connection is noticed
	writeDeadline = 10 * time.Second       // for one write; the server's own limit would end the stream
)

// Why a stream is refused.
var (
	errClosed = errors.New("the router is stopping")
	errCrowd  = errors.New("too many pages are open; this one asks every few seconds")
)

// Hub tells open pages that something has changed. It starts no goroutine. It
// is safe for concurrent use.
type Hub struct {
	done chan struct{} // closed by Close

	mu      sync.Mutex
	closed  bool
	streams map[chan struct{}]bool // each holds one: there is something new
}

// NewHub returns a hub that nobody listens to yet.
func NewHub() *Hub {
	return &Hub{done: make(chan struct{}), streams: make(map[chan struct{}]bool)}
}

// Notify says that something that pages show has changed. It never blocks; a page
// that has not yet looked looks once. A nil hub has no pages.
func (h *Hub) Notify() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.streams {
		select {
		case ch <- struct{}{}:
		default: // it has not looked since the last time
		}
	}
}

// Close ends all streams and refuses new ones, so that a server can shut down. It
// may be called more than once.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.done)
	}
}

// subscribe adds a stream. The caller must call leave.
func (h *Hub) subscribe() (news <-chan struct{}, leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, nil, errClosed
	case len(h.streams) >= maxStreams:
		return nil, nil, errCrowd
	}
	ch := make(chan struct{}, 1)
	h.streams[ch] = true
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.streams, ch)
	}, nil
}

// ServeHTTP is the event stream: one event "changed" per change, at most two a
// second. What has changed it does not say: the page fetches itself again.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	news, leave, err := h.subscribe()
	if err != nil {
		w.Header().Set("Retry-After", "10")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold the events back
	if sendEvent(w, "retry: 2000\n\n") != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	waiting := (<-chan struct{})(nil) // news, as soon as the pause is over
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-h.done:
			return
		case <-pause.C:
			waiting = news
		case <-waiting:
			waiting = nil
			pause.Reset(eventPause)
			err = sendEvent(w, "event: changed\ndata: 1\n\n")
		case <-beat.C:
			err = sendEvent(w, ": still here\n\n")
		}
		if err != nil {
			return // the page has gone; if not, it comes back by itself
		}
	}
}

func sendEvent(w http.ResponseWriter, text string) error {
	rc := http.NewResponseController(w)
	if err := rc.SetWriteDeadline(time.Now().Add(writeDeadline)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	if err := rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
