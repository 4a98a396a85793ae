package livetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/live"
	"goldensignals/internal/replay"
)

// ShortDrill hurts users from minute 2 to minute 8.
const ShortDrill = `name: short
title: Payments fails
brief: Something is broken.
history: 5m
duration: 15m
load: {rps: 20}
timeline:
  - {at: 2m, fault: errors, service: payments, ratio: 0.5, for: 6m}
  - {at: 3m, silence: {matchers: ['severity="info"'], for: 4m, comment: known}}
incidents:
  - {name: checkout fails, from: 2m, to: 8m, page_within: 5m}
`

// Stream is a drill that was started over HTTP.
type Stream struct {
	HangUp context.CancelFunc // as if the command that started it went away

	t    *testing.T
	dec  *json.Decoder
	body io.Closer
}

// Start starts a drill; the answer is its stream.
func (g *Game) Start(content string) *Stream {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	resp := g.Post(ctx, content) //nolint:bodyclose // Last does, or the request ends
	if resp.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(resp.Body)
		g.t.Fatalf("start = %d %s", resp.StatusCode, answer)
	}
	s := &Stream{t: g.t, dec: json.NewDecoder(resp.Body), body: resp.Body, HangUp: cancel}
	if first := s.Next(); first.State != "started" || first.Started == nil {
		g.t.Fatalf("first line = %+v, want the start", first)
	}
	return s
}

// Post asks for a drill, and may be refused.
func (g *Game) Post(ctx context.Context, content string) *http.Response {
	g.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.Base+live.DrillsPath+"?name=short.yaml&by=anna", strings.NewReader(content))
	if err != nil {
		g.t.Fatal(err)
	}
	resp, err := g.Client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp
}

// Next reads one line.
func (s *Stream) Next() live.DrillLine {
	s.t.Helper()
	var line live.DrillLine
	if err := s.dec.Decode(&line); err != nil {
		s.t.Fatalf("read line: %v", err)
	}
	return line
}

// Last reads to the end and returns the line that ended the drill, and how many
// came before.
func (s *Stream) Last() (live.DrillLine, int) {
	s.t.Helper()
	defer s.HangUp()
	for n := 0; ; n++ {
		line := s.Next()
		if line.Result != nil || line.Error != "" {
			if err := s.dec.Decode(new(any)); !errors.Is(err, io.EOF) {
				s.t.Errorf("after the last line: %v, want the end", err)
			}
			s.body.Close()
			return line, n
		}
	}
}

// Drain lets a stream that nobody looks at run on.
func (s *Stream) Drain() {
	go func() { _, _ = io.Copy(io.Discard, s.dec.Buffered()); _, _ = io.Copy(io.Discard, s.body.(io.Reader)) }()
}

// Active asks the services themselves: the API hides what a drill breaks.
func (g *Game) Active() []string {
	g.t.Helper()
	names := []string{}
	for _, a := range g.Stack.Faults().Active() {
		names = append(names, a.Kind+" "+a.Service)
	}
	return names
}

// ActiveSilences is how many there are.
func (g *Game) ActiveSilences() int {
	g.t.Helper()
	var silences []struct{ Status struct{ State string } }
	g.Do(http.MethodGet, "/alertmanager/api/v2/silences", nil, &silences)
	n := 0
	for _, s := range silences {
		if s.Status.State == "active" {
			n++
		}
	}
	return n
}

// Status is what anybody may know of drills.
func (g *Game) Status() live.DrillStatus {
	g.t.Helper()
	var s live.DrillStatus
	g.Do(http.MethodGet, live.DrillsPath, nil, &s)
	return s
}

// NothingLeft fails if a drill has left something behind, or the users with
// another rate than they had.
func (g *Game) NothingLeft(rps string) {
	g.t.Helper()
	if got := g.Active(); len(got) > 0 {
		g.t.Errorf("active faults = %v, want none", got)
	}
	if n := g.ActiveSilences(); n > 0 {
		g.t.Errorf("%d silences are active, want none", n)
	}
	if s := g.Status(); s.Running != nil {
		g.t.Errorf("a drill is still running: %+v", s.Running)
	}
	time.Sleep(15 * time.Second) // until the next scrape
	if got := g.Query("load_offered_requests_per_second", "job")["load"]; got != rps {
		g.t.Errorf("the users' rate = %s, want %s", got, rps)
	}
}

// ReplayShort is ShortDrill, and what comes of it in virtual time.
func ReplayShort(t *testing.T) (scenario *drill.Scenario, replayed drill.Result) {
	t.Helper()
	scenario, err := drill.Parse("short.yaml", []byte(ShortDrill))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		if replayed, err = replay.Run(t.Context(), replay.Options{Scenario: scenario, Seed: 1}); err != nil {
			t.Fatal(err)
		}
	})
	return scenario, replayed
}

// WantSame wants a live drill that passes, with the messages and the score of its
// replay.
func WantSame(t *testing.T, replayed, live drill.Result) {
	t.Helper()
	if !live.Passed || len(live.Notes) > 0 {
		t.Errorf("problems %q, notes %q, want a drill that passes as claimed", live.Problems, live.Notes)
	}
	if diff := cmp.Diff(story(replayed), story(live)); diff != "" {
		t.Errorf("messages (-replayed +live):\n%s", diff)
	}
	if diff := cmp.Diff(replayed.Score, live.Score); diff != "" {
		t.Errorf("score (-replayed +live):\n%s", diff)
	}
}

// story is who was told what, in order.
func story(r drill.Result) []string {
	var list []string
	for _, n := range r.Notifications {
		list = append(list, fmt.Sprintf("%v %s %s %s %s", n.AtSeconds, n.Receiver, n.Status, n.AlertName, n.CountsAs))
	}
	return list
}
