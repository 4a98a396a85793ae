package drill

import (
	"errors"
	"slices"
	"time"

	"goldensignals/internal/fault"
)

// readFault leaves the judgement to the fault package and adds the lines. It
// tries again with each field that was found wrong set right, to hear about all
// of them.
func readFault(m mapping, step *placed) bool {
	before := len(m.errs)
	texts := map[string]string{"kind": m.text("fault"), "service": m.text("service")}
	for _, p := range fault.Params() {
		texts[p.Name] = m.text(p.Name)
	}
	seen := map[string]bool{}
	for range 3 * len(texts) {
		f, err := makeFault(texts)
		if err == nil {
			step.Fault, step.end, step.endLine = &f, step.At+time.Duration(f.For), m.at("for")
			break
		}
		field := m.blame(err, seen)
		if field == "" || field == "kind" { // what else may be given depends on the kind
			return false
		}
		setRight(texts, field)
	}
	return step.Fault != nil && len(m.errs) == before
}

// makeFault makes a complete fault of the texts that are not empty.
func makeFault(texts map[string]string) (fault.Fault, error) {
	f := fault.Fault{Kind: texts["kind"], Service: texts["service"]}
	for _, p := range fault.Params() {
		if texts[p.Name] == "" {
			continue
		}
		if err := f.Set(p.Name, texts[p.Name]); err != nil {
			return f, err
		}
	}
	if time.Duration(f.For)%time.Second != 0 {
		return f, &fault.FieldError{Field: "for", Problem: f.For.String() + " is not a whole number of seconds", Remedy: "users are counted by the second: round it"}
	}
	return f.Complete(Services()...)
}

// blame reports an error of the fault package at the line of its field, once for
// each field, and returns the field.
func (m mapping) blame(err error, seen map[string]bool) string {
	e, ok := errors.AsType[*fault.FieldError](err)
	if !ok {
		m.add(m.line, "", err.Error(), "correct it")
		return ""
	}
	key := e.Field
	switch key {
	case "kind":
		key = "fault"
	case "repair":
		key = "fix"
	}
	if !seen[e.Field] && !m.blamed(key) {
		m.add(m.at(key), key, e.Problem, e.Remedy)
	}
	seen[e.Field] = true
	return e.Field
}

// setRight replaces a field that was found wrong by one that is not: a service
// that fits, no value where there was one, and an example where one is missing.
func setRight(texts map[string]string, field string) {
	if field == "service" {
		texts[field] = Services()[0]
		for _, k := range fault.Kinds() {
			if k.Name == texts["kind"] && len(k.Services) > 0 {
				texts[field] = k.Services[0]
			}
		}
		return
	}
	if texts[field] != "" {
		texts[field] = ""
		return
	}
	params := fault.Params()
	if i := slices.IndexFunc(params, func(p fault.Param) bool { return p.Name == field }); i >= 0 {
		texts[field] = params[i].Example
	}
}

// readFix reads who repairs what.
func readFix(m mapping, step *placed) bool {
	before := len(m.errs)
	m.only("a fix", "leave it out; a fix has at, fix and service", "at", "fix", "service")
	fix := Fix{Repair: m.text("fix"), Service: m.text("service")}
	repair, err := fault.CheckRepair(fix.Repair, fix.Service, Services()...)
	if err != nil {
		m.blame(err, map[string]bool{})
	}
	step.Fix, step.end, step.ends = &fix, step.At+time.Duration(repair.Takes), repair.Ends
	return len(m.errs) == before
}
