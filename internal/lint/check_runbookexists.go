package lint

import (
	"fmt"
	"path"
	"strings"
)

// alertWithoutRunbook wants a page for every alert: the one that its link leads
// to if it leads to the router's own pages, else the one of its name. If no
// runbooks are given, only the former can be judged, by the shipped ones.
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
		name, ours := linkedPage(link.value)
		switch {
		case len(pages) == 0 || ours && pages[name] || !ours && (!own || pages[r.alert]):
		case ours && name != r.alert:
			found = append(found, fault(r.file, link.line, fmt.Sprintf("alert %s links the runbook %s, which does not exist", r.alert, name), "correct the link, or write "+path.Join(folder, name+".md")))
		default:
			found = append(found, fault(r.file, max(r.line, link.line), fmt.Sprintf("alert %s has no runbook", r.alert), "write "+path.Join(folder, r.alert+".md")))
		}
	}
	return found
}

// linkedPage returns the name of the page of the router that a link leads to,
// and false if it leads elsewhere.
func linkedPage(link string) (string, bool) {
	_, name, ours := strings.Cut(link, "$externalLabels.runbook_base")
	name = strings.TrimSpace(name[strings.LastIndex(name, "/")+1:])
	return name, ours && !strings.Contains(name, "}")
}
