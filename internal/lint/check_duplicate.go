package lint

import "fmt"

// duplicateAlert wants one alert for each name, as it is the name of one
// runbook: several conditions of one severity may share it within a file.
func duplicateAlert(in *input) []Finding {
	var found []Finding
	first := map[string]rule{}
	for _, r := range in.alertRules() {
		other, taken := first[r.alert]
		switch {
		case !taken:
			first[r.alert] = r
		case other.file != r.file:
			found = append(found, doubt(r.file, r.line, fmt.Sprintf("alert %s is also in %s:%d", r.alert, other.file, other.line), "give one of them another name: a runbook belongs to one name"))
		case other.severity() != r.severity():
			found = append(found, doubt(r.file, r.line, fmt.Sprintf("alert %s has severity %s, but %s on line %d", r.alert, r.severity(), other.severity(), other.line), "give one of them another name: whoever reads it must know how urgent it is"))
		}
	}
	return found
}
