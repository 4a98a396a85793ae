package ticket_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/ticket"
)

// desk is a tracker in memory. What it answers has the shapes that the trackers
// publish; a request that they would refuse is refused.
type desk struct {
	mu     sync.Mutex
	issues []*deskIssue
	labels []string // Gitea's, by number from 1
	auth   string   // what Authorization must be
	fail   http.HandlerFunc
}

type deskIssue struct {
	n        int
	title    string
	body     any
	labels   []string
	status   string
	reason   string
	open     bool
	closed   time.Time
	comments []any
}

type doc map[string]any

func (d *desk) serve(t *testing.T, routes map[string]func(in doc, req *http.Request) (int, any)) string {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, f := range routes {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, req *http.Request) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.fail != nil {
				d.fail(w, req)
				return
			}
			if req.Header.Get("Authorization") != d.auth {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			in := doc{}
			if req.Method != http.MethodGet && json.NewDecoder(req.Body).Decode(&in) != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			code, out := f(in, req)
			w.WriteHeader(code)
			if out != nil {
				if err := json.NewEncoder(w).Encode(out); err != nil {
					t.Error(err)
				}
			}
		})
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

func (d *desk) add(i deskIssue) *deskIssue {
	i.n, i.open = len(d.issues)+1, true
	d.issues = append(d.issues, &i)
	return &i
}

func (d *desk) get(req *http.Request) *deskIssue {
	n, err := strconv.Atoi(strings.TrimPrefix(req.PathValue("n"), "OPS-"))
	if err != nil || n < 1 || n > len(d.issues) {
		return &deskIssue{}
	}
	return d.issues[n-1]
}

func (d *desk) set(i *deskIssue, open bool, status string) {
	i.open, i.status = open, status
	if i.closed = time.Now(); open {
		i.closed = time.Time{}
	}
}

// with returns the issues with the label, newest first.
func (d *desk) with(label string, show func(*deskIssue) doc) []doc {
	found := []doc{}
	for _, i := range slices.Backward(d.issues) {
		if slices.Contains(i.labels, label) {
			found = append(found, show(i))
		}
	}
	return found
}

func (i *deskIssue) say(body any) { i.comments = append(i.comments, body) }

func (i *deskIssue) closedAt() any {
	if i.open {
		return nil
	}
	return i.closed.UTC().Format(time.RFC3339)
}

func (i *deskIssue) bodies() []doc {
	all := []doc{}
	for _, c := range i.comments {
		all = append(all, doc{"body": c})
	}
	return all
}

func texts(v any) []string {
	var all []string
	list, _ := v.([]any)
	for _, s := range list {
		all = append(all, fmt.Sprint(s))
	}
	return all
}

type stub struct {
	name string
	rig  func(t *testing.T, d *desk) rig
}

func stubs() []stub {
	return []stub{
		{"github", githubStub}, {"gitlab", gitlabStub}, {"gitea", giteaStub}, {"rt", rtStub},
		{"jira cloud", func(t *testing.T, d *desk) rig { return jiraStub(t, d, true) }},
		{"jira data center", func(t *testing.T, d *desk) rig { return jiraStub(t, d, false) }},
	}
}

// refuse is a person who closes with a label.
func (d *desk) refuse(change func(*deskIssue)) func(*testing.T, string) {
	return func(t *testing.T, id string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		n, err := strconv.Atoi(strings.TrimLeft(id, "#OPS-"))
		if err != nil {
			t.Fatal(err)
		}
		i := d.issues[n-1]
		d.set(i, false, "closed")
		change(i)
	}
}

func githubStub(t *testing.T, d *desk) rig {
	d.auth = "Bearer s3cret"
	show := func(i *deskIssue) doc {
		labels := []doc{}
		for _, l := range i.labels {
			labels = append(labels, doc{"name": l})
		}
		state := map[bool]string{true: "open", false: "closed"}[i.open]
		return doc{
			"number": i.n, "html_url": fmt.Sprint("https://github.com/acme/ops/issues/", i.n), "state": state,
			"state_reason": i.reason, "closed_at": i.closedAt(), "labels": labels, "body": i.body,
		}
	}
	base := d.serve(t, map[string]func(doc, *http.Request) (int, any){
		"GET /repos/acme/ops/issues": func(_ doc, req *http.Request) (int, any) {
			found := d.with(req.FormValue("labels"), show)
			return 200, append(found, doc{"number": 99, "state": "open", "pull_request": doc{}})
		},
		"POST /repos/acme/ops/issues": func(in doc, _ *http.Request) (int, any) {
			return 201, show(d.add(deskIssue{title: in["title"].(string), body: in["body"], labels: texts(in["labels"])}))
		},
		"GET /repos/acme/ops/issues/{n}": func(_ doc, req *http.Request) (int, any) { return 200, show(d.get(req)) },
		"PATCH /repos/acme/ops/issues/{n}": func(in doc, req *http.Request) (int, any) {
			i := d.get(req)
			d.set(i, in["state"] == "open", "")
			i.reason, _ = in["state_reason"].(string)
			return 200, show(i)
		},
		"GET /repos/acme/ops/issues/{n}/comments": func(_ doc, req *http.Request) (int, any) { return 200, d.get(req).bodies() },
		"POST /repos/acme/ops/issues/{n}/comments": func(in doc, req *http.Request) (int, any) {
			d.get(req).say(in["body"])
			return 201, doc{"id": 1}
		},
	})
	return rig{
		ticket.Config{GitHub: &ticket.GitHub{URL: base, Repository: "acme/ops", Token: secret(t, "s3cret")}},
		d.refuse(func(i *deskIssue) { i.reason = "not_planned" }),
	}
}

