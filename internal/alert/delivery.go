package alert

import (
	"errors"
	"time"
)

// Receipt is what a receiver gives back for a notification that was taken. The
// zero value says nothing but that.
type Receipt struct {
	ID       string // the provider's name for it, such as a message id or a ticket's key
	Provider string // who took it, where a receiver has several
	URL      string // where a person can look at it
	Reported bool   // a delivery report will follow
	Unsure   int    // providers that were tried first and whose answer was lost
}

// The marks that a receiver puts on an error say what the router may do about
// it. An error without a mark was answered with a refusal that may pass: it is
// tried again.

type marked struct {
	error
	permanent, unsure bool
	after             time.Duration
}

func (m marked) Unwrap() error { return m.error }

// Permanent marks err: no further attempt will mend it, such as a number that
// does not exist. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return marked{error: err, permanent: true}
}

// Unsure marks err: the answer was lost, so the message may have arrived. The
// router tries again, and counts what a person may have got twice. Unsure(nil)
// is nil.
func Unsure(err error) error {
	if err == nil {
		return nil
	}
	return marked{error: err, unsure: true}
}

// After marks err: the provider asked not to be tried again before the given
// time has passed. After(nil, d) is nil.
func After(err error, wait time.Duration) error {
	if err == nil {
		return nil
	}
	return marked{error: err, after: wait}
}

// IsPermanent reports whether err, or an error within it, has that mark.
func IsPermanent(err error) bool { return find(err, func(m marked) bool { return m.permanent }) != nil }

// IsUnsure reports whether err, or an error within it, has that mark.
func IsUnsure(err error) bool { return find(err, func(m marked) bool { return m.unsure }) != nil }

// WaitAfter returns how long the provider asked to wait; 0 if it did not.
func WaitAfter(err error) time.Duration {
	if m := find(err, func(m marked) bool { return m.after > 0 }); m != nil {
		return m.after
	}
	return 0
}

// find returns the first marked error in the tree of err for which ok holds.
func find(err error, ok func(marked) bool) *marked {
	for err != nil {
		if m, is := err.(marked); is && ok(m) { //nolint:errorlint // the tree is walked here
			return &m
		}
		switch u := err.(type) { //nolint:errorlint // the tree is walked here
		case interface{ Unwrap() []error }:
			for _, e := range u.Unwrap() {
				if m := find(e, ok); m != nil {
					return m
				}
			}
			return nil
		default:
			err = errors.Unwrap(err)
		}
	}
	return nil
}
