package outbound

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// FieldError is a value of the configuration that cannot be used. The reader of
// the file knows the line of the field.
type FieldError struct {
	Field   string // as written in the file, relative to whoever validates, such as "twilio.from"
	Problem string // what is wrong, and what to write instead
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// Field returns a FieldError.
func Field(name, format string, args ...any) error {
	return &FieldError{name, fmt.Sprintf(format, args...)}
}

// Below puts parent in front of the fields that err names, also where several
// errors are joined. Below(parent, nil) is nil.
func Below(parent string, err error) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the joined errors themselves are wanted
		var errs []error
		for _, e := range joined.Unwrap() {
			errs = append(errs, Below(parent, e))
		}
		return errors.Join(errs...)
	}
	var f *FieldError
	if errors.As(err, &f) {
		return &FieldError{parent + "." + f.Field, f.Problem}
	}
	return &FieldError{parent, err.Error()}
}

// CheckURL wants an absolute http or https URL without credentials in it.
func CheckURL(field, raw string) error {
	u, err := url.Parse(raw)
	switch {
	case strings.Contains(raw, "@") && (err != nil || u.User != nil || u.Host == ""): // it may hold a password: do not repeat it
		return Field(field, "the URL must not carry a user or password: use the fields for them")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return Field(field, "%q is no absolute http or https URL", raw)
	}
	return nil
}

// CheckSecret wants a secret that is given and can be read now.
func CheckSecret(field string, s Secret) error {
	if s.IsZero() {
		return Field(field, "is missing: write {file: PATH} or {env: NAME}")
	}
	if _, err := s.Read(); err != nil {
		return Field(field, "%v", err)
	}
	return nil
}
