package ticket

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// Jira files issues in a project of Jira Cloud (REST API 3, texts in ADF) or
// Jira Data Center (REST API 2, texts in wiki markup). The key is a label.
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/ and
// https://developer.atlassian.com/server/jira/platform/rest/
type Jira struct {
	URL       string          `yaml:"url"`
	APIType   string          `yaml:"api_type,omitempty"` // auto, cloud or datacenter; empty is auto: by the host's name
	Project   string          `yaml:"project"`            // its key
	IssueType string          `yaml:"issue_type,omitempty"`
	User      string          `yaml:"user,omitempty"` // with a user the token is an API token (Cloud: the user's mail address), without a personal access token
	Token     outbound.Secret `yaml:"token"`

	CloseTransition  string         `yaml:"close_transition,omitempty"`  // the name of a transition or of the status it leads to; empty: the first to a status of category "done"
	ReopenTransition string         `yaml:"reopen_transition,omitempty"` // empty: the first to a status of category "new", or else "indeterminate"
	Resolution       string         `yaml:"resolution,omitempty"`        // set when closing, where the workflow asks for one
	Fields           map[string]any `yaml:"fields,omitempty"`            // more fields of a new issue, as the API takes them
}

func (c *Jira) validate() error {
	errs := []error{outbound.CheckURL("url", c.URL)}
	if !slices.Contains([]string{"", "auto", "cloud", "datacenter"}, c.APIType) {
		errs = append(errs, outbound.Field("api_type", "%q is unknown: write auto, cloud or datacenter", c.APIType))
	}
	if c.Project == "" || strings.ContainsAny(c.Project, `"\ `) {
		errs = append(errs, outbound.Field("project", "%q is no project: write its key, such as OPS", c.Project))
	}
	for _, name := range []string{"project", "issuetype", "summary", "description", "labels"} {
		if _, ok := c.Fields[name]; ok {
			errs = append(errs, outbound.Field("fields."+name, "is written by the router: leave it out"))
		}
	}
	if _, err := json.Marshal(c.Fields); err != nil {
		errs = append(errs, outbound.Field("fields", "cannot be written as JSON: keys must be texts"))
	}
	return errors.Join(append(errs, outbound.CheckSecret("token", c.Token))...)
}

// isCloud decides as Alertmanager does, and knows the gateway for scoped tokens.
func (c *Jira) isCloud() bool {
	if c.APIType == "cloud" || c.APIType == "datacenter" {
		return c.APIType == "cloud"
	}
	u, err := url.Parse(c.URL)
	return err == nil && (strings.HasSuffix(u.Hostname(), ".atlassian.net") || u.Hostname() == "api.atlassian.com")
}

func (c *Jira) open(client *http.Client, s settings) Tracker {
	auth := token("Bearer", c.Token)
	if c.User != "" {
		auth = basic(c.User, c.Token)
	}
	j := &jira{rest: newRest(client, c.URL, auth), config: *c, settings: s, api: "/rest/api/2", cloud: c.isCloud()}
	if j.cloud {
		j.api = "/rest/api/3"
	}
	return j
}

type jira struct {
	rest
	config Jira
	settings
	api   string
	cloud bool

	mu      sync.Mutex
	touched []int // issues changed last, oldest first; Cloud's search may not know that yet
}

type jiraIssue struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Status         jiraStatus             `json:"status"`
		Resolution     *struct{ Name string } `json:"resolution"`
		ResolutionDate jiraTime               `json:"resolutiondate"`
		CategoryDate   jiraTime               `json:"statuscategorychangedate"` // Cloud
		Updated        jiraTime               `json:"updated"`
		Labels         []string               `json:"labels"`
	} `json:"fields"`
}

type jiraStatus struct {
	Name     string `json:"name"`
	Category struct {
		Key string `json:"key"` // new, indeterminate or done
	} `json:"statusCategory"`
}

// jiraTime reads times such as 2026-01-02T03:04:05.000+0000.
type jiraTime struct{ time.Time }

