package lint

import "fmt"

// annotations wants what a message to a person is made of.
func annotations(in *input) []Finding {
	wanted := []struct{ name, remedy string }{
		{"summary", "say in one short sentence what is wrong: it is the SMS"},
		{"description", "say what was measured, what is normal and who is hurt"},
		{"runbook_url", "link the page that says what to do"},
		{"dashboard_url", "link the page that shows it"},
	}
	var found []Finding
	for _, r := range in.alertRules() {
		for _, w := range wanted {
			text, ok := r.notes[w.name]
			switch {
			case !ok:
				found = append(found, fault(r.file, r.line, fmt.Sprintf("%s: there is no annotation %s", r.alert, w.name), w.remedy))
			case text.value == "":
				found = append(found, fault(r.file, text.line, fmt.Sprintf("%s: the annotation %s is empty", r.alert, w.name), w.remedy))
			}
		}
	}
	return found
}
