package fault

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxApplied bounds how many repairs a Set remembers.
const maxApplied = 100

// Set holds the active faults of one service, at most one of each kind, and the
// repairs that were applied to it. It is safe for concurrent use. Faults and
// repairs begin and end by the time that the caller passes in; no goroutine
// watches them.
type Set struct {
	service string
	mu      sync.Mutex              // serialises writers; readers never take it
	now     atomic.Pointer[inForce] // replaced whole; nil: nothing was ever injected or applied
}

// inForce is what a Set holds.
type inForce struct {
	faults  []loaded // sorted by kind
	repairs []repair // in the order of their effect
}

// loaded is a fault, ready to act.
type loaded struct {
	Active
	salt uint64 // keeps the choices of two kinds independent
	kind Kind
}

// repair is a repair, ready to act.
type repair struct {
	Applied
	kind Repair
}

// actsAt reports whether r makes a difference at t: for good, if what it does
// cannot be taken back.
func (r repair) actsAt(t time.Time) bool {
	if r.kind.lasts == 0 {
		return !t.Before(r.Effect)
	}
	return r.InForceAt(t)
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
	old := s.load()
	next := []loaded{{Active: a, salt: hash(kind.Name), kind: kind}}
	for _, l := range old.faults {
		switch {
		case !l.ActiveAt(now):
		case l.Kind == f.Kind:
			a.Replaced = true
		default:
			next = append(next, l)
		}
	}
	slices.SortFunc(next, func(a, b loaded) int { return strings.Compare(a.Kind, b.Kind) })
	s.now.Store(&inForce{faults: next, repairs: old.repairs})
	return a, nil
}

// Clear ends the active fault of the kind, or every one where kind is empty,
// and returns those that it ended. To clear what is not active is no error.
func (s *Set) Clear(now time.Time, kind string) []Active {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.load()
	var cleared []Active
	var next []loaded
	for _, l := range old.faults {
		switch {
		case !l.ActiveAt(now):
		case kind == "" || l.Kind == kind:
			cleared = append(cleared, l.Active)
		default:
			next = append(next, l)
		}
	}
	s.now.Store(&inForce{faults: next, repairs: old.repairs})
	return cleared
}

// Mirror makes the set hold these faults and no others, as another Set has them:
// its repairs show in when they end. What is of an unknown kind is left out.
func (s *Set) Mirror(list []Active) {
	next := inForce{}
	for _, a := range list {
		if kind, err := kindOf(a.Kind); err == nil {
			next.faults = append(next.faults, loaded{Active: a, salt: hash(kind.Name), kind: kind})
		}
	}
	slices.SortFunc(next.faults, func(a, b loaded) int { return strings.Compare(a.Kind, b.Kind) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Store(&next)
}

// Active lists the faults that act at now, sorted by kind. Until is when they end
// by themselves: that a repair under way will end one sooner shows when it does.
// The caller owns the result.
func (s *Set) Active(now time.Time) []Active {
	var active []Active
	for _, l := range s.load().faults {
		if l.ActiveAt(now) {
			l.Until = l.Since.Add(time.Duration(l.For))
			active = append(active, l.Active)
		}
	}
	return active
}

// Apply orders a repair at now. It acts after the time that it takes; what it
// ends is active until then. While one repair is under way another is refused
// with a *BusyError.
func (s *Set) Apply(now time.Time, name string) (Applied, error) {
	r, err := CheckRepair(name, s.service)
	if err != nil {
		return Applied{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.load()
	if n := len(old.repairs); n > 0 && now.Before(old.repairs[n-1].Effect) {
		return Applied{}, &BusyError{old.repairs[n-1].Applied}
	}
	a := Applied{Repair: r.Name, Service: s.service, At: now, Effect: now.Add(time.Duration(r.Takes)), Ended: []string{}, Helped: []string{}}
	a.Until = a.Effect.Add(r.lasts)
	next := inForce{repairs: append(slices.Clone(old.repairs[max(0, len(old.repairs)-maxApplied+1):]), repair{a, r})}
	for _, l := range old.faults {
		switch {
		case !l.ActiveAt(a.Effect): // gone by itself until then
		case slices.Contains(r.Ends, l.Kind):
			a.Ended = append(a.Ended, l.Kind)
			l.Until = a.Effect
		case slices.Contains(r.Helps, l.Kind):
			a.Helped = append(a.Helped, l.Kind)
		}
		next.faults = append(next.faults, l)
	}
	next.repairs[len(next.repairs)-1].Applied = a
	s.now.Store(&next)
	return a, nil
}

// Applied lists the repairs that were ordered, oldest first, at most the last
// hundred. The caller owns the result.
func (s *Set) Applied() []Applied {
	var list []Applied
	for _, r := range s.load().repairs {
		list = append(list, r.Applied)
	}
	return list
}

// Undo takes back, at now, what repairs have added, and forgets those under
// way: what they were about to end goes on. The service is then as it was before
// anybody repaired it, except that what was ended stays so. Repairs that have
// acted stay on the list.
func (s *Set) Undo(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := inForce{faults: slices.Clone(s.load().faults)}
	for _, r := range s.load().repairs {
		if r.Effect.After(now) {
			for i, l := range next.faults {
				if slices.Contains(r.Ended, l.Kind) {
					next.faults[i].Until = l.Since.Add(time.Duration(l.For))
				}
			}
			continue
		}
		if r.Until.After(now) {
			r.Until = now
		}
		next.repairs = append(next.repairs, r)
	}
	s.now.Store(&next)
}

// Effect says what the faults that act at now do to one request. The key is a
// random number of that request's own: the answer depends on nothing else, so
// that the same request meets the same fate however goroutines interleave. A
// kind's choice does not depend on other kinds, and a higher ratio hits the
// requests that a lower one hits, and more.
func (s *Set) Effect(now time.Time, key uint64) Effect {
	p := s.now.Load()
	if p == nil || len(p.faults) == 0 {
		return Effect{}
	}
	return p.effect(now, key)
}

func (p *inForce) effect(now time.Time, key uint64) Effect {
	var e Effect
	for i := range p.faults {
		l := &p.faults[i]
		if l.kind.apply == nil || !l.ActiveAt(now) {
			continue
		}
		strength := l.strength(now)
		if own := key ^ l.salt; share(own) < l.Ratio*strength {
			l.kind.apply(hit{Fault: l.Fault, strength: strength, draw: share(own ^ drawSalt)}, &e)
		}
	}
	return e
}

// drawSalt makes a second number of a request's key.
const drawSalt = 0x5851f42d4c957f2d

// State says how the service is at now. The process is when its process
// started: what a process loses, it loses with the process.
func (s *Set) State(now, process time.Time) State {
	p := s.now.Load()
	if p == nil || len(p.faults)+len(p.repairs) == 0 {
		return State{}
	}
	return p.state(now, process)
}

func (p *inForce) state(now, process time.Time) State {
	var st State
	for i := range p.faults {
		l := &p.faults[i]
		if l.kind.act == nil || !l.ActiveAt(now) {
			continue
		}
		if strength := l.strength(now); strength > 0 || l.kind.keeps {
			l.kind.act(span{Active: l.Active, now: now, strength: strength, process: process}, &st)
		}
	}
	for i := range p.repairs {
		if r := &p.repairs[i]; r.kind.act != nil && r.actsAt(now) {
			r.kind.act(r.Effect, &st)
		}
	}
	return st
}

func (s *Set) load() inForce {
	if p := s.now.Load(); p != nil {
		return *p
	}
	return inForce{}
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
