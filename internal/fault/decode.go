package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Decode reads one fault from JSON. Unknown fields are errors, and so is a
// zero that somebody wrote down: it would otherwise read as "not given", and
// a ratio of 0 would break every request. The result is not yet complete: see
// Complete.
func Decode(data []byte) (Fault, error) {
	var w struct {
		Kind    string   `json:"kind"`
		Service string   `json:"service"`
		Ratio   *float64 `json:"ratio"`
		Delay   *string  `json:"delay"`
		For     *string  `json:"for"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return Fault{}, decodeError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Fault{}, errors.New("decode fault: more follows the JSON object; send one fault at a time")
	}
	f := Fault{Kind: w.Kind, Service: w.Service}
	if w.Ratio != nil {
		if err := checkRatio(*w.Ratio); err != nil {
			return Fault{}, err
		}
		f.Ratio = *w.Ratio
	}
	var err error
	if f.Delay, err = given("delay", w.Delay); err != nil {
		return Fault{}, err
	}
	f.For, err = given("for", w.For)
	return f, err
}

// given parses a duration that may be absent.
func given(field string, s *string) (Duration, error) {
	if s == nil {
		return 0, nil
	}
	var d Duration
	if err := d.UnmarshalText([]byte(*s)); err != nil {
		return 0, &FieldError{Field: field, Problem: fmt.Sprintf("%q is not a duration", *s), Remedy: "write a number with its unit, such as 300ms or 10m"}
	}
	if d <= 0 {
		return 0, &FieldError{Field: field, Problem: d.String() + " is not positive", Remedy: "give a duration above 0, such as 300ms or 10m"}
	}
	return d, nil
}

// decodeError names the field where the decoder knows it.
func decodeError(err error) error {
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && typeErr.Field != "" {
		return &FieldError{Field: typeErr.Field, Problem: "a JSON " + typeErr.Value + " does not fit", Remedy: "ratio is a number, every other field a string"}
	}
	return fmt.Errorf("decode fault: %w; the fields are kind, service, ratio, delay, for", err)
}
