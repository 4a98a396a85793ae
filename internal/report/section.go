package report

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Section is the part of a Markdown file between two markers, each on a line of
// its own: <!-- gameday:NAME --> and <!-- /gameday:NAME -->.
type Section struct{ File, Name string }

func (s Section) begin() string { return "<!-- gameday:" + s.Name + " -->" }
func (s Section) end() string   { return "<!-- /gameday:" + s.Name + " -->" }

// Check reads the file, so that a missing marker is found before the work and not
// after it.
func (s Section) Check() error {
	if !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(s.Name) {
		return fmt.Errorf("the marker %q: give lower-case letters, digits and dashes", s.Name)
	}
	_, err := s.split()
	return err
}

// Text returns what stands between the markers, without the empty lines around it.
func (s Section) Text() (string, error) {
	parts, err := s.split()
	return strings.Trim(parts.within, "\n"), err
}

// Replace writes text into the section.
func (s Section) Replace(text string) error {
	parts, err := s.split()
	if err != nil {
		return err
	}
	content := parts.before + "\n" + strings.Trim(text, "\n") + "\n\n" + parts.after
	if err := os.WriteFile(s.File, []byte(content), 0o644); err != nil { // keeps the mode of the file that is there
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// parts of a file; the markers go with what is around them.
type parts struct{ before, within, after string }

func (s Section) split() (parts, error) {
	content, err := os.ReadFile(s.File)
	if err != nil {
		return parts{}, fmt.Errorf("read file for result: %w", err)
	}
	lines := strings.SplitAfter(string(content), "\n")
	begin, err := s.find(lines, s.begin())
	if err != nil {
		return parts{}, err
	}
	end, err := s.find(lines, s.end())
	if err != nil {
		return parts{}, err
	}
	if end < begin {
		return parts{}, fmt.Errorf("%s: the line %s stands before %s; swap them", s.File, s.end(), s.begin())
	}
	join := func(lines []string) string { return strings.Join(lines, "") }
	return parts{join(lines[:begin+1]), join(lines[begin+1 : end]), join(lines[end:])}, nil
}

// find returns the number of the one line that is the marker; text that only
// mentions it is none.
func (s Section) find(lines []string, marker string) (int, error) {
	at := -1
	for i, line := range lines {
		if strings.TrimSpace(line) != marker {
			continue
		}
		if at >= 0 {
			return 0, fmt.Errorf("%s: the line %s stands there twice, at %d and %d; leave one, or name another marker", s.File, marker, at+1, i+1)
		}
		at = i
	}
	if at < 0 {
		return 0, fmt.Errorf("%s: there is no line %s; write the lines %s and %s where the result shall stand", s.File, marker, s.begin(), s.end())
	}
	return at, nil
}
