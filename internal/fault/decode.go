package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
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
		Factor  *float64 `json:"factor"`
		Delay   *string  `json:"delay"`
		Size    *string  `json:"size"`
		Ramp    *string  `json:"ramp"`
		Flap    *string  `json:"flap"`
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
	for _, field := range []struct {
		name string
		text *string
	}{
		{"ratio", number(w.Ratio)}, {"factor", number(w.Factor)}, {"delay", w.Delay}, {"size", w.Size},
		{"ramp", w.Ramp}, {"flap", w.Flap}, {"for", w.For},
	} {
		if field.text == nil {
			continue
		}
		if err := f.Set(field.name, *field.text); err != nil {
			return Fault{}, err
		}
	}
	return f, nil
}

// number writes a number that may be absent as text.
func number(v *float64) *string {
	if v == nil {
		return nil
	}
	s := strconv.FormatFloat(*v, 'g', -1, 64)
	return &s
}

// decodeError names the field where the decoder knows it.
func decodeError(err error) error {
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && typeErr.Field != "" {
		return &FieldError{Field: typeErr.Field, Problem: "a JSON " + typeErr.Value + " does not fit", Remedy: "ratio and factor are numbers, every other field is a string"}
	}
	return fmt.Errorf("decode fault: %w; the fields are kind, service and the parameters of the kind", err)
}
