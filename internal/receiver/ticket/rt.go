package ticket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// RT files tickets in a queue of Request Tracker 5, by REST 2.0. There are no
// labels, so the key stands at the end of the subject. Entries are comments, not
// correspondence: nobody outside is written to. The user needs the rights SeeQueue,
// ShowTicket, ShowTicketComments, CreateTicket, CommentOnTicket and ModifyTicket.
// https://docs.bestpractical.com/rt/latest/RT/REST2.html
type RT struct {
	URL      string          `yaml:"url"` // of RT itself, without /REST/2.0
	Queue    string          `yaml:"queue"`
	Token    outbound.Secret `yaml:"token,omitempty"` // an auth token; or
	User     string          `yaml:"user,omitempty"`  // a user with a password
	Password outbound.Secret `yaml:"password,omitempty"`

	ClosedStatus string `yaml:"closed_status,omitempty"` // of the queue's lifecycle; empty: resolved
	OpenStatus   string `yaml:"open_status,omitempty"`   // that a ticket is reopened to; empty: open
}

func (c *RT) validate() error {
	errs := []error{outbound.CheckURL("url", c.URL)}
	if c.Queue == "" || strings.ContainsAny(c.Queue, `'"\`) {
		errs = append(errs, outbound.Field("queue", "%q is no queue: write its name, without quotes", c.Queue))
	}
	switch {
	case c.User == "" && c.Password.IsZero():
		errs = append(errs, outbound.CheckSecret("token", c.Token))
	case !c.Token.IsZero():
		errs = append(errs, outbound.Field("token", "is given with user or password: write a token, or a user and a password"))
	case c.User == "":
		errs = append(errs, outbound.Field("user", "is missing for the password"))
	default:
		errs = append(errs, outbound.CheckSecret("password", c.Password))
	}
	return errors.Join(errs...)
}

func (c *RT) open(client *http.Client, s settings) Tracker {
	auth := token("token", c.Token)
	if c.User != "" {
		auth = basic(c.User, c.Password)
	}
	r := newRest(client, c.URL, auth)
	return &rt{r, c.Queue, cmp.Or(c.ClosedStatus, "resolved"), cmp.Or(c.OpenStatus, "open"), s}
}

type rt struct {
	rest
	queue, closed, opened string
	settings
}

type rtTicket struct {
	ID       string    `json:"id"`
	Subject  string    `json:"Subject"`
	Status   string    `json:"Status"`
	Resolved time.Time `json:"Resolved"` // stays when a ticket is reopened; 1970 if it never was
}

func (r *rt) Name() string { return "rt" }

// Find asks twice, because only the search knows which statuses of the queue's
// lifecycle are active.
func (r *rt) Find(ctx context.Context, key string) ([]Issue, error) {
	all, err := r.search(ctx, key, "")
	if err != nil || len(all) == 0 {
		return nil, err
	}
	active, err := r.search(ctx, key, " AND Status = '__Active__'")
	if err != nil {
		return nil, err
	}
	isActive := map[string]bool{}
	for _, t := range active {
		isActive[t.ID] = true
	}
	var issues []Issue
	for _, t := range all {
		i := Issue{ID: t.ID, URL: r.link(t.ID), Open: isActive[t.ID]}
		if !i.Open {
			i.ClosedAt, i.WontFix = t.Resolved, r.wontFix.matchAny(t.Status)
		}
		issues = append(issues, i)
	}
	return issues, nil
}

// search returns tickets with the key, newest first. LIKE finds it anywhere in
// the subject, and a key is only letters, digits and a dash.
func (r *rt) search(ctx context.Context, key, also string) ([]rtTicket, error) {
	query := url.Values{
		"query":   {fmt.Sprintf("Queue = '%s' AND Subject LIKE '%s'%s", r.queue, key, also)},
		"orderby": {"id"}, "order": {"DESC"}, "per_page": {"10"}, "fields": {"Subject,Status,Resolved"},
	}
	var found struct{ Items []rtTicket }
	err := r.read(ctx, http.MethodGet, "/REST/2.0/tickets?"+query.Encode(), nil, &found)
	return found.Items, err
}

func (r *rt) Create(ctx context.Context, d Draft) (Issue, error) {
	in := map[string]string{
		"Queue": r.queue, "Subject": cut(d.Title, 180) + " [" + d.Key + "]", // the column holds 200
		"Content": plain(d.Entry.Document, d.Entry.Mark), "ContentType": "text/plain",
	}
	var made rtTicket
	err := r.write(ctx, http.MethodPost, "/REST/2.0/ticket", in, &made)
	return Issue{ID: made.ID, URL: r.link(made.ID), Open: true}, err
}

func (r *rt) Comment(ctx context.Context, i Issue, e Entry) error {
	in := map[string]string{"Content": plain(e.Document, e.Mark), "ContentType": "text/plain"}
	return r.write(ctx, http.MethodPost, r.path(i)+"/comment", in, nil)
}

// Texts returns the last 100 attachments, which is what RT keeps texts in, and
// the first.
func (r *rt) Texts(ctx context.Context, i Issue, _ time.Time) ([]string, error) {
	var texts []string
	seen := map[string]bool{}
	for _, page := range []string{"&order=DESC&per_page=100", "&order=ASC&per_page=1"} {
		var found struct {
			Items []struct{ ID, Content string }
		}
		if err := r.read(ctx, http.MethodGet, r.path(i)+"/attachments?fields=Content&orderby=id"+page, nil, &found); err != nil {
			return nil, err
		}
		for _, a := range found.Items {
			if !seen[a.ID] {
				texts = append(texts, a.Content)
			}
			seen[a.ID] = true
		}
	}
	return texts, nil
}

func (r *rt) Close(ctx context.Context, i Issue) error {
	return r.set(ctx, i, "closed_status", r.closed)
}
func (r *rt) Reopen(ctx context.Context, i Issue) error {
	return r.set(ctx, i, "open_status", r.opened)
}

// set changes the status and looks at it: RT answers 200 also if it changed
// nothing, with a sentence in the user's language.
func (r *rt) set(ctx context.Context, i Issue, field, status string) error {
	var said []string
	if err := r.write(ctx, http.MethodPut, r.path(i), map[string]string{"Status": status}, &said); err != nil {
		return err
	}
	var now struct{ Status string }
	if err := r.read(ctx, http.MethodGet, r.path(i), nil, &now); err != nil {
		return err
	}
	if now.Status != status {
		return alert.Permanent(fmt.Errorf("status stays %q, not %q (%s): see %s and the user's right ModifyTicket", now.Status, status, strings.Join(said, " "), field))
	}
	return nil
}

func (r *rt) path(i Issue) string { return "/REST/2.0/ticket/" + i.ID }

func (r *rt) link(id string) string { return r.base + "/Ticket/Display.html?id=" + id }
