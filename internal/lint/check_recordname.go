package lint

import (
	"fmt"
	"regexp"
)

// recordName wants the names that Prometheus' guidelines ask for, so that a
// reader knows what was kept and what was done.
func recordName(in *input) []Finding {
	name := regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*:[a-zA-Z0-9_]+:[a-zA-Z0-9_]+$`)
	var found []Finding
	for _, r := range in.rules {
		if r.record != "" && !name.MatchString(r.record) {
			found = append(found, fault(r.file, r.line, fmt.Sprintf("the recorded series %q is not named level:metric:operations", r.record), "name it like service:http_requests:rate1m"))
		}
	}
	return found
}
