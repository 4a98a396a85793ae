package runbook

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// front is what may stand between two lines of "---" at the top of a file.
type front struct {
	Alert          entry   `yaml:"alert"`
	Drill          entry   `yaml:"drill"`
	NotDrilled     entry   `yaml:"not_drilled"`
	Repairs        []entry `yaml:"repairs"`
	ResolvesWithin entry   `yaml:"resolves_within"`
}

// knownKeys are the keys of front, for people.
const knownKeys = "alert, drill, not_drilled, repairs and resolves_within"

// entry is a text of the front matter and the line where it stands.
type entry struct {
	text string
	line int
}

// UnmarshalYAML takes any scalar as it is written.
func (e *entry) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: write one text here", n.Line)
	}
	e.text, e.line = strings.TrimSpace(n.Value), n.Line
	return nil
}

// split separates the front matter from the Markdown, which begins at bodyLine.
func split(file string, data []byte) (meta front, body []byte, bodyLine int, problem *Finding) {
	const fence = "---\n"
	rest, found := bytes.CutPrefix(data, []byte(fence))
	if !found {
		return meta, data, 1, nil
	}
	head, body, found := bytes.Cut(rest, []byte("\n"+fence))
	if !found {
		return meta, nil, 0, &Finding{file, 1, "front matter has no end; close it with a line of ---"}
	}
	// One empty line in place of the fence keeps the line numbers of errors right.
	dec := yaml.NewDecoder(io.MultiReader(strings.NewReader("\n"), bytes.NewReader(head)))
	dec.KnownFields(true)
	if err := dec.Decode(&meta); err != nil && !errors.Is(err, io.EOF) {
		return meta, nil, 0, &Finding{file, lineOf(err), fmt.Sprintf("front matter: %v; known keys are %s", err, knownKeys)}
	}
	return meta, body, bytes.Count(head, []byte("\n")) + 4, nil
}

// lineOf finds the line that an error of the YAML decoder speaks of.
func lineOf(err error) int {
	found := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(err.Error())
	if found == nil {
		return 1
	}
	line, _ := strconv.Atoi(found[1]) // it consists of digits
	return line
}

// Repair is a repair that mends what the drill of a runbook breaks.
type Repair struct {
	Name    string
	Service string
	Line    int // in the file
}

// String writes r as it stands behind `gameday fix apply`.
func (r Repair) String() string { return r.Name + " --service=" + r.Service }

// readRepairs reads the repairs of the front matter.
func (p *Page) readRepairs(entries []entry) (problems []Finding) {
	for _, e := range entries {
		name, service, ok := parseRepair(strings.Fields(e.text))
		if !ok {
			problems = append(problems, p.finding(e.line, "the repair %q is none; write it as behind `gameday fix apply`, such as rollback --service=payments", e.text))
			continue
		}
		p.Repairs = append(p.Repairs, Repair{name, service, e.line})
	}
	return problems
}

// parseRepair reads the words behind `gameday fix apply`: a name and a service.
// Other flags are where to find the stack, and do not matter.
func parseRepair(words []string) (name, service string, ok bool) {
	for i := 0; i < len(words); i++ {
		flag, value, both := strings.Cut(words[i], "=")
		switch {
		case flag == "--service" && both:
			service = value
		case flag == "--service" && i+1 < len(words):
			i++
			service = words[i]
		case strings.HasPrefix(flag, "-"):
		case name != "":
			return "", "", false
		default:
			name = words[i]
		}
	}
	return name, service, name != "" && service != ""
}

// readResolvesWithin reads how soon the alert ends.
func (p *Page) readResolvesWithin(e entry) (problems []Finding) {
	if e.text == "" {
		return nil
	}
	d, err := time.ParseDuration(e.text)
	if err != nil || d <= 0 || d%time.Second != 0 {
		return []Finding{p.finding(e.line, "resolves_within %q is no time; write whole seconds, minutes or hours, such as 7m", e.text)}
	}
	p.ResolvesWithin = d
	return nil
}

// frontLine is where a finding about the front matter points: to the entry, or
// to the beginning where it is missing.
func frontLine(e entry) int { return cmp.Or(e.line, 1) }
