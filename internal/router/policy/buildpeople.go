package policy

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"goldensignals/internal/receiver/sms"
)

var nameShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// name checks the name of an entry of a list and remembers it.
func (b *builder) name(list string, index int, name string) {
	path := at(list, index)
	before := len(b.errs)
	switch {
	case name == "":
		b.report(join(path, "name"), "is missing: others refer to it by name")
		b.vague[list] = true
		return
	case !nameShape.MatchString(name):
		b.report(join(path, "name"), "%q is no name: use letters, digits, - . and _, and begin with a letter or digit", name)
	case slices.Contains(b.names[list], name):
		b.report(join(path, "name"), "%s is there already, as %s", name, at(list, slices.Index(b.names[list], name)))
	case name == "all" && list == "receivers":
		b.report(join(path, "name"), "all means every receiver: choose another name")
	}
	b.names[list] = append(b.names[list], name)
	b.vague[list] = b.vague[list] || len(b.errs) > before
}

// find reports whether a list has an entry of that name, and complains if not.
func (b *builder) find(path, list, name string) bool {
	if slices.Contains(b.names[list], name) {
		b.used[list+"."+name] = true
		return true
	}
	if !b.vague[list] {
		b.report(path, "%q is not among the %s: %s", name, list, meant(name, b.names[list]))
	}
	return false
}

// twice complains about an entry that a list has already.
func (b *builder) twice(path string, list []string) {
	for i, name := range list {
		if slices.Contains(list[:i], name) {
			b.report(at(path, i), "%s is in the list already", name)
		}
	}
}

func (b *builder) people() {
	for _, list := range []string{"people", "rotas", "providers", "receivers"} {
		b.vague[list] = slices.ContainsFunc(b.errs, func(e *Error) bool { return e.Field == list })
	}
	b.policy.people = b.file.People
	phones := map[string]string{}
	for i, p := range b.file.People {
		path := at("people", i)
		b.name("people", i, p.Name)
		switch other, taken := phones[p.Phone]; {
		case p.Phone == "":
			b.report(join(path, "phone"), "is missing: write it as \"+4915112345678\"")
		case !sms.IsNumber(p.Phone):
			b.report(join(path, "phone"), "%q is no phone number: write + and country code, then digits only, as \"+4915112345678\"", p.Phone)
		case taken:
			b.report(join(path, "phone"), "is the number of %s: an answer from it could be of either", other)
		}
		phones[p.Phone] = p.Name
		b.person[p.Name] = p
	}
}

func (b *builder) rotas() {
	for i, r := range b.file.Rotas {
		path := at("rotas", i)
		b.name("rotas", i, r.Name)
		if _, ok := b.person[r.Name]; ok && r.Name != "" {
			b.report(join(path, "name"), "%s is a person: an escalation could mean either", r.Name)
			b.vague["rotas"] = true
		}
		rota := &Rota{name: r.Name, shift: civil(r.Shift / time.Second), zone: b.timeZone(join(path, "time_zone"), r.TimeZone)}
		rota.starts = b.starts(join(path, "starts"), r.Starts)
		if r.Shift < time.Hour || r.Shift%time.Minute != 0 {
			b.report(join(path, "shift"), "%s: want an hour or more, in whole minutes", short(r.Shift))
		}
		if len(r.People) == 0 {
			b.report(join(path, "people"), "nobody is in the rota: name those who take turns, such as [anna, ben]")
		}
		b.twice(join(path, "people"), r.People)
		for j, name := range r.People {
			if b.find(at(join(path, "people"), j), "people", name) {
				rota.people = append(rota.people, b.person[name])
			}
		}
		b.rota[r.Name] = rota
		b.policy.rotas = append(b.policy.rotas, rota)
	}
}

func (b *builder) starts(path, text string) civil {
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return civilOf(t)
		}
	}
	if text == "" {
		b.report(path, "is missing: say when the first shift begins, in local time, such as 2026-01-05T09:00:00")
		return 0
	}
	b.report(path, "%q is no local time: write it as 2026-01-05T09:00:00, without time zone, for which there is time_zone", text)
	return 0
}

// chain reads an escalation.
func (b *builder) chain(path string, entries []string) *Chain {
	b.twice(path, entries)
	c := &Chain{}
	for i, e := range entries {
		if l, ok := b.link(at(path, i), e); ok {
			c.links = append(c.links, l)
		}
	}
	return c
}

// link reads one entry: a person, a rota, or a rota and how many turns ahead.
func (b *builder) link(path, entry string) (link, bool) {
	name, plus, ahead := strings.Cut(entry, "+")
	if p, ok := b.person[name]; ok && !ahead {
		return link{person: p}, true
	}
	r := b.rota[name]
	switch {
	case r != nil && !ahead:
		b.used["rotas."+name] = true
		return link{rota: r}, len(r.people) > 0
	case r != nil:
		b.used["rotas."+name] = true
		turns, err := strconv.Atoi(plus)
		if n := len(r.people); b.tainted("people") || b.tainted("rotas") {
			return link{}, false
		} else if err != nil || turns < 1 || turns >= n {
			b.report(path, "%q: after + comes how many turns ahead, at least 1 and less than the %d who are in the rota", entry, n)
			return link{}, false
		}
		return link{rota: r, turns: turns}, true
	case b.vague["people"] || b.vague["rotas"]:
		return link{}, false
	case b.person[name] != Person{}:
		b.report(path, "%q: turns ahead are for rotas, and %s is a person", entry, name)
		return link{}, false
	}
	known := append(slices.Clone(b.names["people"]), b.names["rotas"]...)
	b.report(path, "%q is neither a person nor a rota: %s", entry, meant(entry, known))
	return link{}, false
}
