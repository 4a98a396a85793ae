package fault

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Set holds the active faults of one service, at most one of each kind. It is
// safe for concurrent use. Faults expire by the time that the caller passes
// in; no goroutine watches them.
type Set struct {
	service string
	mu      sync.Mutex               // serialises writers; readers never take it
	active  atomic.Pointer[[]loaded] // sorted by kind, replaced whole; nil: nothing was injected
}

// loaded is an active fault, ready to be applied.
type loaded struct {
	Active
	salt  uint64 // keeps the choices of two kinds independent
	apply func(Fault, *Effect)
}

// NewSet returns an empty set for the named service.
func NewSet(service string) *Set { return &Set{service: service} }

// Inject completes and checks f and activates it at now. A fault of the same
// kind that is active is replaced, and the answer says so. The errors of
// Complete are returned as they are.
func (s *Set) Inject(now time.Time, f Fault) (Active, error) {
	f, err := f.Complete(s.service)
	if err != nil {
		return Active{}, err
	}
	kind, err := kindOf(f.Kind)
	if err != nil {
		return Active{}, err
	}
	a := Active{Fault: f, Since: now, Until: now.Add(time.Duration(f.For))}

	s.mu.Lock()
	defer s.mu.Unlock()
	next := []loaded{{Active: a, salt: hash(kind.Name), apply: kind.apply}}
	for _, old := range s.load() {
		switch {
		case !old.ActiveAt(now):
		case old.Kind == f.Kind:
			a.Replaced = true
		default:
			next = append(next, old)
		}
	}
	slices.SortFunc(next, func(a, b loaded) int { return strings.Compare(a.Kind, b.Kind) })
	s.active.Store(&next)
	return a, nil
}

// Clear ends the active fault of the kind, or every one where kind is empty,
// and returns those that it ended. To clear what is not active is no error.
func (s *Set) Clear(now time.Time, kind string) []Active {
	s.mu.Lock()
	defer s.mu.Unlock()
	var cleared []Active
	var next []loaded
	for _, old := range s.load() {
		switch {
		case !old.ActiveAt(now):
		case kind == "" || old.Kind == kind:
			cleared = append(cleared, old.Active)
		default:
			next = append(next, old)
		}
	}
	if len(next) == 0 {
		s.active.Store(nil)
		return cleared
	}
	s.active.Store(&next)
	return cleared
}

// Active lists the faults that act at now, sorted by kind. The caller owns
// the result.
func (s *Set) Active(now time.Time) []Active {
	var active []Active
	for _, l := range s.load() {
		if l.ActiveAt(now) {
			active = append(active, l.Active)
		}
	}
	return active
}

// Effect says what the faults that act at now do to one request. The key is a
// random number of that request's own: the answer depends on nothing else, so
// that the same request meets the same fate however goroutines interleave. A
// kind's choice does not depend on other kinds, and a higher ratio hits the
// requests that a lower one hits, and more.
func (s *Set) Effect(now time.Time, key uint64) Effect {
	var e Effect
	p := s.active.Load()
	if p == nil {
		return e
	}
	for i := range *p {
		l := &(*p)[i]
		if l.ActiveAt(now) && share(key^l.salt) < l.Ratio {
			l.apply(l.Fault, &e)
		}
	}
	return e
}

func (s *Set) load() []loaded {
	if p := s.active.Load(); p != nil {
		return *p
	}
	return nil
}

// share spreads key over [0, 1) by SplitMix64.
func share(key uint64) float64 {
	key += 0x9e3779b97f4a7c15
	key = (key ^ key>>30) * 0xbf58476d1ce4e5b9
	key = (key ^ key>>27) * 0x94d049bb133111eb
	key ^= key >> 31
	return float64(key>>11) / (1 << 53)
}

// hash is FNV-1a.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
