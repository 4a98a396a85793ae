package runbook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"goldensignals/internal/drill"
	"goldensignals/internal/fault"
)

// command is one line that somebody may type.
type command struct {
	section string
	text    string
	line    int
	fenced  bool // in a block of its own, to be copied as it is
}

// commands lists the lines of all sh fences, and the commands of gameday within prose.
func (p *Page) commands() (list []command) {
	for _, f := range p.outline.fences {
		if f.language == "sh" {
			list = append(list, f.commands()...)
		}
	}
	for _, s := range p.outline.spans {
		if strings.HasPrefix(s.text, "gameday ") {
			list = append(list, command{s.section, s.text, s.line, false})
		}
	}
	return list
}

// commands joins lines that end with a backslash with the next one.
func (f fence) commands() (list []command) {
	begun := command{section: f.section, fenced: true}
	for i, text := range strings.Split(f.text, "\n") {
		if begun.text == "" {
			begun.line = f.line + i
		}
		text, goesOn := strings.CutSuffix(strings.TrimSpace(text), `\`)
		begun.text += text
		if goesOn {
			continue
		}
		if begun.text != "" && !strings.HasPrefix(begun.text, "#") {
			list = append(list, begun)
		}
		begun.text = ""
	}
	return list
}

// lintCommands wants commands to be complete, and what they name to exist.
func (p *Page) lintCommands() (findings []Finding) {
	for _, c := range p.commands() {
		if err := checkGameday(strings.Fields(c.text)); err != nil {
			findings = append(findings, p.finding(c.line, "the command %s: %v", c.text, err))
		}
		if !c.fenced {
			continue
		}
		if gap := regexp.MustCompile(`<[A-Za-z][^<>]*>|\.\.\.|…`).FindString(c.text); gap != "" {
			findings = append(findings, p.finding(c.line, "the command leaves %s to be filled in; write it as somebody would type it", gap))
		}
		for _, word := range regexp.MustCompile(`\b(QUERY|SERVICE|ROUTE|NAME|HOST|ID)\b`).FindAllString(c.text, -1) {
			if !regexp.MustCompile(`\b` + word + `\b`).MatchString(p.outline.proseOf(c.section)) {
				findings = append(findings, p.finding(c.line, "the command says %s, and the text of %s nowhere what to put in its place; say so", word, c.section))
			}
		}
	}
	return findings
}

// checkGameday checks the words of one command, if it breaks or repairs something.
func checkGameday(words []string) error {
	if len(words) < 3 || words[0] != "gameday" {
		return nil
	}
	switch words[1] + " " + words[2] {
	case "fix apply":
		name, service, ok := parseRepair(words[3:])
		if !ok {
			return fmt.Errorf("name a repair and its service, such as gameday fix apply rollback --service=payments")
		}
		return checkRepair(name, service)
	case "fault inject", "fault clear", "fix undo":
		return checkNames(words[1], words[3:])
	case "fix list", "fault list":
		return nil
	}
	if words[1] == "fix" || words[1] == "fault" {
		return fmt.Errorf("gameday %s does not know %s", words[1], words[2])
	}
	return nil
}

func checkRepair(name, service string) error {
	_, err := fault.CheckRepair(name, service, drill.Services()...)
	return err
}

// checkNames wants the fault and the service among the words to exist, where
// they are named at all.
func checkNames(command string, words []string) error {
	for i, word := range words {
		flag, value, both := strings.Cut(word, "=")
		if flag == "--service" && !both && i+1 < len(words) {
			value = words[i+1]
		}
		switch {
		case flag == "--service" && !slices.Contains(drill.Services(), value):
			return fmt.Errorf("there is no service %s; choose one of %s", value, strings.Join(drill.Services(), ", "))
		case i == 0 && command == "fault" && !strings.HasPrefix(word, "-") && !knownFault(word):
			return fmt.Errorf("there is no fault %s; gameday fault list names them", word)
		}
	}
	return nil
}

func knownFault(name string) bool {
	return slices.ContainsFunc(fault.Kinds(), func(k fault.Kind) bool { return k.Name == name })
}

// lintMitigation wants what the front matter claims to be what people read.
func (p *Page) lintMitigation() (findings []Finding) {
	told := map[string]bool{}
	for _, c := range p.commands() {
		words := strings.Fields(c.text)
		if c.section != "Mitigation" || !c.fenced || len(words) < 3 || !slices.Equal(words[:3], []string{"gameday", "fix", "apply"}) {
			continue
		}
		name, service, _ := parseRepair(words[3:])
		told[Repair{Name: name, Service: service}.String()] = true
	}
	for _, r := range p.Repairs {
		if !told[r.String()] {
			findings = append(findings, p.finding(r.Line, "Mitigation does not tell people to do this; write there: gameday fix apply %s", r))
		}
	}
	return findings
}
