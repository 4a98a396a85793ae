package lint

import (
	"fmt"
	"regexp"
)

// alertName wants names that people can say and that can name a file.
func alertName(in *input) []Finding {
	camel := regexp.MustCompile(`^[A-Z][a-zA-Z0-9]*$`)
	var found []Finding
	for _, r := range in.alertRules() {
		if !camel.MatchString(r.alert) {
			found = append(found, fault(r.file, r.line, fmt.Sprintf("the name of alert %q is not CamelCase", r.alert), "name it like ShopErrorsFastBurn, and its runbook likewise"))
		}
	}
	return found
}
