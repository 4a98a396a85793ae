package ticket_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"goldensignals/internal/receiver/ticket"
)

func parse(t *testing.T, text string) (*ticket.Config, error) {
	t.Helper()
	var c ticket.Config
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	err := dec.Decode(&c)
	return &c, err
}

func TestConfig(t *testing.T) {
	t.Parallel()
	token := "token: {file: " + secret(t, "x").File + "}"
	for _, tt := range []struct {
		name, config string
		want         string // in the error; empty: none
	}{
		{"board", "board: {}", ""},
		{"github", "github: {repository: acme/ops, " + token + "}\nreopen_within: 3d\nlabels: [alert]\non_resolve: comment", ""},
		{"gitlab", "gitlab: {project: acme/ops, " + token + "}\nhttp: {proxy_url: 'http://proxy:3128'}", ""},
		{"jira", "jira: {url: 'https://acme.atlassian.net', project: OPS, user: me@x, " + token + ", fields: {priority: {name: High}}}", ""},
		{"rt", "rt: {url: 'http://rt', queue: Ops, " + token + "}", ""},
		{"none", "on_resolve: close", "ticket: names 0 places"},
		{"two", "board: {}\ngithub: {repository: acme/ops, " + token + "}", "ticket: names 2 places"},
		{"no secret", "github: {repository: acme/ops}", "github.token: is missing"},
		{"no repository", "gitea: {url: 'http://g', repository: acme, " + token + "}", `gitea.repository: "acme" is no repository`},
		{"no address", "gitea: {url: g, repository: a/b, " + token + "}", "gitea.url: "},
		{"own field", "jira: {url: 'https://j', project: OPS, " + token + ", fields: {labels: [x]}}", "jira.fields.labels: "},
		{"api type", "jira: {url: 'https://j', project: OPS, api_type: server, " + token + "}", "jira.api_type: "},
		{"rt with labels", "rt: {url: 'http://rt', queue: Ops, " + token + "}\nlabels: [a]", "labels: Request Tracker has none"},
		{"rt password", "rt: {url: 'http://rt', queue: Ops, user: a, " + token + "}", "rt.token: is given with user"},
		{"on_resolve", "github: {repository: acme/ops, " + token + "}\non_resolve: delete", "on_resolve: "},
		{"board with policy", "board: {}\nreopen_within: 1h", "reopen_within: is for trackers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := parse(t, tt.config)
			if err != nil {
				t.Fatal(err)
			}
			err = c.Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Validate = %v, want %q", err, tt.want)
			}
			r, err := c.Open(ticket.Env{Name: "team", Board: board{}})
			if (err == nil) != (tt.want == "") {
				t.Fatalf("Open = %v", err)
			}
			if r != nil {
				if r.Name() != "team" || r.Type() != "ticket" {
					t.Errorf("receiver %q of type %q", r.Name(), r.Type())
				}
				r.Close()
			}
		})
	}
}

func TestConfigRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"trello: {}", "github: {repo: a/b}", "github: {repository: a/b, token: ghp_secret}", "reopen_within: soon"} {
		if _, err := parse(t, text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
	c := ticket.Config{Board: &struct{}{}}
	if _, err := c.Open(ticket.Env{}); err == nil {
		t.Error("Open of the board without a board is no error")
	}
}
