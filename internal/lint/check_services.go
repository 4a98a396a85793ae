package lint

import (
	"errors"
	"path"

	"goldensignals/internal/dependency"
)

// services wants services.yaml to say who calls whom, and the files beside it that
// are generated from it to be up to date.
func services(in *input) []Finding {
	var found []Finding
	for _, f := range in.of(KindServices) {
		m, err := dependency.Parse(f.Name, f.Content)
		if err != nil {
			found = append(found, servicesFindings(f.Name, err)...)
			continue
		}
		config, hasConfig := in.beside(f, "alertmanager.yml")
		rules, hasRules := in.beside(f, dependency.RulesFile)
		if !hasConfig && !hasRules { // only for people to read
			continue
		}
		if !hasRules {
			found = append(found, fault(f.Name, 1, dependency.RulesFile+" is not there", `run "gameday dependencies" on the folder`))
			rules.Content = m.Rules()
		}
		found = append(found, servicesFindings(f.Name, m.Check(config.Name, config.Content, rules.Name, rules.Content))...)
	}
	return found
}

// beside returns the file of that name in the folder of f. If there is none,
// its name is that of the file that is missing.
func (in *input) beside(f File, name string) (File, bool) {
	want := path.Join(path.Dir(f.Name), name)
	for _, other := range in.files {
		if other.Name == want {
			return other, true
		}
	}
	return File{Name: want}, false
}

// servicesFindings makes findings of what package dependency says.
func servicesFindings(file string, err error) []Finding {
	var found []Finding
	for _, e := range unjoin(err) {
		if known, ok := errors.AsType[*dependency.Error](e); ok {
			found = append(found, fault(known.File, max(known.Line, 1), known.Problem, oneLine(known.Remedy)))
			continue
		}
		for _, p := range yamlProblems(errors.Unwrap(e)) {
			found = append(found, fault(file, p.line, p.value, "correct its YAML"))
		}
	}
	return found
}
