package boards

import (
	"cmp"
	"slices"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// aHalf is late enough in most drills: things are broken or just mended.
const aHalf = 22 * time.Minute

// panel is one panel as its board says it.
type panel struct {
	title string
	about string // how to read it, and what to do then
	unit  string // one of package units
	kind  kind
	// width and height in cells of the grid; zero means a third of a line, and 8.
	width, height uint32
	queries       []query
	limits        []limit  // drawn as thresholds
	alerts        []string // whose runbooks it links to, beside those about its series
	top           *float64 // the axis ends there at least
	link          *target  // what a click on a series opens
	shown         *Shown   // nil: as its board
	calm          string   // see Shown
}

// kind makes what is particular about one type of panel.
type kind func() (dashboard.Panel, error)

type query struct {
	expr, legend string
	exemplars    bool // with a link to the trace of each
	now          bool // the last value only
}

// target is what a link on a series opens.
type target struct{ title, url string }

func toService() *target {
	return &target{"Board of this service", "/d/" + uidService + "?var-service=${__field.labels.service}&${datasource:queryparam}&${__url_time_range}"}
}

func lines() (dashboard.Panel, error) {
	return timeseries.NewPanelBuilder().LineWidth(1).FillOpacity(8).ShowPoints(common.VisibilityModeNever).
		ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed)).
		Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeTable).Placement(common.LegendPlacementBottom).
			ShowLegend(true).Calcs([]string{"lastNotNull", "max"})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).Build()
}

func stacked() (dashboard.Panel, error) {
	p, err := lines()
	if custom, ok := p.FieldConfig.Defaults.Custom.(*timeseries.FieldConfig); ok {
		custom.Stacking = &common.StackingConfig{Mode: cog.ToPtr(common.StackingModeNormal), Group: cog.ToPtr("A")}
		custom.FillOpacity = cog.ToPtr(40.0)
	}
	return p, err
}

func oneNumber() (dashboard.Panel, error) {
	return stat.NewPanelBuilder().GraphMode(common.BigValueGraphModeNone).ColorMode(common.BigValueColorModeValue).
		Orientation(common.VizOrientationAuto).ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}).Values(false)).Build()
}

func spans() (dashboard.Panel, error) {
	return statetimeline.NewPanelBuilder().ShowValue(common.VisibilityModeNever).MergeValues(true).RowHeight(0.8).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeSingle).Sort(common.SortOrderNone)).
		Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(false)).Build()
}

// rowsOf is a table with a line for each series, and its labels as columns.
func rowsOf() (dashboard.Panel, error) {
	p, err := table.NewPanelBuilder().ShowHeader(true).Filterable(true).
		WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
			"excludeByName": map[string]bool{"Time": true, "Value": true, "__name__": true, "alertstate": true, "job": true},
		}}).
		OverrideByName("alertname", []dashboard.DynamicConfigValue{{Id: "links", Value: []map[string]any{
			{"title": "Runbook", "url": "${runbooks}/${__value.text}", "targetBlank": true},
		}}}).Build()
	if o, ok := p.Options.(*table.Options); ok {
		o.Footer = nil
	}
	return p, err
}

func (p panel) when(b Shown) Shown {
	if p.shown != nil {
		b = *p.shown
	}
	b.Calm = p.calm
	return b
}

// build adds to the kind what all panels have.
func (p panel) build(r *rules, at *place) (dashboard.Panel, error) {
	if p.kind == nil {
		p.kind = lines
	}
	made, err := p.kind()
	if err != nil {
		return made, err
	}
	names, err := series(p.queries)
	if err != nil {
		return made, err
	}
	if p.width == 0 {
		p.width = gridWidth / 3
	}
	if p.height == 0 {
		p.height = 8
	}
	made.Id, made.Title, made.Description, made.Datasource = cog.ToPtr(at.nextID()), &p.title, &p.about, cog.ToPtr(source())
	made.GridPos = at.take(p.width, p.height)
	for i, q := range p.queries {
		t, err := promQuery(q, string(rune('A'+i))).Build()
		if err != nil {
			return made, err
		}
		made.Targets = append(made.Targets, t)
	}
	if made.FieldConfig == nil {
		made.FieldConfig = dashboard.NewFieldConfigSource()
	}
	defaults := &made.FieldConfig.Defaults
	defaults.Unit, defaults.Thresholds, defaults.Max = &p.unit, thresholds(p.limits), p.top
	defaults.Color = &dashboard.FieldColor{Mode: dashboard.FieldColorModeIdPaletteClassic}
	switch made.Type {
	case "state-timeline": // a bar says all: its colour means nothing
		defaults.Color = &dashboard.FieldColor{Mode: dashboard.FieldColorModeIdFixed, FixedColor: cog.ToPtr("semi-dark-red")}
	case "stat", "table":
		defaults.Color = &dashboard.FieldColor{Mode: dashboard.FieldColorModeIdThresholds}
	default:
		defaults.Min = cog.ToPtr(0.0)
	}
	if p.link != nil {
		defaults.Links = []dashboard.DashboardLink{link(p.link.title, p.link.url, false)}
	}
	made.Links = p.runbooks(r, names)
	return made, nil
}

// runbooks links to those of all alerts about what the panel shows.
func (p panel) runbooks(r *rules, series []string) (links []dashboard.DashboardLink) {
	names := append(slices.Clone(p.alerts), r.about(series)...)
	for _, l := range p.limits {
		names = append(names, l.alert)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		links = append(links, link("Runbook: "+name, "${runbooks}/"+name, true))
	}
	return links
}

func link(title, url string, blank bool) dashboard.DashboardLink {
	l := *dashboard.NewDashboardLink()
	l.Title, l.Type, l.Url, l.TargetBlank, l.Placement = title, dashboard.DashboardLinkTypeLink, &url, blank, nil
	return l
}

func thresholds(limits []limit) *dashboard.ThresholdsConfig {
	t := &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: []dashboard.Threshold{{Color: "green"}}}
	slices.SortFunc(limits, func(a, b limit) int { return cmp.Compare(a.value, b.value) })
	for _, l := range limits {
		color := map[string]string{"critical": "red", "warning": "orange"}[l.severity]
		if color == "" {
			color = "blue"
		}
		t.Steps = append(t.Steps, dashboard.Threshold{Value: &l.value, Color: color})
	}
	return t
}

func promQuery(q query, ref string) *prometheus.DataqueryBuilder {
	b := prometheus.NewDataqueryBuilder().Expr(q.expr).LegendFormat(q.legend).RefId(ref).EditorMode(prometheus.QueryEditorModeCode).
		Exemplar(q.exemplars).Datasource(source())
	if q.now {
		return b.Instant().Format(prometheus.PromQueryFormatTable)
	}
	return b.Range().Format(prometheus.PromQueryFormatTimeSeries)
}
