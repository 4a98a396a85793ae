package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"

	"goldensignals/internal/drill"
)

//go:embed templates/*.html templates/*.css
var templates embed.FS

// HTML writes one page about the results that needs nothing else: no script, no
// font, no network. It prints, and reads without colour.
func HTML(w io.Writer, results []drill.Result) error {
	page := htmlPage{Totals: sum(results), Rows: rows(results)}
	for i, r := range results {
		page.Drills = append(page.Drills, htmlDrill{
			Result:  r,
			Notes:   notes(r),
			Repairs: repairs(r),
			Picture: draw(r, fmt.Sprintf("p%d", i+1)),
		})
	}
	return render(w, "report.html", page)
}

type htmlPage struct {
	Totals Totals
	Rows   []row
	Drills []htmlDrill
}

type htmlDrill struct {
	drill.Result
	Notes   []string
	Repairs []string
	Picture picture
}

// render executes a template into a buffer first, so that an error leaves no
// half page behind.
func render(w io.Writer, name string, data any) error {
	css, err := templates.ReadFile("templates/style.css")
	if err != nil {
		return fmt.Errorf("read style: %w", err)
	}
	t, err := template.New(name).Funcs(template.FuncMap{
		"css":            func() template.CSS { return template.CSS(css) }, // our own file
		"span":           span,
		"optional":       optional,
		"percent":        percent,
		"ratio":          ratio,
		"verdict":        verdict,
		"controlVerdict": controlVerdict,
		"plural":         plural,
		"runbook":        runbookLink,
		"labels":         alertLabel,
		"mutes":          mutes,
		"good":           fine,
	}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return fmt.Errorf("parse templates: %w", err)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// runbookLink returns the address if it may be linked to: what alerts carry is
// not to be trusted.
func runbookLink(address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return ""
	}
	return address
}

// mutes says in words how an alert was muted.
func mutes(a drill.AlertResult) string {
	var parts []string
	for _, m := range a.Muted {
		text := fmt.Sprintf("%s from %s to %s", m.By, span(m.FromSeconds), optional(m.ToSeconds))
		if m.Name != "" {
			text += " (" + m.Name + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}
