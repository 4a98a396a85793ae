package lint

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"goldensignals/internal/runbook"
)

// runbookLoad wants runbooks that the router can load, folder by folder, as it
// does. What makes a good runbook, package runbook decides.
func runbookLoad(in *input) []Finding {
	folders := map[string][]File{}
	for _, f := range in.of(KindRunbook) {
		folders[path.Dir(f.Name)] = append(folders[path.Dir(f.Name)], f)
	}
	var found []Finding
	for folder, files := range folders {
		sub, err := fs.Sub(files[0].fsys, path.Dir(files[0].path))
		if err != nil {
			found = append(found, fault(files[0].Name, 1, fmt.Sprintf("open folder: %v", err), "correct its name"))
			continue
		}
		if _, err := runbook.Load(pagesFS{sub, names(files)}); err != nil {
			for _, e := range unjoin(err) {
				found = append(found, runbookFinding(folder, e))
			}
		}
	}
	return found
}

// pagesFS shows, of a folder, only the files that are runbooks.
type pagesFS struct {
	fs.FS
	names []string
}

// ReadDir implements fs.ReadDirFS.
func (p pagesFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(p.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !slices.Contains(p.names, e.Name()) }), err
}

func names(files []File) []string {
	var list []string
	for _, f := range files {
		list = append(list, path.Base(f.path))
	}
	return list
}

// unjoin returns the errors that were joined, or the one that was not.
func unjoin(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // a joined error itself, not one that it wraps
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, unjoin(e)...)
	}
	return all
}

// runbookFinding takes file, line and remedy from "file:line: problem; remedy".
// The line may also be in the middle, where the YAML library puts it.
func runbookFinding(folder string, err error) Finding {
	text := strings.Join(strings.Fields(err.Error()), " ")
	m := regexp.MustCompile(`^(.+?\.md)(?::(\d+))?: (.*)$`).FindStringSubmatch(text)
	if m == nil {
		return fault(folder, 1, text, "correct the runbook")
	}
	number := m[2]
	if at := regexp.MustCompile(`\bline (\d+)`).FindStringSubmatch(m[3]); number == "" && at != nil {
		number = at[1]
	}
	line, convErr := strconv.Atoi(number)
	if convErr != nil {
		line = 1 // the front matter
	}
	problem := regexp.MustCompile(`yaml: (unmarshal errors: )?(line \d+: )?`).ReplaceAllString(m[3], "")
	remedy := "correct the runbook"
	if i := strings.LastIndex(problem, "; "); i >= 0 {
		problem, remedy = problem[:i], problem[i+2:]
	}
	return fault(path.Join(folder, m[1]), line, problem, remedy)
}
