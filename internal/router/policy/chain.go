package policy

import "time"

// Chain is who is told by an SMS receiver, and who next if nobody answers. It
// never changes and is safe for concurrent use. A nil Chain is empty.
type Chain struct{ links []link }

// link is a person, or the one who is so many turns ahead in a rota.
type link struct {
	person Person
	rota   *Rota // nil: person
	turns  int
}

// At returns the phone number of the given level at now: level 0 is told first.
// It is not ok above the last level. Whoever is in the chain twice at now, such
// as by name and by rota, counts once: time is not lost with the same person.
func (c *Chain) At(level int, now time.Time) (phone string, ok bool) {
	p, ok := c.person(level, now)
	return p.Phone, ok
}

// Who is At with the person's name.
func (c *Chain) Who(level int, now time.Time) (name string, ok bool) {
	p, ok := c.person(level, now)
	return p.Name, ok
}

func (c *Chain) person(level int, now time.Time) (Person, bool) {
	people := c.People(now)
	if level < 0 || level >= len(people) {
		return Person{}, false
	}
	return people[level], true
}

// People returns everybody in the chain at now, each once, in order. The caller
// owns the result.
func (c *Chain) People(now time.Time) []Person {
	if c == nil {
		return nil
	}
	var people []Person
	told := map[string]bool{}
	for _, l := range c.links {
		p := l.person
		if l.rota != nil {
			p = l.rota.ahead(now, l.turns)
		}
		if !told[p.Name] {
			told[p.Name] = true
			people = append(people, p)
		}
	}
	return people
}
