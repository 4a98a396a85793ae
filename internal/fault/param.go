package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Param is one setting of a kind. Its name is the JSON field of Fault, the key
// of a drill file, the flag of the command and the input of the form.
type Param struct {
	Name     string `json:"name"`
	Summary  string `json:"summary"`
	Default  string `json:"default,omitempty"` // empty where the parameter is required or has none
	Required bool   `json:"required"`
	Example  string `json:"example"`
}

// Params lists every parameter that some kind takes, in the order in which to
// show them; for, which all take, is the last. The caller owns the result.
func Params() []Param {
	return []Param{
		{Name: "ratio", Summary: "share that is hit, above 0 and up to 1", Example: "0.3"},
		{Name: "delay", Summary: "time added to each request that is hit, up to 60s", Example: "300ms"},
		{Name: "factor", Summary: "times as much as usual, above 1 and up to 20", Example: "4"},
		{Name: "size", Summary: "bytes a minute, up to 1GiB", Example: "16MiB"},
		{Name: "ramp", Summary: "grows from nothing to its full strength over this long", Example: "10m"},
		{Name: "flap", Summary: "comes and goes: this long on, this long off", Example: "2m"},
		{Name: "for", Summary: "ends by itself after this long, up to 24h", Default: Duration(DefaultFor).String(), Example: "10m"},
	}
}

// Set gives a field its value from text, as people write it in flags, forms and
// files. The field is one of Params, kind or service. Its errors are
// *FieldErrors; a zero is refused, since it would read as "not given".
func (f *Fault) Set(field, text string) error {
	switch field {
	case "kind":
		f.Kind = text
	case "service":
		f.Service = text
	case "ratio":
		return setNumber(&f.Ratio, field, text, checkRatio)
	case "factor":
		return setNumber(&f.Factor, field, text, checkFactor)
	case "delay":
		return setDuration(&f.Delay, field, text)
	case "ramp":
		return setDuration(&f.Ramp, field, text)
	case "flap":
		return setDuration(&f.Flap, field, text)
	case "for":
		return setDuration(&f.For, field, text)
	case "size":
		var size Bytes
		if err := size.UnmarshalText([]byte(text)); err != nil || size <= 0 {
			return &FieldError{Field: field, Problem: strconv.Quote(text) + " is not a size", Remedy: "write a number above 0 with its unit, such as 16MiB"}
		}
		f.Size = size
	default:
		return &FieldError{Field: field, Problem: "unknown", Remedy: "choose one of kind, service, " + strings.Join(paramNames(Params()), ", ")}
	}
	return nil
}

// Get renders a field as Set reads it; what was not given is empty.
func (f Fault) Get(field string) string {
	number := func(v float64) string {
		if v == 0 {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	text := func(v interface{ String() string }, zero bool) string {
		if zero {
			return ""
		}
		return v.String()
	}
	switch field {
	case "kind":
		return f.Kind
	case "service":
		return f.Service
	case "ratio":
		return number(f.Ratio)
	case "factor":
		return number(f.Factor)
	case "delay":
		return text(f.Delay, f.Delay == 0)
	case "ramp":
		return text(f.Ramp, f.Ramp == 0)
	case "flap":
		return text(f.Flap, f.Flap == 0)
	case "for":
		return text(f.For, f.For == 0)
	case "size":
		return text(f.Size, f.Size == 0)
	}
	return ""
}

// Settings words what f was given beside kind, service and for, for people:
// "ratio 0.3, delay 300ms".
func (f Fault) Settings() string {
	var parts []string
	for _, p := range Params() {
		if v := f.Get(p.Name); v != "" && p.Name != "for" {
			parts = append(parts, p.Name+" "+v)
		}
	}
	return strings.Join(parts, ", ")
}

func setNumber(into *float64, field, text string, check func(float64) error) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return &FieldError{Field: field, Problem: strconv.Quote(text) + " is not a number", Remedy: "write one such as " + paramOf(field).Example}
	}
	if err := check(v); err != nil {
		return err
	}
	*into = v
	return nil
}

func setDuration(into *Duration, field, text string) error {
	var d Duration
	if err := d.UnmarshalText([]byte(text)); err != nil {
		return &FieldError{Field: field, Problem: fmt.Sprintf("%q is not a duration", text), Remedy: "write a number with its unit, such as 300ms or 10m"}
	}
	if d <= 0 {
		return &FieldError{Field: field, Problem: d.String() + " is not positive", Remedy: "give a duration above 0, such as " + paramOf(field).Example}
	}
	*into = d
	return nil
}

// paramOf finds a parameter by its name; it must be one of Params.
func paramOf(name string) Param {
	params := Params()
	return params[slices.IndexFunc(params, func(p Param) bool { return p.Name == name })]
}

func paramNames(params []Param) []string {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
	}
	return names
}

// takes makes the parameter list of a kind: names of Params, each alone
// (required), with "=default", or with "?" (optional, without default).
func takes(list ...string) []Param {
	var params []Param
	for _, item := range list {
		name, def, has := strings.Cut(item, "=")
		name, optional := strings.CutSuffix(name, "?")
		p := paramOf(name)
		p.Default, p.Required = def, !has && !optional
		params = append(params, p)
	}
	return params
}

// check judges a value that was given.
func (f Fault) check(field string) error {
	switch field {
	case "ratio":
		return checkRatio(f.Ratio)
	case "factor":
		return checkFactor(f.Factor)
	case "delay":
		return checkDuration(field, f.Delay, MaxDelay)
	case "ramp":
		return checkDuration(field, f.Ramp, MaxFor)
	case "flap":
		return checkDuration(field, f.Flap, MaxFor)
	case "size":
		return checkSize(f.Size)
	}
	return nil
}

func checkDuration(field string, d Duration, limit time.Duration) error {
	if d > 0 && time.Duration(d) <= limit {
		return nil
	}
	problem := d.String() + " is not positive"
	if d > 0 {
		problem = d.String() + " is too long"
	}
	return &FieldError{Field: field, Problem: problem, Remedy: fmt.Sprintf("give a duration above 0 and up to %s, such as %s", shortest(limit), paramOf(field).Example)}
}

// shortest writes a limit as people would: 60s, 24h.
func shortest(d time.Duration) string {
	if d == MaxDelay {
		return "60s"
	}
	return Duration(d).String()
}
