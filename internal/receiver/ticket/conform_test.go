package ticket_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
	"goldensignals/internal/receiver/ticket"
)

// rig is a tracker, real or not, that the same story is played with.
type rig struct {
	config ticket.Config
	// refuse is a person who closes the ticket with "won't fix".
	refuse func(t *testing.T, id string)
}

// lossy passes every request on and loses the answer to the next one that lose
// names.
type lossy struct {
	lose atomic.Pointer[func(*http.Request) bool]
}

func (l *lossy) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if lose := l.lose.Load(); err == nil && lose != nil && (*lose)(req) {
		l.lose.Store(nil)
		resp.Body.Close()
		return nil, errors.New("connection reset")
	}
	return resp, err
}

func posts(endings ...string) *func(*http.Request) bool {
	f := func(req *http.Request) bool {
		for _, e := range endings {
			if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, e) {
				return true
			}
		}
		return false
	}
	return &f
}

func creation() *func(*http.Request) bool { return posts("/issues", "/issue", "/ticket") }
func comments() *func(*http.Request) bool { return posts("/comments", "/comment", "/notes") }
func closings() *func(*http.Request) bool {
	f := func(req *http.Request) bool {
		return req.Method == http.MethodPatch || req.Method == http.MethodPut || (*posts("/transitions"))(req)
	}
	return &f
}

// story sends messages about one alert group and looks at its tickets.
type story struct {
	t     *testing.T
	rig   rig
	wire  *lossy
	group string
	count int
}

// next returns the next message about the group.
func (s *story) next(status alert.Status) alert.Notification {
	s.count++
	return alert.Notification{
		ID: fmt.Sprintf("n%d", s.count), Status: status, GroupKey: s.group, Title: fmt.Sprintf("Disk of @team fills (%d)", s.count),
		CreatedAt: time.Now(), Attempts: 1, RunbookURL: "http://runbooks.example/DiskFills",
	}
}

func (s *story) open(reopenWithin time.Duration) *ticket.Tracked {
	s.t.Helper()
	c := s.rig.config
	c.ReopenWithin = (*model.Duration)(&reopenWithin)
	r, err := c.Open(ticket.Env{Name: "team", Transport: s.wire})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(r.Close)
	return r.(*ticket.Tracked)
}

// send sends n as often as it takes and returns the receipt. An answer is lost
// if lose is not nil; then there must be a second attempt, and a third that has
// nothing to do.
func (s *story) send(r *ticket.Tracked, n alert.Notification, lose *func(*http.Request) bool) alert.Receipt {
	s.t.Helper()
	n = r.Compose(n, []alert.Alert{{Labels: alert.Labels{"alertname": "DiskFills"}, Annotations: alert.Labels{"description": "Soon.\n/close\ngoldensignals n9 firing 2026-01-02T03:04:05Z"}}})
	s.wire.lose.Store(lose)
	receipt, err := r.Send(s.t.Context(), n)
	if lose == nil {
		if err != nil {
			s.t.Fatalf("Send %s: %v", n.ID, err)
		}
		return receipt
	}
	if !alert.IsUnsure(err) {
		s.t.Fatalf("Send %s with a lost answer = %v, want an unsure error", n.ID, err)
	}
	for n.Attempts = 2; n.Attempts <= 3; n.Attempts++ {
		if receipt, err = r.Send(s.t.Context(), n); err != nil {
			s.t.Fatalf("Send %s, attempt %d: %v", n.ID, n.Attempts, err)
		}
	}
	return receipt
}

// want looks at the tickets of the group: the newest one's state, which messages
// it was told, in any order, and how many there are.
func (s *story) want(r *ticket.Tracked, tickets int, open bool, told ...string) ticket.Issue {
	s.t.Helper()
	issues, err := r.Tracker().Find(s.t.Context(), ticket.Key(s.group))
	if err != nil {
		s.t.Fatal(err)
	}
	if len(issues) != tickets {
		s.t.Fatalf("%d tickets, want %d: %v", len(issues), tickets, issues)
	}
	if issues[0].Open != open {
		s.t.Errorf("ticket %v, want open = %t", issues[0], open)
	}
	texts, err := r.Tracker().Texts(s.t.Context(), issues[0], time.Now().Add(-time.Hour))
	if err != nil {
		s.t.Fatal(err)
	}
	marks := map[string]int{}
	for _, text := range texts {
		for _, m := range ticket.MarksIn(text) {
			marks[m.ID]++
		}
	}
	for _, id := range told {
		if marks[id] != 1 {
			s.t.Errorf("%s is told %d times, want once", id, marks[id])
		}
	}
	if len(marks) != len(told) {
		s.t.Errorf("told %v, want %v", marks, told)
	}
	return issues[0]
}

// play is the life of an alert group's tickets. Every answer that matters is
// lost once.
func play(t *testing.T, g rig) {
	s := &story{t: t, rig: g, wire: &lossy{}, group: fmt.Sprintf("%s %d", t.Name(), time.Now().UnixNano())}
	r := s.open(time.Hour)

	first := s.send(r, s.next(alert.Firing), creation())
	s.want(r, 1, true, "n1")
	if first.ID == "" || !strings.HasPrefix(first.URL, "http") || first.Provider != r.Tracker().Name() {
		t.Errorf("receipt = %+v", first)
	}
	s.send(r, s.next(alert.Firing), comments())
	s.want(r, 1, true, "n1", "n2")
	s.send(r, s.next(alert.Resolved), comments())
	closed := s.want(r, 1, false, "n1", "n2", "n3")
	if age := time.Since(closed.ClosedAt); age < -time.Minute || age > 10*time.Minute {
		t.Errorf("closed at %v, want now", closed.ClosedAt)
	}
	s.send(r, s.next(alert.Resolved), nil) // people closed it
	s.want(r, 1, false, "n1", "n2", "n3")

	if again := s.send(r, s.next(alert.Firing), closings()); again.ID != first.ID {
		t.Errorf("fires again: ticket %s, want %s reopened", again.ID, first.ID)
	}
	s.want(r, 1, true, "n1", "n2", "n3", "n5")
	s.send(r, s.next(alert.Resolved), closings())
	s.want(r, 1, false, "n1", "n2", "n3", "n5", "n6")

	r = s.open(0)
	second := s.send(r, s.next(alert.Firing), nil)
	if second.ID == first.ID {
		t.Errorf("fires later: ticket %s again, want a new one", second.ID)
	}
	s.want(r, 2, true, "n7")
	g.refuse(t, second.ID)
	r = s.open(time.Hour)
	if refused := s.send(r, s.next(alert.Firing), nil); refused.ID != second.ID {
		t.Errorf("receipt after won't fix = %+v, want ticket %s", refused, second.ID)
	}
	if i := s.want(r, 2, false, "n7"); !i.WontFix {
		t.Errorf("ticket %+v, want it to be won't fix", i)
	}
}

// secret writes a secret into a file.
func secret(t *testing.T, value string) outbound.Secret {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return outbound.Secret{File: path}
}
