package ticket

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"goldensignals/internal/receiver/outbound"
)

// GitLab files issues in a project on GitLab, by its REST API, version 4. The key
// is a label of the issue. https://docs.gitlab.com/api/issues/
type GitLab struct {
	URL     string          `yaml:"url,omitempty"` // empty: https://gitlab.com
	Project string          `yaml:"project"`       // its number or path, such as group/name
	Token   outbound.Secret `yaml:"token"`         // with scope api
}

const gitlabURL = "https://gitlab.com"

func (c *GitLab) validate() error {
	var project error
	if c.Project == "" {
		project = outbound.Field("project", "is missing: write its number or its path, such as group/name")
	}
	return errors.Join(checkAddress(c.URL, gitlabURL), project, outbound.CheckSecret("token", c.Token))
}

func (c *GitLab) open(client *http.Client, s settings) Tracker {
	r := newRest(client, cmp.Or(c.URL, gitlabURL), token("Bearer", c.Token))
	return &gitlab{r, "/api/v4/projects/" + url.PathEscape(c.Project) + "/issues", s}
}

type gitlab struct {
	rest
	issues string
	settings
}

type gitlabIssue struct {
	IID         int       `json:"iid"` // within the project
	WebURL      string    `json:"web_url"`
	State       string    `json:"state"` // opened or closed
	ClosedAt    time.Time `json:"closed_at"`
	Labels      []string  `json:"labels"`
	Description string    `json:"description"`
}

func (g *gitlab) Name() string { return "gitlab" }

func (g *gitlab) issue(i gitlabIssue) Issue {
	open := i.State == "opened"
	return Issue{ID: "#" + strconv.Itoa(i.IID), URL: i.WebURL, Open: open, ClosedAt: i.ClosedAt, WontFix: !open && g.wontFix.matchAny(i.Labels...)}
}

func (g *gitlab) Find(ctx context.Context, key string) ([]Issue, error) {
	query := url.Values{"labels": {key}, "state": {"all"}, "scope": {"all"}, "order_by": {"created_at"}, "sort": {"desc"}, "per_page": {"10"}}
	var found []gitlabIssue
	if err := g.read(ctx, http.MethodGet, g.issues+"?"+query.Encode(), nil, &found); err != nil {
		return nil, err
	}
	var issues []Issue
	for _, i := range found {
		issues = append(issues, g.issue(i))
	}
	return issues, nil
}

func (g *gitlab) Create(ctx context.Context, d Draft) (Issue, error) {
	in := map[string]string{
		"title": unmention(d.Title), "description": markdown(d.Entry.Document, d.Entry.Mark), "labels": strings.Join(g.tags(d.Key), ","),
	}
	var made gitlabIssue
	err := g.write(ctx, http.MethodPost, g.issues, in, &made)
	return g.issue(made), err
}

func (g *gitlab) Comment(ctx context.Context, i Issue, e Entry) error {
	return g.write(ctx, http.MethodPost, g.path(i)+"/notes", map[string]string{"body": markdown(e.Document, e.Mark)}, nil)
}

// Texts returns the last 100 notes, whenever they were written: the API has no
// filter by time.
func (g *gitlab) Texts(ctx context.Context, i Issue, _ time.Time) ([]string, error) {
	var issue gitlabIssue
	if err := g.read(ctx, http.MethodGet, g.path(i), nil, &issue); err != nil {
		return nil, err
	}
	query := url.Values{"order_by": {"created_at"}, "sort": {"desc"}, "per_page": {"100"}}
	return g.bodies(ctx, g.path(i)+"/notes?"+query.Encode(), issue.Description)
}

func (g *gitlab) Close(ctx context.Context, i Issue) error {
	return g.write(ctx, http.MethodPut, g.path(i), map[string]string{"state_event": "close"}, nil)
}

func (g *gitlab) Reopen(ctx context.Context, i Issue) error {
	return g.write(ctx, http.MethodPut, g.path(i), map[string]string{"state_event": "reopen"}, nil)
}

func (g *gitlab) path(i Issue) string { return g.issues + "/" + i.ID[1:] }
