package ticket_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/ticket"
)

// TestLateEndLeavesTheNextIncidentOpen sends the end of an incident only after
// the alert group has fired again.
func TestLateEndLeavesTheNextIncidentOpen(t *testing.T) {
	t.Parallel()
	s := &story{t: t, rig: githubStub(t, &desk{}), wire: &lossy{}, group: "g"}
	r := s.open(time.Hour)
	s.send(r, s.next(alert.Firing), nil)
	end, again := s.next(alert.Resolved), s.next(alert.Firing)
	again.CreatedAt = end.CreatedAt.Add(time.Minute)
	end.Attempts = 4
	s.send(r, again, nil)
	s.send(r, end, nil)
	s.want(r, 1, true, "n1", "n2", "n3")
}

func TestEndIsOnlyTold(t *testing.T) {
	t.Parallel()
	g := gitlabStub(t, &desk{})
	g.config.OnResolve = "comment"
	s := &story{t: t, rig: g, wire: &lossy{}, group: "g"}
	r := s.open(time.Hour)
	s.send(r, s.next(alert.Firing), nil)
	s.send(r, s.next(alert.Resolved), comments())
	s.want(r, 1, true, "n1", "n2")
}

// TestOneTicketForMessagesAtOnce is about one group; other groups do not wait.
func TestOneTicketForMessagesAtOnce(t *testing.T) {
	t.Parallel()
	s := &story{t: t, rig: rtStub(t, &desk{}), wire: &lossy{}, group: "g"}
	r := s.open(time.Hour)
	var wg sync.WaitGroup
	for range 8 {
		n := r.Compose(s.next(alert.Firing), nil)
		wg.Go(func() {
			if _, err := r.Send(t.Context(), n); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s.want(r, 1, true, "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8")
}

// stuck holds the first request until it is let go.
type stuck struct {
	once    sync.Once
	arrived chan struct{}
}

func (s *stuck) RoundTrip(req *http.Request) (*http.Response, error) {
	s.once.Do(func() { close(s.arrived) })
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func TestWaitingForAMessageEndsWithItsContext(t *testing.T) {
	t.Parallel()
	way := &stuck{arrived: make(chan struct{})}
	c := ticket.Config{GitHub: &ticket.GitHub{Repository: "acme/ops", Token: secret(t, "x")}}
	r, err := c.Open(ticket.Env{Transport: way})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, err := r.Send(ctx, alert.Notification{GroupKey: "g"}); done <- err }()
	<-way.arrived
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := r.Send(ended, alert.Notification{GroupKey: "g"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Send while another is at it = %v, want the context's error", err)
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("Send without an answer is no error")
	}
}

func TestGitHubLeavesOutTheLabel(t *testing.T) {
	t.Parallel()
	d := &desk{auth: "Bearer s3cret"}
	base := d.serve(t, map[string]func(doc, *http.Request) (int, any){
		"GET /repos/acme/ops/issues":  func(doc, *http.Request) (int, any) { return 200, []doc{} },
		"POST /repos/acme/ops/issues": func(doc, *http.Request) (int, any) { return 201, doc{"number": 1, "html_url": "http://x/1"} },
	})
	s := &story{t: t, rig: rig{config: ticket.Config{GitHub: &ticket.GitHub{URL: base, Repository: "acme/ops", Token: secret(t, "s3cret")}}}, wire: &lossy{}}
	_, err := s.open(0).Send(t.Context(), s.next(alert.Firing))
	if !alert.IsPermanent(err) || !strings.Contains(err.Error(), "http://x/1") || !strings.Contains(err.Error(), "write access") {
		t.Errorf("Send = %v, want a permanent error that names the issue and the remedy", err)
	}
}

func TestJiraCloudNamesItsLatestIssuesToTheSearch(t *testing.T) {
	t.Parallel()
	g := jiraStub(t, &desk{}, true)
	var last any
	see := &lossy{}
	s := &story{t: t, rig: g, wire: see, group: "g"}
	r := s.open(0)
	s.send(r, s.next(alert.Firing), nil)
	peek := func(req *http.Request) bool {
		if strings.HasSuffix(req.URL.Path, "/search/jql") {
			body, err := req.GetBody()
			if err != nil {
				t.Error(err)
				return false
			}
			buf := make([]byte, 4096)
			n, _ := body.Read(buf)
			last = string(buf[:n])
		}
		return false
	}
	see.lose.Store(&peek)
	if _, err := r.Send(t.Context(), r.Compose(s.next(alert.Firing), nil)); err != nil {
		t.Fatal(err)
	}
	if text, _ := last.(string); !strings.Contains(text, `"reconcileIssues":[10001]`) {
		t.Errorf("search = %v, want the new issue named in it", last)
	}
}

func TestJiraTransitions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, transition string
		ok               bool
	}{{"by its name", "finish", true}, {"by its status", "done", true}, {"unknown", "Ship it", false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := jiraStub(t, &desk{}, false)
			c := *g.config.Jira
			c.CloseTransition = tt.transition
			g.config.Jira = &c
			s := &story{t: t, rig: g, wire: &lossy{}, group: "g"}
			r := s.open(0)
			s.send(r, s.next(alert.Firing), nil)
			_, err := r.Send(t.Context(), r.Compose(s.next(alert.Resolved), nil))
			if (err == nil) != tt.ok || err != nil && !alert.IsPermanent(err) {
				t.Errorf("Send = %v, want ok = %t or a permanent error", err, tt.ok)
			}
			if tt.name == "unknown" && !strings.Contains(err.Error(), `close_transition "Ship it"; there are: "Won't do" to "Done", "Finish" to "Done"`) {
				t.Errorf("Send = %v, want the transitions that there are", err)
			}
		})
	}
}
