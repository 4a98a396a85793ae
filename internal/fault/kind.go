package fault

import (
	"fmt"
	"slices"
	"strings"
)

// Kind describes one way to misbehave.
type Kind struct {
	Name    string  `json:"name"`
	Summary string  `json:"summary"`
	Params  []Param `json:"params"` // what it takes beside service and for, which every kind takes

	apply func(f Fault, e *Effect) // what one hit does
}

// Param is one setting of a kind. Its name is the JSON field of Fault.
type Param struct {
	Name     string `json:"name"` // ratio or delay
	Summary  string `json:"summary"`
	Default  string `json:"default,omitempty"` // empty where the parameter is required
	Required bool   `json:"required"`
}

// Kinds lists every kind there is, in the order in which to show them. The
// caller owns the result.
func Kinds() []Kind {
	return []Kind{errorsKind(), latencyKind()}
}

// kindOf finds a kind by its name.
func kindOf(name string) (Kind, error) {
	kinds := Kinds()
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i >= 0 {
		return kinds[i], nil
	}
	known := make([]string, len(kinds))
	for i, k := range kinds {
		known[i] = k.Name
	}
	return Kind{}, unknown("kind", name, known)
}

// param finds a parameter of k by its name.
func (k Kind) param(name string) (Param, bool) {
	i := slices.IndexFunc(k.Params, func(p Param) bool { return p.Name == name })
	if i < 0 {
		return Param{}, false
	}
	return k.Params[i], true
}

// complete fills in and checks the parameters of f, which is of kind k.
func (k Kind) complete(f Fault) (Fault, error) {
	_, takes := k.param("ratio")
	switch {
	case !takes && f.Ratio != 0:
		return f, k.refuses("ratio")
	case takes && f.Ratio == 0:
		f.Ratio = defaultRatio
	}
	if takes {
		if err := checkRatio(f.Ratio); err != nil {
			return f, err
		}
	}
	delay, takes := k.param("delay")
	switch {
	case !takes && f.Delay != 0:
		return f, k.refuses("delay")
	case takes && delay.Required && f.Delay == 0:
		return f, &FieldError{Field: "delay", Problem: "missing", Remedy: fmt.Sprintf("the kind %s needs one, such as 300ms", k.Name)}
	}
	if takes {
		return f, checkDelay(f.Delay)
	}
	return f, nil
}

// refuses is the error for a parameter that k does not take.
func (k Kind) refuses(field string) error {
	names := []string{}
	for _, p := range k.Params {
		names = append(names, p.Name)
	}
	names = append(names, "for")
	return &FieldError{
		Field:   field,
		Problem: fmt.Sprintf("the kind %s does not take it", k.Name),
		Remedy:  "leave it out; it takes " + strings.Join(names, ", "),
	}
}

// ratioParam is the parameter that most kinds share.
func ratioParam() Param {
	return Param{Name: "ratio", Summary: "share of requests that are hit, above 0 and up to 1", Default: "1"}
}
