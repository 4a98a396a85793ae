package drill

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// FileError says where in a drill file something is wrong, what, and what to
// do about it. Parse joins all of those that it finds.
type FileError struct {
	File    string
	Line    int
	Field   string // the key; empty if the line as a whole is wrong
	Problem string
	Remedy  string
}

// Error renders the error in one line, file and line first.
func (e *FileError) Error() string {
	field := ""
	if e.Field != "" {
		field = e.Field + ": "
	}
	return fmt.Sprintf("%s:%d: %s%s; %s", e.File, e.Line, field, e.Problem, e.Remedy)
}

// syntaxError turns the YAML library's error into one that names the file and
// the line as all others do.
func syntaxError(file string, err error) error {
	m := regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`).FindStringSubmatch(err.Error())
	if m == nil {
		return fmt.Errorf("%s: read YAML: %w", file, err)
	}
	line, convErr := strconv.Atoi(m[1])
	if convErr != nil {
		line = 1 // the library does not know better
	}
	return &FileError{File: file, Line: line, Problem: "not YAML: " + m[2], Remedy: "check indentation, brackets and quotes there"}
}

// problems collects the errors of one file.
type problems struct {
	file string
	errs []error
}

func (p *problems) add(line int, field, problem, remedy string) {
	p.errs = append(p.errs, &FileError{File: p.file, Line: line, Field: field, Problem: problem, Remedy: remedy})
}

func (p *problems) err() error { return errors.Join(p.errs...) }
