package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"goldensignals/internal/store"
)

// policy lets a page load nothing but its own style and script.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

type renderer struct {
	pages   map[string]*template.Template // :: file name -> layout and page
	base    string
	version string
}

// frame is what the layout shows around a page.
type frame struct {
	view
	Base     string
	Version  string // of the static files, for the browser's cache
	Now      time.Time
	Public   bool // without navigation: most of it is not served there
	Silences bool // there is a page of silences
	Events   bool // there is a stream of events
}

func newRenderer(base string) (*renderer, error) {
	r := &renderer{pages: make(map[string]*template.Template), base: base}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		short := strings.TrimPrefix(name, "templates/")
		t, err := template.New("layout.html").Funcs(functions(base)).ParseFS(files, "templates/layout.html", name)
		if err != nil {
			return nil, err
		}
		r.pages[short] = t
	}
	h := sha256.New()
	for _, name := range []string{"static/app.css", "static/live.js"} {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		h.Write(data)
	}
	r.version = hex.EncodeToString(h.Sum(nil)[:6])
	return r, nil
}

// write renders the whole page before it sends the first byte.
func (r *renderer) write(w http.ResponseWriter, f frame) error {
	var b bytes.Buffer
	f.Version = r.version
	if err := r.pages[f.Template].Execute(&b, f); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	if f.Code != 0 {
		w.WriteHeader(f.Code)
	}
	_, _ = w.Write(bytes.Map(straight, b.Bytes())) // the reader has left; nobody to tell
	return nil
}

// functions are what templates may call. Ages count from the time of the page.
func functions(base string) template.FuncMap {
	return template.FuncMap{
		"link":    func(parts ...string) string { return linkTo(base, parts...) },
		"upper":   func(v any) string { return strings.ToUpper(fmt.Sprint(v)) },
		"clock":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
		"hour":    func(t time.Time) string { return t.UTC().Format("15:04") },
		"moment":  func(now, t time.Time) string { return moment(now.UTC(), t.UTC()) },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"age":     func(now, t time.Time) string { return age(now.Sub(t)) },
		"minute":  func(now, t time.Time) string { return minute(now.UTC(), t.UTC()) },
		"left":    func(now, t time.Time) string { return left(t.Sub(now)) },
		"span":    span,
		"linkify": linkify,
		"weblink": webLink,
		"state":   stateWord,
		"type":    typeWord,
		"plural":  plural,
		"dict":    dict,
		"one":     func(v store.Incident) []store.Incident { return []store.Incident{v} },
	}
}

// dict makes one value of several, for a template that takes one: name, value,
// name, value.
func dict(pairs ...any) (map[string]any, error) {
	out := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		out[name] = pairs[i+1]
	}
	return out, nil
}

// linkTo makes an address below base of the segments of a path. The first one may
// hold slashes, or end with one.
func linkTo(base string, parts ...string) string {
	for i, p := range parts {
		if i == 0 {
			base += p
			continue
		}
		if !strings.HasSuffix(base, "/") {
			base += "/"
		}
		base += url.PathEscape(p)
	}
	return base
}

// moment is the time of a day, with the day if it is another one than today's.
func moment(now, t time.Time) string {
	if now.Format(time.DateOnly) == t.Format(time.DateOnly) {
		return t.Format("15:04:05")
	}
	return t.Format("Jan 2, 15:04:05")
}

// minute is moment, as exact as what people plan.
func minute(now, t time.Time) string {
	if now.Format(time.DateOnly) == t.Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("Jan 2, 15:04")
}

// left words how far away something is: an hour from now is not 59 minutes because
// the page took a moment.
func left(d time.Duration) string {
	if d > time.Minute {
		d = d.Round(time.Minute)
	}
	return span(d)
}

// span words a length of time.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than 1 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour && d%time.Hour < time.Minute:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int((d+12*time.Hour).Hours()/24))
}

// age words a duration as people say it.
func age(d time.Duration) string {
	if d < time.Second {
		return "now"
	}
	if d >= time.Hour && d < 48*time.Hour {
		d = d.Truncate(time.Hour)
	}
	return span(d) + " ago"
}

// staticFiles serves style and script; their address carries their version.
func staticFiles() http.Handler {
	next := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") { // no list of files
			http.NotFound(w, r)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.URL.Query().Has("v") {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		next.ServeHTTP(w, r)
	})
}
