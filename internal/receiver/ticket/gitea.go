package ticket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"goldensignals/internal/receiver/outbound"
)

// Gitea files issues in a repository on Gitea or Forgejo, by their API, version
// 1. The key is a label of the issue, and labels are given by number, so a new
// key costs a walk through the repository's labels. https://docs.gitea.com/api/
type Gitea struct {
	URL        string          `yaml:"url"`
	Repository string          `yaml:"repository"` // OWNER/NAME
	Token      outbound.Secret `yaml:"token"`      // with scope write:issue
}

func (c *Gitea) validate() error {
	return errors.Join(outbound.CheckURL("url", c.URL), checkRepository("repository", c.Repository), outbound.CheckSecret("token", c.Token))
}

func (c *Gitea) open(client *http.Client, s settings) Tracker {
	return &gitea{newRest(client, c.URL, token("token", c.Token)), "/api/v1/repos/" + c.Repository, s}
}

type gitea struct {
	rest
	repo string
	settings
}

type giteaLabel struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type giteaIssue struct {
	Number   int          `json:"number"`
	HTMLURL  string       `json:"html_url"`
	State    string       `json:"state"` // open or closed
	ClosedAt time.Time    `json:"closed_at"`
	Body     string       `json:"body"`
	Labels   []giteaLabel `json:"labels"`
}

func (i giteaIssue) labels() []string {
	var names []string
	for _, l := range i.Labels {
		names = append(names, l.Name)
	}
	return names
}

func (g *gitea) Name() string { return "gitea" }

func (g *gitea) issue(i giteaIssue) Issue {
	open := i.State == "open"
	return Issue{ID: "#" + strconv.Itoa(i.Number), URL: i.HTMLURL, Open: open, ClosedAt: i.ClosedAt, WontFix: !open && g.wontFix.matchAny(i.labels()...)}
}

// Find lists by label, newest first, which is the API's order. A label that does
// not exist is no filter, so what comes back is looked at.
func (g *gitea) Find(ctx context.Context, key string) ([]Issue, error) {
	query := url.Values{"labels": {key}, "state": {"all"}, "type": {"issues"}, "limit": {"10"}}
	var found []giteaIssue
	if err := g.read(ctx, http.MethodGet, g.repo+"/issues?"+query.Encode(), nil, &found); err != nil {
		return nil, err
	}
	var issues []Issue
	for _, i := range found {
		if slices.Contains(i.labels(), key) {
			issues = append(issues, g.issue(i))
		}
	}
	return issues, nil
}

func (g *gitea) Create(ctx context.Context, d Draft) (Issue, error) {
	ids, err := g.labelIDs(ctx, g.tags(d.Key))
	if err != nil {
		return Issue{}, fmt.Errorf("labels: %w", err)
	}
	in := map[string]any{"title": unmention(d.Title), "body": markdown(d.Entry.Document, d.Entry.Mark), "labels": ids}
	var made giteaIssue
	err = g.write(ctx, http.MethodPost, g.repo+"/issues", in, &made)
	return g.issue(made), err
}

// labelIDs returns the numbers of the labels; those that are missing are made.
func (g *gitea) labelIDs(ctx context.Context, names []string) ([]int64, error) {
	known, err := g.allLabels(ctx)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, name := range names {
		id, ok := known[name]
		if !ok {
			var made giteaLabel
			in := map[string]string{"name": name, "color": "#8b949e", "description": "Made by alertrouter"}
			if err := g.write(ctx, http.MethodPost, g.repo+"/labels", in, &made); err != nil {
				return nil, err
			}
			id = made.ID
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// allLabels reads page after page until an empty one, because the server may
// give fewer than asked for.
func (g *gitea) allLabels(ctx context.Context) (map[string]int64, error) {
	known := map[string]int64{}
	for page := 1; ; page++ {
		var labels []giteaLabel
		if err := g.read(ctx, http.MethodGet, fmt.Sprintf("%s/labels?limit=50&page=%d", g.repo, page), nil, &labels); err != nil {
			return nil, err
		}
		if len(labels) == 0 {
			return known, nil
		}
		for _, l := range labels {
			if _, ok := known[l.Name]; !ok {
				known[l.Name] = l.ID
			}
		}
	}
}

func (g *gitea) Comment(ctx context.Context, i Issue, e Entry) error {
	return g.write(ctx, http.MethodPost, g.path(i)+"/comments", map[string]string{"body": markdown(e.Document, e.Mark)}, nil)
}

func (g *gitea) Texts(ctx context.Context, i Issue, since time.Time) ([]string, error) {
	var issue giteaIssue
	if err := g.read(ctx, http.MethodGet, g.path(i), nil, &issue); err != nil {
		return nil, err
	}
	query := url.Values{"since": {since.UTC().Format(time.RFC3339)}}
	return g.bodies(ctx, g.path(i)+"/comments?"+query.Encode(), issue.Body)
}

func (g *gitea) Close(ctx context.Context, i Issue) error {
	return g.write(ctx, http.MethodPatch, g.path(i), map[string]string{"state": "closed"}, nil)
}

func (g *gitea) Reopen(ctx context.Context, i Issue) error {
	return g.write(ctx, http.MethodPatch, g.path(i), map[string]string{"state": "open"}, nil)
}

func (g *gitea) path(i Issue) string { return g.repo + "/issues/" + i.ID[1:] }
