package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/*
var staticFiles embed.FS

// pages renders. It is safe for concurrent use.
type pages struct {
	tmpl *template.Template
	hash string // of all static files: part of their address, so they may be cached for good
}

func newPages(loc *time.Location) (*pages, error) {
	hash, err := hashFiles(staticFiles)
	if err != nil {
		return nil, err
	}
	p := &pages{hash: hash}
	p.tmpl, err = template.New("console").Funcs(template.FuncMap{
		"asset": func(name string) string { return "/assets/" + p.hash + "/" + name },
		"clock": func(t time.Time) string { return t.In(loc).Format("15:04:05") },
		"hhmm":  func(t time.Time) string { return t.In(loc).Format("15:04") },
		"iso":   func(t time.Time) string { return t.In(loc).Format(time.RFC3339) },
		"zone":  func(t time.Time) string { return t.In(loc).Format("MST") },
	}).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	return p, nil
}

// page renders the whole page called name, such as page.html.
func (p *pages) page(name string, v any) ([]byte, error) {
	var buf bytes.Buffer
	if err := p.tmpl.ExecuteTemplate(&buf, name, v); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return buf.Bytes(), nil
}

// sections renders the parts of the page that change by themselves. Each ID is
// the id of an element of the page and the name of a template.
func (p *pages) sections(v pageView) ([]section, error) {
	parts := []struct {
		id   string
		data any
	}{
		{"summary", v.Summary},
		{"drill", v.Drill},
		{"services", v.Services},
		{"alerts", v.Alerts},
		{"silences", v.Silences},
		{"phone", v.Phone},
		{"tickets", v.Tickets},
		{"log", v.Log},
		{"active-faults", v.Active},
		{"applied-repairs", v.Applied},
	}
	var list []section
	for _, part := range parts {
		var buf bytes.Buffer
		if err := p.tmpl.ExecuteTemplate(&buf, part.id, part.data); err != nil {
			return nil, fmt.Errorf("render section %s: %w", part.id, err)
		}
		list = append(list, section{ID: part.id, HTML: buf.String()})
	}
	return list, nil
}

// assets serves the static files at /assets/{hash}/{file}.
func (p *pages) assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("hash") != p.hash {
			http.NotFound(w, r) // of another build: caching this one under it would be for good
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeFileFS(w, r, staticFiles, "static/"+r.PathValue("file"))
	})
}

func hashFiles(fsys fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", path, len(data))
		sum.Write(data)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("hash static files: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}
