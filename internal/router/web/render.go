package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"time"
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
	Base    string
	Version string // of the static files, for the browser's cache
	Now     time.Time
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
func (r *renderer) write(w http.ResponseWriter, v view, now time.Time) error {
	var b bytes.Buffer
	if err := r.pages[v.Template].Execute(&b, frame{view: v, Base: r.base, Version: r.version, Now: now.UTC()}); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if v.Code != 0 {
		w.WriteHeader(v.Code)
	}
	_, _ = w.Write(b.Bytes()) // the reader has left; nobody to tell
	return nil
}

// functions are what templates may call. Ages count from the time of the page.
func functions(base string) template.FuncMap {
	return template.FuncMap{
		"link":  func(path string) string { return base + path },
		"upper": func(v any) string { return strings.ToUpper(fmt.Sprint(v)) },
		"clock": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
		"hour":  func(t time.Time) string { return t.UTC().Format("15:04") },
		"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"age":   func(now, t time.Time) string { return age(now.Sub(t)) },
	}
}

// age words a duration as people say it.
func age(d time.Duration) string {
	switch {
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
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
