package lint

import (
	"path"
	"regexp"
	"strconv"

	"goldensignals/internal/dependency"
)

// services wants services.yaml to say who calls whom, and the files beside it that
// are generated from it to be up to date.
func services(in *input) []Finding {
	var found []Finding
	for _, f := range in.of(KindServices) {
		m, err := dependency.Parse(f.Name, f.Content)
		if err != nil {
			for _, e := range unjoin(err) {
				found = append(found, placed(f.Name, e))
			}
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
		for _, e := range unjoin(m.Check(config.Name, config.Content, rules.Name, rules.Content)) {
			found = append(found, placed(f.Name, e))
		}
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

var place = regexp.MustCompile(`^(.+?\.ya?ml)(?::(\d+))?: (?:line (\d+): )?(.*)$`)

// placed takes file, line and remedy from "file:line: problem; remedy".
func placed(file string, err error) Finding {
	text, line := oneLine(err.Error()), 1
	if m := place.FindStringSubmatch(text); m != nil {
		file, text = m[1], m[4]
		if n, err := strconv.Atoi(m[2] + m[3]); err == nil {
			line = n
		}
	}
	problem, remedy := cutRemedy(text, "correct the file")
	return fault(file, line, problem, remedy)
}
