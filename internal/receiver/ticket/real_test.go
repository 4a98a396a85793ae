package ticket_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"

	"goldensignals/internal/receiver/outbound"
	"goldensignals/internal/receiver/ticket"
)

// TestRequestTracker plays the story with a real Request Tracker, which
// .ci/tracker starts.
func TestRequestTracker(t *testing.T) {
	t.Parallel()
	base := os.Getenv("RT_URL")
	if base == "" {
		t.Skip("RT_URL and RT_TOKEN name no Request Tracker; see .ci/tracker")
	}
	play(t, rig{
		config: ticket.Config{RT: &ticket.RT{URL: base, Queue: "General", Token: outbound.Secret{Env: "RT_TOKEN"}}},
		refuse: func(t *testing.T, id string) {
			order(t, http.MethodPut, base+"/REST/2.0/ticket/"+id, os.Getenv("RT_TOKEN"), map[string]any{"Status": "rejected"}, nil)
		},
	})
}

// TestGitea plays the story with a real Gitea, which .ci/gitea starts.
func TestGitea(t *testing.T) {
	t.Parallel()
	base, tok := os.Getenv("GITEA_URL"), os.Getenv("GITEA_TOKEN")
	if base == "" {
		t.Skip("GITEA_URL and GITEA_TOKEN name no Gitea; see .ci/gitea")
	}
	api := base + "/api/v1"
	var owner struct{ Login string }
	order(t, http.MethodGet, api+"/user", tok, nil, &owner)
	var repo struct {
		FullName string `json:"full_name"`
	}
	order(t, http.MethodPost, api+"/user/repos", tok, map[string]any{"name": "tickets"}, &repo)
	t.Cleanup(func() { order(t, http.MethodDelete, api+"/repos/"+repo.FullName, tok, nil, nil) })
	var label struct{ ID int64 }
	order(t, http.MethodPost, api+"/repos/"+repo.FullName+"/labels", tok, map[string]any{"name": "wontfix", "color": "#ffffff"}, &label)
	play(t, rig{
		config: ticket.Config{
			Gitea:  &ticket.Gitea{URL: base, Repository: repo.FullName, Token: outbound.Secret{Env: "GITEA_TOKEN"}},
			Labels: []string{"alerts"},
		},
		refuse: func(t *testing.T, id string) {
			issue := api + "/repos/" + repo.FullName + "/issues/" + id[1:]
			order(t, http.MethodPost, issue+"/labels", tok, map[string]any{"labels": []int64{label.ID}}, nil)
			order(t, http.MethodPatch, issue, tok, map[string]any{"state": "closed"}, nil)
		},
	})
}

// order does what a person does in the tracker.
func order(t *testing.T, method, address, tok string, in, out any) {
	t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, address, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "token "+tok)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s %s %v", method, address, resp.Status, answer, err)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatal(err)
	}
}
