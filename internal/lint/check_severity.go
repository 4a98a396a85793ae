package lint

import "goldensignals/internal/alert"

// severityLabel wants a severity of the closed set, as it decides who is told.
func severityLabel(in *input) []Finding {
	const remedy = "set the label severity to critical (wakes somebody up), warning (a ticket) or info (the log)"
	var found []Finding
	for _, r := range in.alertRules() {
		text, ok := r.labels["severity"]
		if !ok {
			found = append(found, fault(r.file, r.line, r.alert+": there is no label severity", remedy))
			continue
		}
		if _, err := alert.ParseSeverity(text.value); err != nil {
			found = append(found, fault(r.file, text.line, r.alert+": "+err.Error(), remedy))
		}
	}
	return found
}