func gitlabStub(t *testing.T, d *desk) rig {
	d.auth = "Bearer s3cret"
	show := func(i *deskIssue) doc {
		state := map[bool]string{true: "opened", false: "closed"}[i.open]
		return doc{
			"id": 1000 + i.n, "iid": i.n, "web_url": fmt.Sprint("https://gitlab.com/acme/ops/-/issues/", i.n), "state": state,
			"closed_at": i.closedAt(), "labels": i.labels, "description": i.body,
		}
	}
	const issues = "/api/v4/projects/{project}/issues"
	base := d.serve(t, map[string]func(doc, *http.Request) (int, any){
		"GET " + issues: func(_ doc, req *http.Request) (int, any) {
			if req.PathValue("project") != "acme/ops" {
				return 404, doc{"message": "404 Project Not Found"}
			}
			return 200, d.with(req.FormValue("labels"), show)
		},
		"POST " + issues: func(in doc, _ *http.Request) (int, any) {
			return 201, show(d.add(deskIssue{title: in["title"].(string), body: in["description"], labels: strings.Split(in["labels"].(string), ",")}))
		},
		"GET " + issues + "/{n}": func(_ doc, req *http.Request) (int, any) { return 200, show(d.get(req)) },
		"PUT " + issues + "/{n}": func(in doc, req *http.Request) (int, any) {
			d.set(d.get(req), in["state_event"] == "reopen", "")
			return 200, show(d.get(req))
		},
		"GET " + issues + "/{n}/notes": func(_ doc, req *http.Request) (int, any) { return 200, d.get(req).bodies() },
		"POST " + issues + "/{n}/notes": func(in doc, req *http.Request) (int, any) {
			d.get(req).say(in["body"])
			return 201, doc{"id": 1}
		},
	})
	return rig{
		ticket.Config{GitLab: &ticket.GitLab{URL: base, Project: "acme/ops", Token: secret(t, "s3cret")}},
		d.refuse(func(i *deskIssue) { i.labels = append(i.labels, "Won't fix") }),
	}
}

func giteaStub(t *testing.T, d *desk) rig {
	d.auth = "token s3cret"
	show := func(i *deskIssue) doc {
		labels := []doc{}
		for _, l := range i.labels {
			labels = append(labels, doc{"id": slices.Index(d.labels, l) + 1, "name": l})
		}
		state := map[bool]string{true: "open", false: "closed"}[i.open]
		return doc{"number": i.n, "html_url": fmt.Sprint("https://gitea.example/acme/ops/issues/", i.n), "state": state, "closed_at": i.closedAt(), "labels": labels, "body": i.body}
	}
	const repo = "/api/v1/repos/acme/ops"
	base := d.serve(t, map[string]func(doc, *http.Request) (int, any){
		"GET " + repo + "/labels": func(_ doc, req *http.Request) (int, any) {
			all := []doc{}
			for i, l := range d.labels { // one a page: no page may be taken for the last
				if strconv.Itoa(i+1) == req.FormValue("page") {
					all = append(all, doc{"id": i + 1, "name": l})
				}
			}
			return 200, all
		},
		"POST " + repo + "/labels": func(in doc, _ *http.Request) (int, any) {
			d.labels = append(d.labels, in["name"].(string))
			return 201, doc{"id": len(d.labels), "name": in["name"]}
		},
		"GET " + repo + "/issues": func(_ doc, req *http.Request) (int, any) {
			if !slices.Contains(d.labels, req.FormValue("labels")) { // an unknown label is no filter
				return 200, []doc{show(&deskIssue{n: 77, open: true})}
			}
			return 200, d.with(req.FormValue("labels"), show)
		},
		"POST " + repo + "/issues": func(in doc, _ *http.Request) (int, any) {
			i := deskIssue{title: in["title"].(string), body: in["body"]}
			for _, id := range in["labels"].([]any) {
				i.labels = append(i.labels, d.labels[int(id.(float64))-1])
			}
			return 201, show(d.add(i))
		},
		"GET " + repo + "/issues/{n}": func(_ doc, req *http.Request) (int, any) { return 200, show(d.get(req)) },
		"PATCH " + repo + "/issues/{n}": func(in doc, req *http.Request) (int, any) {
			d.set(d.get(req), in["state"] == "open", "")
			return 201, show(d.get(req))
		},
		"GET " + repo + "/issues/{n}/comments": func(_ doc, req *http.Request) (int, any) { return 200, d.get(req).bodies() },
		"POST " + repo + "/issues/{n}/comments": func(in doc, req *http.Request) (int, any) {
			d.get(req).say(in["body"])
			return 201, doc{"id": 1}
		},
	})
	return rig{
		ticket.Config{Gitea: &ticket.Gitea{URL: base, Repository: "acme/ops", Token: secret(t, "s3cret")}, Labels: []string{"alerts"}},
		d.refuse(func(i *deskIssue) { i.labels = append(i.labels, "wontfix") }),
	}
}

