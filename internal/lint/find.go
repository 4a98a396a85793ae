package lint

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kind says what a file is for.
type Kind int

// The kinds of files that can be linted.
const (
	KindRules        Kind = iota + 1 // recording and alerting rules of Prometheus
	KindAlertmanager                 // Alertmanager's configuration
	KindRunbook                      // a page for one alert
	KindDrill                        // an outage to practise
	KindServices                     // which service depends on which
)

// Role says why a file is there. The zero value is Judged.
type Role int

// The roles of files: only what is judged can have findings.
const (
	Judged  Role = iota
	Beside       // it lies beside a file that is judged, and belongs to it
	Shipped      // it stands in, because there is no other of its kind
)

// File is one file and where it came from.
type File struct {
	Name    string // as findings call it
	Kind    Kind
	Role    Role
	Content []byte

	fsys fs.FS
	path string // in fsys
}

// Find reads all files of a known kind in and below root, sorted by name. The
// prefix is how people call the folder that fsys is; it may be empty. A file
// that is of no known kind is left out. It fails if something cannot be read.
func Find(fsys fs.FS, root, prefix string) ([]File, error) {
	var files []File
	err := fs.WalkDir(fsys, root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir // .git and the like
		case entry.IsDir() || !slices.Contains([]string{".yml", ".yaml", ".md"}, path.Ext(name)):
			return nil
		}
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		shown := path.Join(prefix, name)
		if kind := kindOf(shown, content); kind != 0 {
			files = append(files, File{Name: shown, Kind: kind, Content: content, fsys: fsys, path: name})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read files to lint: %w", err)
	}
	return files, nil
}

// kindOf tells a file by its name and content; zero means of no known kind.
func kindOf(name string, content []byte) Kind {
	if path.Ext(name) == ".md" {
		return kindOfPage(name, content)
	}
	keys := topKeys(content)
	stem := strings.TrimSuffix(path.Base(name), path.Ext(name))
	switch {
	case strings.HasSuffix(stem, ".rules") || keys["groups"]:
		return KindRules
	case keys["route"]:
		return KindAlertmanager
	case stem == "services":
		return KindServices
	case (keys["timeline"] || keys["duration"]) && (keys["name"] || keys["title"]):
		return KindDrill
	}
	return 0
}

func kindOfPage(name string, content []byte) Kind {
	switch head, _ := frontMatter(content); {
	case strings.EqualFold(path.Base(name), "README.md"):
		return 0
	case topKeys([]byte(head))["alert"], path.Base(path.Dir(name)) == "runbooks":
		return KindRunbook
	}
	return 0
}

// topKeys returns the keys at the top of a YAML file, also of a broken one: it
// must be recognised so that somebody can say what is wrong with it.
func topKeys(content []byte) map[string]bool {
	keys := map[string]bool{}
	var doc yaml.Node
	if err := yaml.Unmarshal(content, &doc); err == nil {
		for _, p := range pairs(root(&doc)) {
			keys[p.key.Value] = true
		}
		return keys
	}
	for _, m := range regexp.MustCompile(`(?m)^["']?([a-z_]+)["']?\s*:`).FindAllSubmatch(content, -1) {
		keys[string(m[1])] = true
	}
	return keys
}

// frontMatter returns what stands between two lines of "---" at the top, and
// whether there is any.
func frontMatter(content []byte) (head string, ok bool) {
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	text, ok = strings.CutPrefix(text, "---\n")
	if !ok {
		return "", false
	}
	head, _, _ = strings.Cut(text, "\n---")
	return head, true
}
