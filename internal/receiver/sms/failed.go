package sms

import (
	"errors"
	"strings"
	"time"

	"goldensignals/internal/alert"
)

// failure is how one provider failed.
type failure struct {
	err     error
	untried bool // it was left out, so nothing is known about it
}

// failed joins the errors of several providers. It has no Unwrap: the marks
// within would speak for all of them. Causes are still found by errors.Is and
// errors.As.
type failed struct{ failures []failure }

func (f *failed) Error() string {
	var parts []string
	for _, x := range f.failures {
		parts = append(parts, x.err.Error())
	}
	return strings.Join(parts, "; ")
}

// Is reports whether one of the errors is target.
func (f *failed) Is(target error) bool {
	for _, x := range f.failures {
		if errors.Is(x.err, target) {
			return true
		}
	}
	return false
}

// As finds the first of the errors that is of target's type.
func (f *failed) As(target any) bool {
	for _, x := range f.failures {
		if errors.As(x.err, target) {
			return true
		}
	}
	return false
}

// join returns one error with the marks that hold for all of failures: it is
// permanent if every one is, and unsure if any may have sent the message. The
// wait is the shortest that lets one of them work again. Without failures it
// returns nil.
func join(failures []failure) error {
	if len(failures) == 0 {
		return nil
	}
	permanent, unsure := true, false
	wait := time.Duration(-1)
	for _, f := range failures {
		unsure = unsure || alert.IsUnsure(f.err)
		if !f.untried && alert.IsPermanent(f.err) {
			continue // time does not mend this one
		}
		permanent = false
		if w := alert.WaitAfter(f.err); wait < 0 || w < wait {
			wait = w
		}
	}
	var err error = &failed{failures}
	if permanent {
		err = alert.Permanent(err)
	}
	if unsure {
		err = alert.Unsure(err)
	}
	if wait > 0 {
		err = alert.After(err, wait)
	}
	return err
}
