package ticket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// GitHub files issues in a repository on GitHub, by its REST API, version
// 2022-11-28. The key is a label of the issue: lists by label come from the
// database, the search does not. A repository gets one such label for each alert
// group that ever had a ticket. https://docs.github.com/en/rest/issues
type GitHub struct {
	URL        string          `yaml:"url,omitempty"` // of the API; empty: https://api.github.com. GitHub Enterprise Server: https://HOST/api/v3
	Repository string          `yaml:"repository"`    // OWNER/NAME
	Token      outbound.Secret `yaml:"token"`         // may write issues
}

const githubURL = "https://api.github.com"

func (c *GitHub) validate() error {
	return errors.Join(checkAddress(c.URL, githubURL), checkRepository("repository", c.Repository), outbound.CheckSecret("token", c.Token))
}

func (c *GitHub) open(client *http.Client, s settings) Tracker {
	limited := *client
	limited.Transport = rateLimit{client.Transport}
	r := newRest(&limited, cmp.Or(c.URL, githubURL), token("Bearer", c.Token))
	r.header = http.Header{"Accept": {"application/vnd.github+json"}, "X-Github-Api-Version": {"2022-11-28"}}
	return &github{r, "/repos/" + c.Repository + "/issues", s}
}

type github struct {
	rest
	issues string
	settings
}

type githubIssue struct {
	Number      int       `json:"number"`
	HTMLURL     string    `json:"html_url"`
	State       string    `json:"state"`
	StateReason string    `json:"state_reason"`
	ClosedAt    time.Time `json:"closed_at"`
	Body        string    `json:"body"`
	PullRequest any       `json:"pull_request"` // the list has pull requests, too
	Labels      []struct {
		Name string `json:"name"`
	} `json:"labels"`
}

func (g githubIssue) labels() []string {
	var names []string
	for _, l := range g.Labels {
		names = append(names, l.Name)
	}
	return names
}

func (g *github) Name() string { return "github" }

func (g *github) issue(i githubIssue) Issue {
	open := i.State == "open"
	return Issue{
		ID: "#" + strconv.Itoa(i.Number), URL: i.HTMLURL, Open: open, ClosedAt: i.ClosedAt,
		WontFix: !open && g.wontFix.matchAny(append(i.labels(), i.StateReason)...),
	}
}

func (g *github) Find(ctx context.Context, key string) ([]Issue, error) {
	query := url.Values{"labels": {key}, "state": {"all"}, "sort": {"created"}, "direction": {"desc"}, "per_page": {"10"}}
	var found []githubIssue
	if err := g.read(ctx, http.MethodGet, g.issues+"?"+query.Encode(), nil, &found); err != nil {
		return nil, err
	}
	var issues []Issue
	for _, i := range found {
		if i.PullRequest == nil {
			issues = append(issues, g.issue(i))
		}
	}
	return issues, nil
}

func (g *github) Create(ctx context.Context, d Draft) (Issue, error) {
	in := map[string]any{
		"title": unmention(d.Title), "body": markdown(d.Entry.Document, d.Entry.Mark), "labels": g.tags(d.Key),
	}
	var made githubIssue
	if err := g.write(ctx, http.MethodPost, g.issues, in, &made); err != nil {
		return Issue{}, err
	}
	if !slices.Contains(made.labels(), d.Key) { // it is left out silently, and then nothing finds the issue again
		return Issue{}, alert.Permanent(fmt.Errorf("issue %s was opened without its label: give the token write access to the repository's issues", made.HTMLURL))
	}
	return g.issue(made), nil
}

func (g *github) Comment(ctx context.Context, i Issue, e Entry) error {
	return g.write(ctx, http.MethodPost, g.path(i)+"/comments", map[string]string{"body": markdown(e.Document, e.Mark)}, nil)
}

// Texts returns the first 100 comments since then, in one page: a message's own
// comment comes before those that people write about it.
func (g *github) Texts(ctx context.Context, i Issue, since time.Time) ([]string, error) {
	var issue githubIssue
	if err := g.read(ctx, http.MethodGet, g.path(i), nil, &issue); err != nil {
		return nil, err
	}
	query := url.Values{"since": {since.UTC().Format(time.RFC3339)}, "per_page": {"100"}}
	return g.bodies(ctx, g.path(i)+"/comments?"+query.Encode(), issue.Body)
}

func (g *github) Close(ctx context.Context, i Issue) error {
	return g.write(ctx, http.MethodPatch, g.path(i), map[string]string{"state": "closed", "state_reason": "completed"}, nil)
}

func (g *github) Reopen(ctx context.Context, i Issue) error {
	return g.write(ctx, http.MethodPatch, g.path(i), map[string]string{"state": "open"}, nil)
}

func (g *github) path(i Issue) string { return g.issues + "/" + i.ID[1:] }

// rateLimit tells when a used-up hour is over. GitHub says so in headers of its
// own: x-ratelimit-remaining and x-ratelimit-reset, in seconds since 1970.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
type rateLimit struct{ http.RoundTripper }

func (l rateLimit) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return resp, err
	}
	reset, parseErr := strconv.ParseInt(resp.Header.Get("X-Ratelimit-Reset"), 10, 64)
	if resp.Header.Get("Retry-After") == "" && resp.Header.Get("X-Ratelimit-Remaining") == "0" && parseErr == nil {
		resp.Header.Set("Retry-After", time.Unix(reset, 0).UTC().Format(http.TimeFormat))
	}
	return resp, nil
}
