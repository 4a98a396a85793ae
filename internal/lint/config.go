package lint

import (
	"fmt"
	"path"
	"strings"

	amconfig "github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/pkg/labels"
	"go.yaml.in/yaml/v3"
)

// config is one configuration of Alertmanager. If it cannot be loaded, err says
// why and the rest is empty.
type config struct {
	file      string
	err       error
	root      *route
	inhibits  []inhibitRule
	receivers []scalar // names
}

// route is one node of the tree of routes.
type route struct {
	line      int
	matchers  labels.Matchers
	proceed   bool // continue: siblings after it are asked, too
	receiver  string
	above     *route   // nil for the root
	earlier   []*route // siblings before it
	below     []*route
	matchText string
}

// inhibitRule is one rule of inhibition, with its place in the file.
type inhibitRule struct {
	name   string
	line   int
	source labels.Matchers
	target labels.Matchers
	equal  []scalar // label names
}

func readConfig(f File) config {
	c := config{file: f.Name}
	conf, err := loadConfig(f.Content)
	if err != nil {
		c.err = err
		return c
	}
	var doc yaml.Node
	if c.err = yaml.Unmarshal(f.Content, &doc); c.err != nil {
		return c
	}
	top := root(&doc)
	c.root = newRoute(dispatch.NewRoute(conf.Route, nil), get(top, "route"), nil)
	for i, n := range items(get(top, "inhibit_rules")) {
		if i < len(conf.InhibitRules) {
			c.inhibits = append(c.inhibits, newInhibitRule(inhibit.NewInhibitRule(conf.InhibitRules[i]), n))
		}
	}
	for _, n := range items(get(top, "receivers")) {
		c.receivers = append(c.receivers, scalarOf(get(n, "name")))
	}
	return c
}

// loadConfig loads as Alertmanager does, which panics at some empty entries of
// lists.
func loadConfig(content []byte) (conf *amconfig.Config, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("line %d: an entry of the list is empty", emptyItem(content))
		}
	}()
	return amconfig.Load(string(content))
}

// emptyItem returns the line of the first empty entry of a list; 1 if there is
// none.
func emptyItem(content []byte) int {
	var doc yaml.Node
	if yaml.Unmarshal(content, &doc) != nil {
		return 1
	}
	var find func(*yaml.Node) int
	find = func(n *yaml.Node) int {
		for _, c := range n.Content {
			if n.Kind == yaml.SequenceNode && c.Tag == "!!null" {
				return c.Line
			}
			if line := find(c); line > 0 {
				return line
			}
		}
		return 0
	}
	return max(find(&doc), 1)
}

// newRoute pairs what Alertmanager makes of a route with its place in the file.
func newRoute(r *dispatch.Route, n *yaml.Node, above *route) *route {
	made := &route{
		line: n.Line, matchers: r.Matchers, proceed: r.Continue, receiver: r.RouteOpts.Receiver, above: above, matchText: r.Matchers.String(),
	}
	nodes := items(get(n, "routes"))
	for i, child := range r.Routes {
		next := newRoute(child, nodes[i], made)
		next.earlier = made.below[:len(made.below):len(made.below)]
		made.below = append(made.below, next)
	}
	return made
}

func newInhibitRule(r *inhibit.InhibitRule, n *yaml.Node) inhibitRule {
	made := inhibitRule{name: r.Name, line: n.Line, source: r.SourceMatchers, target: r.TargetMatchers}
	for _, e := range items(get(n, "equal")) {
		made.equal = append(made.equal, scalarOf(e))
	}
	return made
}

// title is how findings call the rule.
func (r inhibitRule) title() string {
	if r.name == "" {
		return "the inhibition rule without a name"
	}
	return "inhibition rule " + r.name
}

// walk visits the route and all below it.
func (r *route) walk(visit func(*route)) {
	if r == nil {
		return
	}
	visit(r)
	for _, next := range r.below {
		next.walk(visit)
	}
}

// path returns all matchers that an alert must fulfil to come here.
func (r *route) path() labels.Matchers {
	var all labels.Matchers
	for at := r; at != nil; at = at.above {
		all = append(all, at.matchers...)
	}
	return all
}

// matchable returns the alerts that a configuration is held against: those of
// the rules that were given, and of those in and below its own folder. Where
// several configurations were given, each has its own design: then only the
// latter, if there are any. Of the shipped rules nobody said that they belong to
// it, so there are none if no others are there.
func (in *input) matchable(c config) []alertShape {
	if !in.ownAlerts {
		return nil
	}
	var near, given []alertShape
	folder := path.Dir(c.file) + "/"
	for _, a := range in.alerts {
		isNear := folder == "./" || strings.HasPrefix(a.rule.file, folder)
		if isNear {
			near = append(near, a)
		}
		if isNear || a.rule.role == Judged {
			given = append(given, a)
		}
	}
	switch {
	case len(near) > 0 && in.givenConfigs() > 1:
		return near
	case len(given) > 0:
		return given
	}
	return in.alerts
}

func (in *input) givenConfigs() int {
	n := 0
	for _, f := range in.of(KindAlertmanager) {
		if f.Role == Judged {
			n++
		}
	}
	return n
}
