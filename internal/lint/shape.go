package lint

import (
	"maps"
	"slices"

	"github.com/prometheus/common/model"
)

// shape is what is known of the labels of a series or an alert before there is
// one.
type shape struct {
	labels map[string]label
	open   bool // there may be labels that are not listed
}

// label is what is known of one label.
type label struct {
	value string // empty: not known
	sure  bool   // it is there in any case
}

// at returns what is known of a label, and whether it can be there at all.
func (s shape) at(name string) (label, bool) {
	l, ok := s.labels[name]
	return l, ok || s.open
}

// lacks reports whether a label is certain to be missing.
func (s shape) lacks(name string) bool {
	_, can := s.at(name)
	return !can
}

func (s shape) clone() shape {
	return shape{labels: maps.Clone(s.labels), open: s.open}
}

// with returns the shape with one label set.
func (s shape) with(name string, l label) shape {
	s = s.clone()
	if s.labels == nil {
		s.labels = map[string]label{}
	}
	s.labels[name] = l
	return s
}

// without returns the shape without the labels. An open one may have them
// still, as it cannot say what it does not have.
func (s shape) without(names ...string) shape {
	s = s.clone()
	for _, name := range names {
		delete(s.labels, name)
	}
	return s
}

// only returns the shape with at most the labels of these names.
func (s shape) only(names []string) shape {
	kept := shape{labels: map[string]label{}}
	for _, name := range names {
		if l, can := s.at(name); can {
			kept.labels[name] = l
		}
	}
	return kept
}

// either returns what is known of something that has one of two shapes.
func either(a, b shape) shape {
	both := shape{labels: map[string]label{}, open: a.open || b.open}
	names := slices.AppendSeq(slices.Collect(maps.Keys(a.labels)), maps.Keys(b.labels))
	for _, name := range names {
		la, inA := a.labels[name]
		lb, inB := b.labels[name]
		switch {
		case inA && inB && la.value == lb.value:
			both.labels[name] = label{la.value, la.sure && lb.sure}
		case inA && inB:
			both.labels[name] = label{"", la.sure && lb.sure}
		case both.open:
			both.labels[name] = label{}
		default: // it has this value or is missing
			both.labels[name] = label{value: la.value + lb.value}
		}
	}
	return both
}

// alertShape is an alert and what is known of its labels.
type alertShape struct {
	name string
	rule rule
	shape
}

// alert returns what is known of the labels of the alerts that a rule makes:
// those that its expression keeps and those that the rule sets.
func (r *resolver) alert(rule rule, external []string) shape {
	s := r.rule(rule)
	for _, name := range external {
		if s.lacks(name) {
			s = s.with(name, label{sure: true})
		}
	}
	return s.with(model.AlertNameLabel, label{rule.alert, true})
}
