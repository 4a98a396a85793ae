package boards

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/prometheus/prometheus/promql/parser"
)

// The uids of the boards, which are also the names of their files.
const (
	uidGolden   = "golden"
	uidService  = "service"
	uidHosts    = "hosts"
	uidAlerting = "alerting"
	uidGameDay  = "gameday"
	uidBudgets  = "budgets"
)

const (
	tag       = "golden-signals" // of all boards: their menu shows what has it
	gridWidth = 24
	// runbookBase is where `gameday up` serves runbooks unless told otherwise; the
	// variable "runbooks" of a board holds another address.
	runbookBase = "http://127.0.0.1:8080/router/runbooks"
)

// board is a dashboard as its file says it.
type board struct {
	name, title, about string
	from               string // the time that it shows at first, such as "now-1h"
	variables          []variable
	shown              Shown // of all that says nothing else
	rows               []row
}

type row struct {
	title  string
	panels []panel
}

// variable is chosen at the top of a board: a value of a label.
type variable struct {
	name, title  string
	series, with string // label_values(series, with)
	many         bool   // several or all at once
}

// build makes the dashboard: positions and ids follow from the order alone.
func (b board) build(r *rules) (Board, error) {
	built := Board{Name: b.name, Shown: map[uint32]Shown{}, Around: map[string]Shown{}}
	d := dashboard.NewDashboardBuilder(b.title).Uid(b.name).Description(b.about).Tags([]string{tag}).
		Time(b.from, "now").Refresh("10s").Tooltip(dashboard.DashboardCursorSyncCrosshair).Readonly().Version(1).
		Link(dashboard.NewDashboardLinkBuilder("Boards").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{tag}).
			AsDropdown(true).IncludeVars(false).KeepTime(true).TargetBlank(false).Icon("external link").Tooltip("The other boards").Url(""))
	b.addVariables(d, built.Around)
	b.addAnnotations(d, built.Around)
	at := place{}
	for _, row := range b.rows {
		at.nextLine()
		id := at.nextID()
		d.WithRow(dashboard.NewRowBuilder(row.title).Id(id).GridPos(dashboard.GridPos{X: 0, Y: at.y, W: gridWidth, H: 1}))
		at.y++
		for _, p := range row.panels {
			made, err := p.build(r, &at)
			if err != nil {
				return Board{}, fmt.Errorf("panel %q: %w", p.title, err)
			}
			built.Shown[*made.Id] = p.when(b.shown)
			d.WithPanel(ready(made))
		}
	}
	var err error
	built.Dashboard, err = d.Build()
	inSight(&built.Dashboard)
	failed := errors.Join(r.failed...)
	r.failed = nil
	return built, errors.Join(err, failed)
}

// inSight takes links and annotations out of a menu, where the SDK puts them
// unless told otherwise.
func inSight(d *dashboard.Dashboard) {
	for i := range d.Links {
		d.Links[i].Placement = nil
	}
	for i := range d.Annotations.List {
		d.Annotations.List[i].Placement = nil
	}
}

// ready is a panel that needs no more building.
type ready dashboard.Panel

// Build implements cog.Builder.
func (p ready) Build() (dashboard.Panel, error) { return dashboard.Panel(p), nil }

// place is where the next panel goes: from left to right, line by line.
type place struct {
	id, x, y, height uint32
}

func (p *place) nextID() uint32 {
	p.id++
	return p.id
}

func (p *place) nextLine() { p.x, p.y, p.height = 0, p.y+p.height, 0 }

func (p *place) take(width, height uint32) *dashboard.GridPos {
	if p.x+width > gridWidth {
		p.nextLine()
	}
	pos := &dashboard.GridPos{X: p.x, Y: p.y, W: width, H: height}
	p.x, p.height = p.x+width, max(p.height, height)
	return pos
}

func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

func option(text, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Selected: cog.ToPtr(true),
		Text:     dashboard.StringOrArrayOfString{String: &text}, Value: dashboard.StringOrArrayOfString{String: &value},
	}
}

func (b board) addVariables(d *dashboard.DashboardBuilder, around map[string]Shown) {
	d.WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus").Current(option("Prometheus", "prometheus")))
	for _, v := range b.variables {
		query := fmt.Sprintf("label_values(%s, %s)", v.series, v.with)
		q := dashboard.NewQueryVariableBuilder(v.name).Label(v.title).Datasource(source()).
			Query(dashboard.StringOrMap{Map: map[string]any{"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery", "qryType": 1}}).Definition(query).
			Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortAlphabeticalAsc).Multi(v.many).IncludeAll(v.many)
		if v.many {
			q.AllValue(".+").Current(option("All", "$__all"))
		}
		d.WithVariable(q)
		around[v.name] = b.shown
	}
	d.WithVariable(dashboard.NewTextBoxVariableBuilder("runbooks").Label("Runbooks").DefaultValue(dashboard.StringOrMap{String: cog.ToPtr(runbookBase)}).Current(option(runbookBase, runbookBase)).Hide(dashboard.VariableHideHideVariable))
}

// addAnnotations marks on every chart what happened: what was broken, what was
// released, what people were told. Grafana asks for a hundred points, whatever
// the time shown: the windows are as long as their distance at least.
func (b board) addAnnotations(d *dashboard.DashboardBuilder, around map[string]Shown) {
	for _, a := range []struct {
		name, color, expr, title, tags string
		shown                          Shown
	}{
		{
			name: "Faults", color: "red", expr: "max_over_time(gameday_fault_active[$__rate_interval])", title: "{{kind}} of {{service}}", tags: "kind,service",
			shown: Shown{Drill: "repaired", At: aHalf},
		},
		{
			name: "Deploys", color: "blue", expr: `max_over_time(ALERTS{alertname="ReleaseChanged",alertstate="firing"}[$__rate_interval])`, title: "{{service}} runs {{version}}", tags: "service,version",
			shown: Shown{Drill: "repaired", At: aHalf},
		},
		{
			name: "Messages", color: "purple", title: "{{status}}, to {{receiver}}", tags: "receiver,status",
			expr:  `sum by (receiver, status) (increase(alertrouter_notifications_total{state="delivered",receiver!~"log.*"}[$__rate_interval])) > 0`,
			shown: Shown{Drill: "repaired", At: aHalf},
		},
	} {
		target := promQuery(query{expr: a.expr, legend: a.title}, "Anno")
		d.Annotation(dashboard.NewAnnotationQueryBuilder().Name(a.name).Datasource(source()).Enable(true).IconColor(a.color).
			Expr(a.expr).TitleFormat(a.title).TagKeys(a.tags).Step("15s").Target(target))
		around[a.name] = a.shown
	}
}

// macros are Grafana's, with values that parse: for reading a query, not for asking it.
func macros() *strings.Replacer {
	return strings.NewReplacer("$__rate_interval", "1m", "$__interval", "15s", "$__range", "1h", "$service", "s", "$instance", "i")
}

// series lists the names of all series that queries read.
func series(queries []query) (names []string, err error) {
	for _, q := range queries {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(macros().Replace(q.expr))
		if err != nil {
			return nil, fmt.Errorf("query %q: %w", q.expr, err)
		}
		for _, name := range seriesOf(expr) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}
