package lint

import (
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"goldensignals/internal/drill"
)

// page is one runbook: what its name and front matter say.
type page struct {
	file  string
	role  Role
	alert string // the alert's name, as in the file name
	drill scalar // line 0 if there is none
}

func readPage(f File) page {
	p := page{file: f.Name, role: f.Role, alert: strings.TrimSuffix(path.Base(f.Name), ".md")}
	head, ok := frontMatter(f.Content)
	if !ok {
		return p
	}
	var doc yaml.Node
	// One empty line in place of the fence keeps the line numbers right. What is
	// wrong with the front matter, the package that loads it says.
	if err := yaml.Unmarshal([]byte("\n"+head), &doc); err == nil {
		p.drill = scalarOf(get(root(&doc), "drill"))
	}
	return p
}

// drillFile is one drill and what is wrong with it.
type drillFile struct {
	file  string
	names []string // what the drill may be called: the name in it, and its file's
	err   error
}

func readDrill(f File) drillFile {
	d := drillFile{file: f.Name, names: []string{strings.TrimSuffix(path.Base(f.Name), path.Ext(f.Name))}}
	scenario, err := drill.Parse(f.Name, f.Content)
	if err != nil {
		d.err = err
		return d
	}
	d.names = append(d.names, scenario.Name)
	return d
}