func rtStub(t *testing.T, d *desk) rig {
	d.auth = "token s3cret"
	base := d.serve(t, map[string]func(doc, *http.Request) (int, any){
		"GET /REST/2.0/tickets": func(_ doc, req *http.Request) (int, any) {
			_, key, _ := strings.Cut(req.FormValue("query"), "Subject LIKE '")
			key, rest, _ := strings.Cut(key, "'")
			items := []doc{}
			for _, i := range slices.Backward(d.issues) {
				if strings.Contains(i.title, key) && (i.open || !strings.Contains(rest, "__Active__")) {
					items = append(items, doc{"id": strconv.Itoa(i.n), "type": "ticket", "Status": i.status, "Resolved": time.Now().UTC().Format(time.RFC3339)})
				}
			}
			return 200, doc{"items": items, "total": len(items)}
		},
		"POST /REST/2.0/ticket": func(in doc, _ *http.Request) (int, any) {
			i := d.add(deskIssue{title: in["Subject"].(string), status: "new", comments: []any{in["Content"]}})
			return 201, doc{"id": strconv.Itoa(i.n), "type": "ticket"}
		},
		"GET /REST/2.0/ticket/{n}": func(_ doc, req *http.Request) (int, any) {
			return 200, doc{"id": d.get(req).n, "Status": d.get(req).status}
		},
		"PUT /REST/2.0/ticket/{n}": func(in doc, req *http.Request) (int, any) {
			status := in["Status"].(string)
			if !slices.Contains([]string{"open", "resolved"}, status) {
				return 200, []string{"Ticket 1: Status '" + status + "' isn't a valid status for this ticket."}
			}
			d.set(d.get(req), status == "open", status)
			return 200, []string{"Ticket 1: Status changed"}
		},
		"GET /REST/2.0/ticket/{n}/attachments": func(_ doc, req *http.Request) (int, any) {
			items := []doc{}
			for k, c := range d.get(req).comments {
				items = append(items, doc{"id": strconv.Itoa(k), "type": "attachment", "Content": c})
			}
			return 200, doc{"items": items, "total": nil}
		},
		"POST /REST/2.0/ticket/{n}/comment": func(in doc, req *http.Request) (int, any) {
			d.get(req).say(in["Content"])
			return 201, []string{"Comments added"}
		},
	})
	return rig{
		ticket.Config{RT: &ticket.RT{URL: base, Queue: "General", Token: secret(t, "s3cret")}},
		d.refuse(func(i *deskIssue) { i.status = "rejected" }),
	}
}

