package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"goldensignals/internal/receiver/outbound"
)

// Error says where in the file something is wrong, what, and what to write
// instead. Parse joins all of those that it finds.
type Error struct {
	File    string
	Line    int    // counted from 1
	Field   string // the path of the key, such as receivers[2].sms.providers[0]; empty: the file as a whole
	Problem string
}

// Error renders e, file and line first.
func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
	}
	return fmt.Sprintf("%s:%d: %s: %s", e.File, e.Line, e.Field, e.Problem)
}

// problems collects the errors of one file, and knows the line of each path.
type problems struct {
	file  string
	lines map[string]int  // :: path -> line
	odd   map[string]bool // :: path of a section -> it has a key that is unknown, and may be meant for a missing one
	errs  []*Error
}

func newProblems(file string) *problems {
	return &problems{file: file, lines: map[string]int{}, odd: map[string]bool{}}
}

// maxErrors is more than anybody reads.
const maxErrors = 100

func (p *problems) add(path, format string, args ...any) {
	if len(p.errs) >= maxErrors {
		return
	}
	p.errs = append(p.errs, &Error{p.file, p.line(path), path, fmt.Sprintf(format, args...)})
}

// addAll reports what the section below path says is wrong with itself.
func (p *problems) addAll(path string, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the joined errors themselves are wanted
		for _, e := range joined.Unwrap() {
			p.addAll(path, e)
		}
		return
	}
	if f, ok := errors.AsType[*outbound.FieldError](err); ok {
		below := join(path, f.Field)
		if f.Field != "" && strings.HasSuffix("."+path, "."+f.Field) {
			below = path // it names itself
		}
		p.add(below, "%s", f.Problem)
		return
	}
	p.add(path, "%v", err)
}

// line returns the line of a path; where the key is absent, the line of what it
// is missing from.
func (p *problems) line(path string) int {
	for path != "" {
		if n, ok := p.lines[path]; ok {
			return n
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 1
}

// has reports whether the file has the key, well or badly.
func (p *problems) has(path string) bool {
	_, ok := p.lines[path]
	return ok
}

// tainted reports whether something at or below path was found wrong, so that
// what depends on it is not blamed as well.
func (p *problems) tainted(path string) bool {
	return slices.ContainsFunc(p.errs, func(e *Error) bool { return within(e.Field, path) })
}

// within reports whether path is outer or something in it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// err returns everything that was found, in the order of the file.
func (p *problems) err() error {
	slices.SortStableFunc(p.errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	errs := make([]error, len(p.errs))
	for i, e := range p.errs {
		errs[i] = e
	}
	if len(errs) >= maxErrors {
		errs = append(errs, &Error{p.file, p.errs[len(p.errs)-1].Line, "", "there may be more: these are as many as are shown at once"})
	}
	return errors.Join(errs...)
}

func join(path, key string) string {
	if path == "" || key == "" {
		return path + key
	}
	return path + "." + key
}

func at(path string, index int) string { return fmt.Sprintf("%s[%d]", path, index) }

// meant asks back with the known word that is nearest to what was written, or
// else lists the known ones.
func meant(written string, known []string) string {
	best, distance := "", 1+len(written)/3
	for _, k := range known {
		if d := editDistance(strings.ToLower(written), k); d <= distance {
			best, distance = k, d-1
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %s?", best)
	case len(known) == 0:
		return "there is none"
	}
	return "use one of " + strings.Join(known, ", ")
}

// editDistance counts the letters to insert, delete or replace.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
