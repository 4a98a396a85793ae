package lint

import (
	"io/fs"
	"path"
	"regexp"
	"slices"

	"goldensignals/internal/runbook"
	"goldensignals/internal/runbook/promql"
)

// runbookPages wants runbooks that the router can load and that people can
// follow, folder by folder. What makes a good one, package runbook decides.
func runbookPages(in *input) []Finding {
	folders := map[string][]File{}
	for _, f := range in.of(KindRunbook) {
		folders[path.Dir(f.Name)] = append(folders[path.Dir(f.Name)], f)
	}
	known := runbook.Known{Recorded: in.recorded()}
	var found []Finding
	for folder, files := range folders {
		sub, err := fs.Sub(files[0].fsys, path.Dir(files[0].path))
		if err != nil {
			found = append(found, fault(files[0].Name, 1, "open folder: "+err.Error(), "correct its name"))
			continue
		}
		findings, err := runbook.Lint(pagesFS{sub, names(files)}, known, promql.Selects)
		if err != nil {
			found = append(found, fault(files[0].Name, 1, err.Error(), "correct the runbook"))
			continue
		}
		for _, f := range findings {
			problem, remedy := cutRemedy(yamlLine.ReplaceAllString(oneLine(f.Message), ""), "correct the runbook")
			found = append(found, fault(path.Join(folder, f.File), max(f.Line, 1), problem, remedy))
		}
	}
	return found
}

// yamlLine is what the YAML library says about the place, which is known.
var yamlLine = regexp.MustCompile(`\bline \d+: `)

// recorded lists the series that rules record; nil if the rules are only the
// shipped ones, for want of those that the runbooks speak of.
func (in *input) recorded() []string {
	if !in.ownAlerts {
		return nil
	}
	names := []string{}
	for _, r := range in.rules {
		if r.record != "" {
			names = append(names, r.record)
		}
	}
	return names
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