func jiraStub(t *testing.T, d *desk, cloud bool) rig {
	d.auth = "Bearer s3cret"
	api, search := "/rest/api/2", "/rest/api/2/search"
	if cloud {
		api, search, d.auth = "/rest/api/3", "/rest/api/3/search/jql", "Basic bWVAeDpzM2NyZXQ=" // me@x:s3cret
	}
	status := func(i *deskIssue) doc {
		if i.open {
			return doc{"name": "To Do", "statusCategory": doc{"key": "new"}}
		}
		return doc{"name": "Done", "statusCategory": doc{"key": "done"}}
	}
	show := func(i *deskIssue) doc {
		f := doc{"status": status(i), "labels": i.labels, "resolution": nil, "resolutiondate": nil, "updated": time.Now().Format("2006-01-02T15:04:05.000-0700")}
		if i.reason != "" {
			f["resolution"] = doc{"name": i.reason}
		}
		return doc{"id": strconv.Itoa(10000 + i.n), "key": fmt.Sprint("OPS-", i.n), "fields": f}
	}
	textOK := func(v any) bool { // each API takes its own form only
		m, isDoc := v.(map[string]any)
		return isDoc == cloud && (!isDoc || m["type"] == "doc" && m["version"] == float64(1))
	}
	base := d.serve(t, map[string]func(doc, *http.Request) (int, any){
		"POST " + search: func(in doc, _ *http.Request) (int, any) {
			_, label, _ := strings.Cut(in["jql"].(string), `labels = "`)
			label, _, _ = strings.Cut(label, `"`)
			return 200, doc{"issues": d.with(label, show)}
		},
		"POST " + api + "/issue": func(in doc, _ *http.Request) (int, any) {
			f := in["fields"].(map[string]any)
			if !textOK(f["description"]) || f["issuetype"].(map[string]any)["name"] != "Task" {
				return 400, doc{"errors": doc{"description": "Operation value must be an Atlassian Document"}}
			}
			i := d.add(deskIssue{title: f["summary"].(string), body: f["description"], labels: texts(f["labels"])})
			return 201, doc{"id": strconv.Itoa(10000 + i.n), "key": fmt.Sprint("OPS-", i.n), "self": "x"}
		},
		"GET " + api + "/issue/{n}": func(_ doc, req *http.Request) (int, any) {
			return 200, doc{"fields": doc{"description": d.get(req).body}}
		},
		"GET " + api + "/issue/{n}/comment": func(_ doc, req *http.Request) (int, any) {
			return 200, doc{"comments": d.get(req).bodies()}
		},
		"POST " + api + "/issue/{n}/comment": func(in doc, req *http.Request) (int, any) {
			if !textOK(in["body"]) {
				return 400, nil
			}
			d.get(req).say(in["body"])
			return 201, doc{"id": "1"}
		},
		"GET " + api + "/issue/{n}/transitions": func(_ doc, req *http.Request) (int, any) {
			done, todo := doc{"statusCategory": doc{"key": "done"}, "name": "Done"}, doc{"statusCategory": doc{"key": "new"}, "name": "To Do"}
			if d.get(req).open {
				return 200, doc{"transitions": []doc{{"id": "5", "name": "Won't do", "to": done}, {"id": "31", "name": "Finish", "to": done}}}
			}
			return 200, doc{"transitions": []doc{{"id": "11", "name": "Back", "to": todo}}}
		},
		"POST " + api + "/issue/{n}/transitions": func(in doc, req *http.Request) (int, any) {
			id := in["transition"].(map[string]any)["id"]
			if id != "11" && id != "31" {
				return 400, nil
			}
			d.set(d.get(req), id == "11", "")
			return 204, nil
		},
	})
	c := &ticket.Jira{URL: base, APIType: "datacenter", Project: "OPS", Token: secret(t, "s3cret")}
	if cloud {
		c.APIType, c.User = "cloud", "me@x"
	}
	return rig{ticket.Config{Jira: c}, d.refuse(func(i *deskIssue) { i.reason = "Won't Do" })}
}

func TestStory(t *testing.T) {
	t.Parallel()
	for _, s := range stubs() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			play(t, s.rig(t, &desk{}))
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	answer := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	for _, s := range stubs() {
		for _, tt := range []struct {
			name      string
			fail      http.HandlerFunc
			permanent bool
			wait      time.Duration
		}{
			{"rate limit", answer(429, "Retry-After", "60"), false, time.Minute},
			{"wrong token", answer(401), false, 0},
			{"no such project", answer(404), true, 0},
			{"broken", answer(502), false, 0},
		} {
			t.Run(s.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				d := &desk{fail: tt.fail}
				st := &story{t: t, rig: s.rig(t, d), wire: &lossy{}, group: "g"}
				_, err := st.open(0).Send(t.Context(), st.next(alert.Firing))
				if err == nil || alert.IsPermanent(err) != tt.permanent || alert.IsUnsure(err) || alert.WaitAfter(err) != tt.wait {
					t.Errorf("Send = %v (permanent %t, unsure %t, after %v)", err, alert.IsPermanent(err), alert.IsUnsure(err), alert.WaitAfter(err))
				}
				if strings.Contains(fmt.Sprint(err), "s3cret") {
					t.Errorf("error tells the secret: %v", err)
				}
			})
		}
	}
}

func TestGitHubsHourIsUsedUp(t *testing.T) {
	t.Parallel()
	d := &desk{fail: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(10*time.Minute).Unix(), 10))
		w.WriteHeader(http.StatusForbidden)
	}}
	st := &story{t: t, rig: githubStub(t, d), wire: &lossy{}, group: "g"}
	_, err := st.open(0).Send(t.Context(), st.next(alert.Firing))
	if wait := alert.WaitAfter(err); wait < 9*time.Minute || wait > 10*time.Minute || alert.IsPermanent(err) {
		t.Errorf("Send = %v, after %v, want about 10m", err, wait)
	}
}
