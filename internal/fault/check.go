package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FieldError says which field of a fault is wrong, why, and what to do.
type FieldError struct {
	Field   string // the JSON name: kind, service or the name of a parameter
	Problem string
	Remedy  string
}

// Error renders field, problem and remedy in one line.
func (e *FieldError) Error() string { return e.Field + ": " + e.Problem + "; " + e.Remedy }

// unknown is the error for a name outside a closed set.
func unknown(field, name string, known []string) error {
	problem := "missing"
	if name != "" {
		problem = fmt.Sprintf("%q is unknown", name)
	}
	return &FieldError{Field: field, Problem: problem, Remedy: "choose one of " + strings.Join(known, ", ")}
}

func checkService(name string, known []string) error {
	if name == "" && len(known) == 0 {
		return &FieldError{Field: "service", Problem: "missing", Remedy: "name the service to break"}
	}
	if len(known) > 0 && !slices.Contains(known, name) {
		return unknown("service", name, known)
	}
	return nil
}

func checkRatio(r float64) error {
	if r > 0 && r <= 1 { // written so that NaN is refused
		return nil
	}
	return &FieldError{
		Field:   "ratio",
		Problem: strconv.FormatFloat(r, 'g', -1, 64) + " is not a share of requests",
		Remedy:  "give a number above 0 and up to 1, such as 0.3",
	}
}

func checkFactor(v float64) error {
	if v > 1 && v <= MaxFactor { // written so that NaN is refused
		return nil
	}
	return &FieldError{
		Field:   "factor",
		Problem: strconv.FormatFloat(v, 'g', -1, 64) + " is not a factor",
		Remedy:  "give a number above 1 and up to 20, such as 4",
	}
}

func checkSize(b Bytes) error {
	if b > 0 && b <= MaxSize {
		return nil
	}
	return &FieldError{Field: "size", Problem: b.String() + " a minute is out of range", Remedy: "give a size above 0 and up to 1GiB, such as 16MiB"}
}

// completeFor gives f its time limit.
func completeFor(f Fault) (Fault, error) {
	if f.For == 0 {
		f.For = Duration(DefaultFor)
	}
	if f.For > 0 && time.Duration(f.For) <= MaxFor {
		return f, nil
	}
	problem := f.For.String() + " is not positive"
	if f.For > 0 {
		problem = f.For.String() + " is too long"
	}
	return f, &FieldError{
		Field:   "for",
		Problem: problem,
		Remedy:  "give a duration above 0 and up to 24h, such as 10m: every fault ends by itself",
	}
}
