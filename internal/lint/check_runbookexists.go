package lint

import (
	"fmt"
	"path"
	"strings"
)

// alertWithoutRunbook wants a page for every alert. If no runbooks are given,
// only alerts whose link leads to the shipped ones can be judged.
func alertWithoutRunbook(in *input) []Finding {
	pages, folder, own := map[string]bool{}, "runbooks", false
	for _, p := range in.pages {
		pages[p.alert] = true
		if p.role != Shipped {
			folder, own = path.Dir(p.file), true
		}
	}
	var found []Finding
	for _, r := range in.alertRules() {
		link := r.notes["runbook_url"]
		if pages[r.alert] || len(pages) == 0 || !own && !strings.Contains(link.value, "runbook_base") {
			continue
		}
		line := max(r.line, link.line)
		found = append(found, fault(r.file, line, fmt.Sprintf("alert %s has no runbook", r.alert), "write "+path.Join(folder, r.alert+".md")))
	}
	return found
}
