package export

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/rulefmt"
)

// Bases are where the links in alerts begin. Rules ask Prometheus' external labels
// for them, which many cannot set in a cluster that they share; so the text is put
// in their place.
type Bases struct {
	Runbooks   string // for the external label runbook_base; such as https://alerts.example.org/runbooks
	Dashboards string // for dashboard_base
	Keep       bool   // leave the rules as they are: Prometheus sets the two labels itself
}

// byLabel are the bases by the external label that they stand for.
func (b Bases) byLabel() map[string]string {
	return map[string]string{"dashboard_base": b.Dashboards, "runbook_base": b.Runbooks}
}

// Validate returns an error for a base that is no link.
func (b Bases) Validate() error {
	var errs []error
	for _, label := range slices.Sorted(maps.Keys(b.byLabel())) {
		base := b.byLabel()[label]
		u, err := url.Parse(base)
		if base == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.Contains(base, "{{") {
			continue
		}
		errs = append(errs, fmt.Errorf("%s: %q is no link; give one such as https://alerts.example.org/%s", label, base, strings.TrimSuffix(label, "_base")))
	}
	return errors.Join(errs...)
}

// MissingBaseError is a rule that needs a link which nobody has given.
type MissingBaseError struct {
	Label string // the external label that the rule asks for
	Where string // file, rule and field
}

// Error implements error.
func (e *MissingBaseError) Error() string {
	return fmt.Sprintf("%s: asks for the external label %s, and nothing is given in its place", e.Where, e.Label)
}

// Rules writes one PrometheusRule for each rule file. The files are read, not
// changed. Its errors name file, rule and field; a *MissingBaseError is among them
// if a base is needed and not given.
func Rules(files map[string]*rulefmt.RuleGroups, bases Bases, meta Meta) ([]Document, error) {
	type spec struct {
		Groups []rulefmt.RuleGroup `yaml:"groups"` // the same keys in both
	}
	var docs []Document
	from := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		name, err := resourceName(file, ".rules")
		if err != nil {
			return nil, err
		}
		if other, taken := from[name]; taken {
			return nil, fmt.Errorf("%s and %s would both be the PrometheusRule %s; rename one", other, file, name)
		}
		from[name] = file
		groups, err := bases.fill(file, files[file].Groups)
		if err != nil {
			return nil, err
		}
		doc, err := document("rules-"+stem(file, ".rules")+".yaml", resource{
			APIVersion: "monitoring.coreos.com/v1", Kind: "PrometheusRule",
			Metadata: meta.metadata(name, nil), Spec: spec{groups},
		})
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// fill returns copies of the groups with the bases in place of the external labels.
func (b Bases) fill(file string, groups []rulefmt.RuleGroup) ([]rulefmt.RuleGroup, error) {
	if b.Keep {
		return groups, nil
	}
	filled := slices.Clone(groups)
	for i, group := range groups {
		filled[i].Rules = slices.Clone(group.Rules)
		for k := range filled[i].Rules {
			r := &filled[i].Rules[k]
			where := fmt.Sprintf("%s: %s", file, r.Alert+r.Record)
			var labelErr, annotationErr error
			r.Labels, labelErr = b.fillTexts(where+": labels", r.Labels)
			r.Annotations, annotationErr = b.fillTexts(where+": annotations", r.Annotations)
			if err := errors.Join(labelErr, annotationErr); err != nil {
				return nil, err
			}
		}
	}
	return filled, nil
}

func (b Bases) fillTexts(where string, texts map[string]string) (map[string]string, error) {
	filled := maps.Clone(texts)
	bases := b.byLabel()
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		for _, label := range slices.Sorted(maps.Keys(bases)) {
			text, err := fillText(filled[key], label, strings.TrimRight(bases[label], "/"))
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", where, key, err)
			}
			if text != filled[key] && bases[label] == "" {
				return nil, &MissingBaseError{Label: label, Where: where + ": " + key}
			}
			filled[key] = text
		}
	}
	return filled, nil
}

// fillText puts base in the place of {{ $externalLabels.label }}.
func fillText(text, label, base string) (string, error) {
	asked := regexp.MustCompile(`\{\{\s*\$externalLabels\.` + label + `\s*\}\}`)
	text = asked.ReplaceAllLiteralString(text, base)
	if regexp.MustCompile(`\$externalLabels\.` + label + `\b`).MatchString(text) {
		return "", fmt.Errorf("the external label %s is part of a longer expression, in which no text can take its place; write {{ $externalLabels.%s }} alone", label, label)
	}
	return text, nil
}
