package lint

import (
	"bytes"
	"errors"
	"log/slog"
	"regexp"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// rulesParse wants every rule file to be one that Prometheus loads.
func rulesParse(in *input) []Finding {
	var found []Finding
	for _, f := range in.of(KindRules) {
		var doc yaml.Node
		if err := yaml.Unmarshal(f.Content, &doc); err != nil {
			found = append(found, parseFindings(in, f, err)...)
			continue // Prometheus reads on, at which the YAML library may panic
		}
		_, errs := rulefmt.Parse(f.Content, false, model.UTF8Validation, newParser(), slog.New(slog.DiscardHandler))
		for _, err := range errs {
			found = append(found, parseFindings(in, f, err)...)
		}
		if line := secondDocument(f.Content); len(errs) == 0 && line > 0 {
			found = append(found, fault(f.Name, line, "a second YAML document begins, which Prometheus does not read", "put its groups into a file of their own"))
		}
	}
	return found
}

func parseFindings(in *input, f File, err error) []Finding {
	if ruleErr, ok := errors.AsType[*rulefmt.Error](err); ok {
		return []Finding{ruleFinding(in, f, ruleErr)}
	}
	// Of groups Prometheus means to say the place, but it is always 0:0.
	if m := regexp.MustCompile(`^\d+:\d+: (.*)$`).FindStringSubmatch(err.Error()); m != nil {
		return []Finding{fault(f.Name, groupLine(f.Content, m[1]), m[1], "correct it: Prometheus refuses the file")}
	}
	var found []Finding
	for _, p := range yamlProblems(err) {
		found = append(found, fault(f.Name, p.line, "not a rule file: "+p.value, "correct the key or the indentation: Prometheus refuses the file"))
	}
	return found
}

// groupLine returns the line of the last group that a message is about: the one
// that it quotes, or one without a name.
func groupLine(content []byte, message string) int {
	name := ""
	if m := regexp.MustCompile(`"(.*)"`).FindStringSubmatch(message); m != nil {
		name = m[1]
	}
	var doc yaml.Node
	line := 1
	if yaml.Unmarshal(content, &doc) != nil {
		return line
	}
	for _, g := range items(get(root(&doc), "groups")) {
		if scalarOf(get(g, "name")).value == name {
			line = g.Line
		}
	}
	return line
}

// ruleFinding says where in a rule the error is, which Prometheus says for
// some errors only.
func ruleFinding(in *input, f File, err *rulefmt.Error) Finding {
	line := 1
	for _, r := range in.rules {
		if r.file != f.Name || r.group != err.Group || r.index != err.Rule {
			continue
		}
		line = r.line
		if parseErrs, ok := errors.AsType[parser.ParseErrors](error(err)); ok && len(parseErrs) > 0 {
			first := parseErrs[0]
			return fault(f.Name, r.lineOf(int(first.PositionRange.Start)), r.name()+": the expression does not parse: "+first.Err.Error(), "correct the expression there")
		}
	}
	problem := err.Err.Unwrap().Error()
	if err.RuleName != "" {
		problem = err.RuleName + ": " + problem
	}
	return fault(f.Name, line, problem, "correct the rule: Prometheus refuses the file")
}

// secondDocument returns the line at which one begins; 0 if there is none.
func secondDocument(content []byte) int {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	var first, second yaml.Node
	if dec.Decode(&first) != nil || dec.Decode(&second) != nil {
		return 0
	}
	return second.Line
}
