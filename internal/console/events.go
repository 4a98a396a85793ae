package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// The event stream's own times.
const (
	heartbeat     = 15 * time.Second // a comment, so that a dead connection is noticed
	writeDeadline = 10 * time.Second // for one write; the server's own limit would end the stream
)

// serveEvents streams sections as they change, as server-sent events. A new
// watcher first gets every section: its page may be from an earlier process.
func (c *Console) serveEvents(w http.ResponseWriter, r *http.Request) {
	news, leave, err := c.hub.subscribe()
	if err != nil {
		w.Header().Set("Retry-After", "5")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	s := eventStream{w: w, rc: http.NewResponseController(w), sent: map[string]string{}}
	if err := s.write("retry: 2000\n\n"); err != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-c.hub.done:
			return
		case <-news:
			err = s.send(*c.hub.latest.Load())
		case <-beat.C:
			err = s.write(": still here\n\n")
		}
		if err != nil {
			return // the watcher has gone; it comes back by itself
		}
	}
}

// eventStream writes to one watcher and remembers what that watcher has.
type eventStream struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	sent map[string]string // :: section id -> its HTML, as sent last
}

// send writes the sections that differ from what the watcher has.
func (s *eventStream) send(sections []section) error {
	for _, sec := range sections {
		if old, ok := s.sent[sec.ID]; ok && old == sec.HTML {
			continue
		}
		data, err := json.Marshal(sec) // JSON holds no line break, which an event must not
		if err != nil {
			return fmt.Errorf("encode section %s: %w", sec.ID, err)
		}
		if err := s.write("event: section\ndata: " + string(data) + "\n\n"); err != nil {
			return err
		}
		s.sent[sec.ID] = sec.HTML
	}
	return nil
}

func (s *eventStream) write(text string) error {
	err := s.rc.SetWriteDeadline(time.Now().Add(writeDeadline))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	if err := s.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
