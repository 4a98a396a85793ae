package lint

import (
	"fmt"
	"regexp"
)

// valueLabel wants no measured value in a label: labels say which alert it is.
func valueLabel(in *input) []Finding {
	value := regexp.MustCompile(`\{\{([^}]*\$value|([^}]*[\s(|])?\.Value)\b`)
	var found []Finding
	for _, r := range in.alertRules() {
		for name, text := range r.labels {
			if value.MatchString(text.value) {
				found = append(found, fault(r.file, text.line, fmt.Sprintf("%s: the label %s contains the value, so that every evaluation makes a new alert", r.alert, name), "move it to an annotation"))
			}
		}
	}
	return found
}