// UnmarshalJSON leaves the time zero if there is none.
func (t *jiraTime) UnmarshalJSON(data []byte) (err error) {
	var s string
	if err = json.Unmarshal(data, &s); err != nil || s == "" {
		return err
	}
	t.Time, err = time.Parse("2006-01-02T15:04:05.000-0700", s)
	return err
}

func (j *jira) Name() string { return "jira" }

func (j *jira) issue(i jiraIssue) Issue {
	f := i.Fields
	issue := Issue{ID: i.Key, URL: j.base + "/browse/" + i.Key, Open: f.Status.Category.Key != "done"}
	if issue.Open {
		return issue
	}
	for _, t := range []jiraTime{f.Updated, f.CategoryDate, f.ResolutionDate} { // the last one known
		if !t.IsZero() {
			issue.ClosedAt = t.Time
		}
	}
	words := append([]string{f.Status.Name}, f.Labels...)
	if f.Resolution != nil {
		words = append(words, f.Resolution.Name)
	}
	issue.WontFix = j.wontFix.matchAny(words...)
	return issue
}

// Find searches by label. Cloud's search is late, apart from issues that are
// named to it: those that this process has changed last. A search that knows
// them may return some without the label, so what comes back is looked at.
func (j *jira) Find(ctx context.Context, key string) ([]Issue, error) {
	in := map[string]any{
		"jql":        fmt.Sprintf(`project = "%s" AND labels = "%s" ORDER BY created DESC`, j.config.Project, key),
		"maxResults": 10,
		"fields":     []string{"status", "resolution", "resolutiondate", "statuscategorychangedate", "updated", "labels"},
	}
	path := j.api + "/search"
	if j.cloud {
		path += "/jql"
		if ids := j.recent(); len(ids) > 0 {
			in["reconcileIssues"] = ids
		}
	}
	var found struct{ Issues []jiraIssue }
	if err := j.read(ctx, http.MethodPost, path, in, &found); err != nil {
		return nil, err
	}
	slices.SortStableFunc(found.Issues, func(a, b jiraIssue) int { return cmp.Compare(number(b.ID), number(a.ID)) })
	var issues []Issue
	for _, i := range found.Issues {
		if slices.Contains(i.Fields.Labels, key) {
			issues = append(issues, j.issue(i))
			j.remember(i.ID)
		}
	}
	return issues, nil
}

// creationSettles is how long Cloud's search may need for a new issue.
const creationSettles = 30 * time.Second

func (j *jira) Create(ctx context.Context, d Draft) (Issue, error) {
	fields := map[string]any{
		"project": map[string]string{"key": j.config.Project}, "issuetype": map[string]string{"name": cmp.Or(j.config.IssueType, "Task")},
		"summary": cut(d.Title, maxTitle), "description": j.body(d.Entry), "labels": j.tags(d.Key),
	}
	for name, value := range j.config.Fields {
		fields[name] = value
	}
	var made jiraIssue
	err := j.write(ctx, http.MethodPost, j.api+"/issue", map[string]any{"fields": fields}, &made)
	if j.cloud && alert.IsUnsure(err) {
		return Issue{}, alert.After(err, creationSettles)
	}
	if err != nil {
		return Issue{}, err
	}
	j.remember(made.ID)
	return j.issue(made), nil // without a status it counts as open
}

func (j *jira) Comment(ctx context.Context, i Issue, e Entry) error {
	return j.write(ctx, http.MethodPost, j.path(i)+"/comment", map[string]any{"body": j.body(e)}, nil)
}

func (j *jira) body(e Entry) any {
	if j.cloud {
		return adf(e.Document, e.Mark)
	}
	return wiki(e.Document, e.Mark)
}

