package lint

import (
	"fmt"
	"path"
)

// runbookWithoutAlert wants every runbook to belong to an alert. If no rules
// are given, the shipped ones may be the wrong ones: that is a doubt only.
func runbookWithoutAlert(in *input) []Finding {
	if len(in.alerts) == 0 {
		return nil
	}
	var found []Finding
	for _, p := range in.pages {
		if len(in.resolver.alerts[p.alert]) > 0 {
			continue
		}
		problem := fmt.Sprintf("no rule is named %s", p.alert)
		if in.ownAlerts {
			found = append(found, fault(p.file, 1, problem, "name the file after its alert, or remove it"))
			continue
		}
		found = append(found, doubt(p.file, 1, problem+" among the shipped ones", fmt.Sprintf("give the rules, too, if they are others: gameday lint %s RULES", path.Dir(p.file))))
	}
	return found
}
