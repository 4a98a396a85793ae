package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// section is the part of a Markdown file between two markers, each on a line of
// its own: <!-- gameday:NAME --> and <!-- /gameday:NAME -->.
type section struct{ file, name string }

func (s section) begin() string { return "<!-- gameday:" + s.name + " -->" }
func (s section) end() string   { return "<!-- /gameday:" + s.name + " -->" }

// check reads the file, so that a missing marker is found before the work and not
// after it.
func (s section) check() error {
	if !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(s.name) {
		return fmt.Errorf("--marker=%s: give lower-case letters, digits and dashes", s.name)
	}
	_, err := s.with("")
	return err
}

// replace writes text into the section.
func (s section) replace(text string) error {
	content, err := s.with(text)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.file, []byte(content), 0o644); err != nil { // keeps the mode of the file that is there
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// with is the content of the file with text in the section.
func (s section) with(text string) (string, error) {
	content, err := os.ReadFile(s.file)
	if err != nil {
		return "", fmt.Errorf("read file for result: %w", err)
	}
	lines := strings.SplitAfter(string(content), "\n")
	begin, err := s.find(lines, s.begin())
	if err != nil {
		return "", err
	}
	end, err := s.find(lines, s.end())
	if err != nil {
		return "", err
	}
	if end < begin {
		return "", fmt.Errorf("%s: the line %s stands before %s; swap them", s.file, s.end(), s.begin())
	}
	return strings.Join(lines[:begin+1], "") + "\n" + strings.Trim(text, "\n") + "\n\n" + strings.Join(lines[end:], ""), nil
}

// find returns the number of the one line that is the marker; text that only
// mentions it is none.
func (s section) find(lines []string, marker string) (int, error) {
	at := -1
	for i, line := range lines {
		if strings.TrimSpace(line) != marker {
			continue
		}
		if at >= 0 {
			return 0, fmt.Errorf("%s: the line %s stands there twice, at %d and %d; leave one, or name another with --marker", s.file, marker, at+1, i+1)
		}
		at = i
	}
	if at < 0 {
		return 0, fmt.Errorf("%s: there is no line %s; write the lines %s and %s where the result shall stand", s.file, marker, s.begin(), s.end())
	}
	return at, nil
}
