package lint

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
)

// forTooShort wants a wait that is long enough for a second look.
func forTooShort(in *input) []Finding {
	least := 2 * in.opts.ScrapeInterval
	var found []Finding
	for _, r := range in.alertRules() {
		wait, err := model.ParseDuration(r.hold.value)
		if err != nil || wait == 0 || time.Duration(wait) >= least {
			continue // rulesParse speaks of what is no duration
		}
		found = append(found, fault(r.file, r.hold.line,
			fmt.Sprintf("%s: for: %s is shorter than two scrapes (%s), so that one bad scrape is enough", r.alert, wait, model.Duration(least)),
			fmt.Sprintf("wait for at least %s, or leave for out", model.Duration(least))))
	}
	return found
}