// Texts returns the description and the last 100 comments.
func (j *jira) Texts(ctx context.Context, i Issue, _ time.Time) ([]string, error) {
	var issue struct {
		Fields struct {
			Description json.RawMessage `json:"description"`
		} `json:"fields"`
	}
	if err := j.read(ctx, http.MethodGet, j.path(i)+"?fields=description", nil, &issue); err != nil {
		return nil, err
	}
	var found struct {
		Comments []struct {
			Body json.RawMessage `json:"body"`
		} `json:"comments"`
	}
	if err := j.read(ctx, http.MethodGet, j.path(i)+"/comment?orderBy=-created&maxResults=100", nil, &found); err != nil {
		return nil, err
	}
	texts := []string{j.textOf(issue.Fields.Description)}
	for _, c := range found.Comments {
		texts = append(texts, j.textOf(c.Body))
	}
	return texts, nil
}

// textOf reads a text of either API; what a person made of it is no error.
func (j *jira) textOf(raw json.RawMessage) string {
	if j.cloud {
		var doc node
		if json.Unmarshal(raw, &doc) != nil {
			return ""
		}
		return adfText(doc)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func (j *jira) Close(ctx context.Context, i Issue) error {
	return j.transit(ctx, i, "close_transition", j.config.CloseTransition, "done")
}

func (j *jira) Reopen(ctx context.Context, i Issue) error {
	return j.transit(ctx, i, "reopen_transition", j.config.ReopenTransition, "new", "indeterminate")
}

type jiraTransition struct {
	ID   string     `json:"id"`
	Name string     `json:"name"`
	To   jiraStatus `json:"to"`
}

func (j *jira) transit(ctx context.Context, i Issue, field, name string, categories ...string) error {
	var offered struct{ Transitions []jiraTransition }
	if err := j.read(ctx, http.MethodGet, j.path(i)+"/transitions", nil, &offered); err != nil {
		return err
	}
	t, ok := j.pick(offered.Transitions, name, categories)
	if !ok {
		var names []string
		for _, t := range offered.Transitions {
			names = append(names, fmt.Sprintf("%q to %q", t.Name, t.To.Name))
		}
		return alert.Permanent(fmt.Errorf("no transition fits %s %q; there are: %s", field, name, strings.Join(names, ", ")))
	}
	in := map[string]any{"transition": map[string]string{"id": t.ID}}
	if j.config.Resolution != "" && categories[0] == "done" {
		in["fields"] = map[string]any{"resolution": map[string]string{"name": j.config.Resolution}}
	}
	return j.write(ctx, http.MethodPost, j.path(i)+"/transitions", in, nil)
}

// pick returns the transition with the name, or to the status with the name, or
// without a name the first into one of the categories, in their order. One that
// says "won't fix" is taken only by its own name.
func (j *jira) pick(offered []jiraTransition, name string, categories []string) (jiraTransition, bool) {
	fits := []func(jiraTransition) bool{
		func(t jiraTransition) bool { return strings.EqualFold(t.Name, name) },
		func(t jiraTransition) bool { return strings.EqualFold(t.To.Name, name) && !j.refuses(t) },
	}
	if name == "" {
		fits = nil
		for _, c := range categories {
			fits = append(fits, func(t jiraTransition) bool { return t.To.Category.Key == c && !j.refuses(t) })
		}
	}
	for _, fit := range fits {
		if i := slices.IndexFunc(offered, fit); i >= 0 {
			return offered[i], true
		}
	}
	return jiraTransition{}, false
}

func (j *jira) refuses(t jiraTransition) bool { return j.wontFix.matchAny(t.Name, t.To.Name) }

func (j *jira) path(i Issue) string { return j.api + "/issue/" + url.PathEscape(i.ID) }

// maxReconciled is how many issues may be named to a search.
const maxReconciled = 50

func (j *jira) remember(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := number(id)
	j.touched = append(slices.DeleteFunc(j.touched, func(t int) bool { return t == n }), n)
	if len(j.touched) > maxReconciled {
		j.touched = j.touched[1:]
	}
}

func (j *jira) recent() []int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.touched)
}

// number reads an issue's id, a number that the API gives as text; 0 if it is none.
func number(id string) int {
	n, _ := strconv.Atoi(id)
	return n
}
