package console

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"goldensignals/internal/fault"
)

// activeView is the section of the active faults.
type activeView struct {
	Rows []faultView
}

// faultView is one active fault.
type faultView struct {
	Kind    string
	Service string
	What    string // 50 % of requests, 300 ms each
	Until   time.Time
	Left    string
}

func viewFaults(list []fault.Active, now time.Time) activeView {
	var v activeView
	for _, a := range list {
		v.Rows = append(v.Rows, faultView{
			Kind: a.Kind, Service: a.Service, What: whatFault(a.Fault),
			Until: a.Until, Left: age(a.Until.Sub(now)),
		})
	}
	slices.SortStableFunc(v.Rows, func(a, b faultView) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Kind, b.Kind))
	})
	return v
}

// whatFault words the settings that a fault has.
func whatFault(f fault.Fault) string {
	var parts []string
	if f.Ratio > 0 {
		parts = append(parts, formatRatio(f.Ratio)+" of requests")
	}
	if f.Delay > 0 {
		parts = append(parts, f.Delay.String()+" each")
	}
	return strings.Join(parts, ", ")
}

// formView is the form that injects a fault, with what the person typed where
// it was refused.
type formView struct {
	Kinds    []kindView
	Services []string
	Kind     string
	Service  string
	Ratio    string
	Delay    string
	For      string
	Problem  string
	Field    string // the field that Problem is about, where it is known
}

// kindView is one choice of the form.
type kindView struct {
	fault.Kind
	Takes string // the names of its parameters, for the script
}

// newForm is the form before anybody typed.
func newForm(f Faults) formView {
	v := formView{Services: f.Services(), For: fault.Duration(fault.DefaultFor).String()}
	for _, k := range f.Kinds() {
		var takes []string
		for _, p := range k.Params {
			takes = append(takes, p.Name)
		}
		v.Kinds = append(v.Kinds, kindView{Kind: k, Takes: strings.Join(takes, " ")})
	}
	return v
}

// keep returns v with what the person typed.
func (v formView) keep(form url.Values) formView {
	v.Kind, v.Service = form.Get("kind"), form.Get("service")
	v.Ratio, v.Delay, v.For = form.Get("ratio"), form.Get("delay"), form.Get("for")
	return v
}

// parseFault reads the fault form; an empty field means not given. Errors name
// the field.
func parseFault(form url.Values) (fault.Fault, error) {
	f := fault.Fault{Kind: form.Get("kind"), Service: form.Get("service")}
	if text := strings.TrimSpace(form.Get("ratio")); text != "" {
		r, err := strconv.ParseFloat(text, 64)
		if err != nil || !(r > 0 && r <= 1) { // a zero would read as not given, and break every request
			return f, fieldError("ratio", text, "is not a share of requests", "write a number above 0 and up to 1, such as 0.5")
		}
		f.Ratio = r
	}
	for _, d := range []struct {
		field string
		into  *fault.Duration
	}{{"delay", &f.Delay}, {"for", &f.For}} {
		text := strings.TrimSpace(form.Get(d.field))
		if text == "" {
			continue
		}
		if err := d.into.UnmarshalText([]byte(text)); err != nil || *d.into <= 0 {
			return f, fieldError(d.field, text, "is not a length of time", "write a number above 0 with its unit, such as 300ms or 10m")
		}
	}
	return f, nil
}

func fieldError(field, text, problem, remedy string) error {
	return &fault.FieldError{Field: field, Problem: fmt.Sprintf("%q %s", clip(text), problem), Remedy: remedy}
}

// checkClear refuses names that do not exist: to clear a misspelt fault would
// look like success. An empty name means every one.
func checkClear(f Faults, kind, service string) error {
	var kinds []string
	for _, k := range f.Kinds() {
		kinds = append(kinds, k.Name)
	}
	if kind != "" && !slices.Contains(kinds, kind) {
		return fieldError("kind", kind, "is unknown", "choose one of "+strings.Join(kinds, ", ")+", or none for all")
	}
	if services := f.Services(); service != "" && !slices.Contains(services, service) {
		return fieldError("service", service, "is unknown", "choose one of "+strings.Join(services, ", ")+", or none for all")
	}
	return nil
}
