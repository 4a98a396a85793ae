package lint

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// pair is one key of a mapping and its value.
type pair struct{ key, value *yaml.Node }

// root returns the top node of a document; nil if it is empty.
func root(doc *yaml.Node) *yaml.Node {
	if doc == nil || len(doc.Content) == 0 {
		return nil
	}
	return resolve(doc.Content[0])
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// pairs returns the keys and values of a mapping, those of merged ones (<<)
// included; none if n is nil or no mapping.
func pairs(n *yaml.Node) []pair { return pairsWithin(n, 8) }

// pairsWithin follows so many merges: a mapping that is merged into itself has
// no end.
func pairsWithin(n *yaml.Node, depth int) []pair {
	n = resolve(n)
	if n == nil || n.Kind != yaml.MappingNode || depth == 0 {
		return nil
	}
	var list []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], resolve(n.Content[i+1])
		switch {
		case key.Tag != "!!merge":
			list = append(list, pair{key, value})
		case value.Kind == yaml.SequenceNode:
			for _, m := range value.Content {
				list = append(list, pairsWithin(m, depth-1)...)
			}
		default:
			list = append(list, pairsWithin(value, depth-1)...)
		}
	}
	return list
}

// get returns the value of a key; nil if n has none.
func get(n *yaml.Node, key string) *yaml.Node {
	for _, p := range pairs(n) {
		if p.key.Value == key {
			return p.value
		}
	}
	return nil
}

// items returns the elements of a sequence; none if n is nil or no sequence.
func items(n *yaml.Node) []*yaml.Node {
	n = resolve(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	list := make([]*yaml.Node, 0, len(n.Content))
	for _, c := range n.Content {
		list = append(list, resolve(c))
	}
	return list
}

// scalar is a text and the line on which it stands; line 0 means there is none.
type scalar struct {
	value string
	line  int
}

func scalarOf(n *yaml.Node) scalar {
	if n == nil || n.Kind != yaml.ScalarNode {
		return scalar{}
	}
	return scalar{n.Value, n.Line}
}

// scalars returns a mapping of texts.
func scalars(n *yaml.Node) map[string]scalar {
	texts := map[string]scalar{}
	for _, p := range pairs(n) {
		if s := scalarOf(p.value); s.line > 0 {
			texts[p.key.Value] = s
		}
	}
	return texts
}

// lineAt returns the line of the byte at offset in the value of a scalar that
// may go over several lines. YAML folds white space only, so the characters
// before it are counted without.
func lineAt(content []byte, n *yaml.Node, offset int) int {
	want := len(strings.Join(strings.Fields(n.Value[:min(max(offset, 0), len(n.Value))]), ""))
	lines := strings.Split(string(content), "\n")
	line, from := n.Line, n.Column-1
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		line, from = line+1, 0
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		from++
	}
	for ; line <= len(lines); line, from = line+1, 0 {
		text := lines[line-1]
		ink := strings.Join(strings.Fields(text[min(from, len(text)):]), "")
		if n.Style&yaml.SingleQuotedStyle != 0 {
			ink = strings.ReplaceAll(ink, "''", "'")
		}
		if n.Style&yaml.DoubleQuotedStyle != 0 {
			ink = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "", `\t`, "").Replace(ink)
		}
		if want < len(ink) {
			return line
		}
		want -= len(ink)
	}
	return n.Line
}

// yamlProblems splits what the YAML library says into one problem for each
// line of the file that it names; what names none is on line 1.
func yamlProblems(err error) []scalar {
	at := regexp.MustCompile(`^\s*(?:yaml: )?line (\d+): (.*)$`)
	var found []scalar
	for text := range strings.Lines(err.Error()) {
		text = strings.TrimSpace(text)
		if m := at.FindStringSubmatch(text); m != nil {
			line, _ := strconv.Atoi(m[1]) // digits
			found = append(found, scalar{m[2], line})
		} else if text != "" && text != "yaml: unmarshal errors:" {
			found = append(found, scalar{text, 1})
		}
	}
	return found
}
