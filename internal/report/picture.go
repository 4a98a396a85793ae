package report

import (
	"fmt"
	"math"
	"strings"

	"goldensignals/internal/drill"
)

// The measures of a picture, in SVG units.
const (
	pictureWidth = 1120.0
	labelWidth   = 178.0
	plotWidth    = pictureWidth - labelWidth - 12
	laneHeight   = 24.0
	barHeight    = 16.0
	harmHeight   = 34.0
	headHeight   = 22.0
	axisHeight   = 38.0
	maxAlertRows = 12
	textUnit     = 6.6 // of one letter, roughly
)

// picture is a timeline, ready to be drawn by the template. All lanes share the
// axis of minutes.
type picture struct {
	ID     string // unique within the page
	Title  string
	About  string // for those who do not see it
	Width  float64
	Height float64
	Left   float64 // of the plot
	Right  float64
	Bottom float64 // of the lanes
	Heads  []label
	Labels []label
	Rules  []shape // thin lines between lanes
	Bands  []shape // the incidents, behind everything
	Bars   []shape
	Marks  []mark
	Texts  []label // within the plot
	Ticks  []label
}

// shape is a rectangle with a tooltip.
type shape struct {
	X, Y, W, H float64
	Class      string
	Tip        string
}

// mark is a sign for one message. The class chooses sign and colour.
type mark struct {
	X, Y float64
	Role string // the id of the sign
	Tip  string
}

// label is text at a place.
type label struct {
	X, Y  float64
	Text  string
	Class string
}

// canvas draws lanes from top to bottom.
type canvas struct {
	picture
	duration float64 // seconds
	y        float64
}

// draw makes the picture of a result.
func draw(r drill.Result, id string) picture {
	c := &canvas{duration: max(r.Timeline.DurationSeconds, 1)}
	c.ID, c.Title, c.Width = id, "Timeline of the drill "+r.Drill, pictureWidth
	c.Left, c.Right = labelWidth, labelWidth+plotWidth
	c.About = about(r)
	c.users(r)
	c.incidents(r)
	c.faults(r)
	c.repairs(r)
	c.silences(r)
	c.alerts(r)
	c.messages(r)
	c.dropCrowdedTexts()
	c.axis()
	return c.picture
}

// about tells the picture in a sentence.
func about(r drill.Result) string {
	parts := []string{}
	for _, f := range r.Timeline.Faults {
		parts = append(parts, fmt.Sprintf("%s on %s from %s to %s", f.Fault, f.Service, span(f.FromSeconds), span(f.ToSeconds)))
	}
	for _, inc := range r.Incidents {
		parts = append(parts, fmt.Sprintf("incident %s from %s to %s, %s", inc.Name, span(inc.FromSeconds), span(inc.ToSeconds), inc.Verdict))
	}
	parts = append(parts, plural(r.Score.Pages, "page"))
	return strings.Join(parts, "; ") + "."
}

// x places seconds on the axis.
func (c *canvas) x(seconds float64) float64 {
	return tenth(c.Left + plotWidth*min(max(seconds/c.duration, 0), 1))
}

// tenth rounds a coordinate, to keep pages small and their bytes stable.
func tenth(v float64) float64 { return math.Round(v*10) / 10 }

// head begins a section.
func (c *canvas) head(text, remark string) {
	c.Rules = append(c.Rules, shape{X: 0, Y: c.y + 2, W: pictureWidth})
	c.y += headHeight
	c.Heads = append(c.Heads, label{X: 0, Y: c.y - 5, Text: text})
	if remark != "" {
		c.Texts = append(c.Texts, label{X: c.Left, Y: c.y - 5, Text: remark, Class: "remark"})
	}
}

// lane writes the name of a lane of the given height and moves below it. It
// returns the top.
func (c *canvas) lane(name string, height float64) float64 {
	top := c.y
	c.Labels = append(c.Labels, label{X: 10, Y: top + height/2 + 4, Text: shorten(name, labelWidth-16)})
	c.y += height
	return top
}

// nothing says that a section is empty.
func (c *canvas) nothing(text string) {
	c.Texts = append(c.Texts, label{X: c.Left + 4, Y: c.y + 14, Text: text, Class: "remark"})
	c.y += laneHeight
}

// bar draws the part of a span that lies within the drill. Where there is room
// the text stands inside it, else beside it.
func (c *canvas) bar(y, from, to float64, class, text, tip string) {
	if to <= 0 || from >= c.duration {
		return
	}
	x1, x2 := c.x(from), c.x(to)
	w := tenth(max(x2-x1, 2))
	c.Bars = append(c.Bars, shape{X: x1, Y: y + (laneHeight-barHeight)/2, W: w, H: barHeight, Class: class, Tip: tip})
	length := float64(len([]rune(text))) * textUnit
	l := label{X: x1 + 5, Y: y + laneHeight/2 + 4, Text: text, Class: "in " + class}
	switch {
	case text == "":
		return
	case length+8 <= w:
	case x1+w+6+length <= pictureWidth:
		l.X, l.Class = tenth(x1+w+5), "beside"
	case x1-length-6 >= c.Left:
		l.X, l.Class = tenth(x1-5), "beside end"
	default:
		l.Text = shorten(text, w-8)
	}
	c.Texts = append(c.Texts, l)
}

// shorten cuts text that is too long for the room.
func shorten(s string, room float64) string {
	runes, most := []rune(s), int(room/textUnit)
	if len(runes) <= most {
		return s
	}
	if most < 2 {
		return ""
	}
	return string(runes[:most-1]) + "…"
}

// harm scales a share of bad requests: 0.01 % is nothing, 100 % is 1, each
// tenfold is a quarter, so that half a per cent shows.
func harm(bad, of int) float64 {
	if of == 0 || bad == 0 {
		return 0
	}
	return max(0.06, 1+math.Log10(float64(bad)/float64(of))/4)
}

// users draws what the users of each journey saw.
func (c *canvas) users(r drill.Result) {
	c.head("What users saw", "share of requests that failed (solid) or were slow (hatched); each line is ten times the one below: 0.1 %, 1 %, 10 %, 100 %")
	for _, j := range r.Timeline.Journeys {
		top := c.lane(j.Journey, harmHeight)
		base := top + harmHeight - 4
		for step := 1.0; step <= 4; step++ {
			c.Bars = append(c.Bars, shape{X: c.Left, Y: tenth(base - step/4*(harmHeight-8)), W: plotWidth, H: 0.5, Class: "grid"})
		}
		c.Bars = append(c.Bars, shape{X: c.Left, Y: base, W: plotWidth, H: 0.7, Class: "base"})
		for i := range j.Requests {
			c.harmBar(j, i, base, r.Timeline.BinSeconds)
		}
	}
}

// harmBar draws one bin of one journey.
func (c *canvas) harmBar(j drill.JourneySpans, i int, base, width float64) {
	bad := j.Failed[i] + j.Slow[i]
	height := tenth(harm(bad, j.Requests[i]) * (harmHeight - 8))
	if height == 0 {
		return
	}
	class := "slow"
	if j.Failed[i] >= j.Slow[i] {
		class = "failed"
	}
	from := float64(i) * width
	x1, x2 := c.x(from), c.x(from+width)
	c.Bars = append(c.Bars, shape{
		X: x1, Y: tenth(base - height), W: tenth(max(x2-x1-0.4, 0.8)), H: height, Class: class,
		Tip: fmt.Sprintf("%s, %s: of %d requests %d failed, %d were slow", j.Journey, span(from), j.Requests[i], j.Failed[i], j.Slow[i]),
	})
}

// incidents draws what the scenario claims, and when a page was due.
func (c *canvas) incidents(r drill.Result) {
	c.head("Incidents", "")
	if len(r.Incidents) == 0 {
		c.nothing("none: this drill is a control, any page in it is a false page")
		return
	}
	top := c.lane("claimed", laneHeight)
	for _, inc := range r.Incidents {
		c.Bands = append(c.Bands, shape{X: c.x(inc.FromSeconds), W: tenth(c.x(inc.ToSeconds) - c.x(inc.FromSeconds))})
		c.bar(top, inc.FromSeconds, inc.ToSeconds, "incident", inc.Name,
			fmt.Sprintf("%s: %s to %s, page due by %s", inc.Name, span(inc.FromSeconds), span(inc.ToSeconds), span(inc.FromSeconds+inc.PageWithinSeconds)))
	}
	top = c.lane("page due within", laneHeight)
	for _, inc := range r.Incidents {
		c.bar(top, inc.FromSeconds, inc.FromSeconds+inc.PageWithinSeconds, "due", span(inc.PageWithinSeconds)+": "+verdict(inc.Verdict), "the time in which a page was due")
	}
}

// dropCrowdedTexts takes away texts beside bars that another bar of the same lane
// would cover; the tooltips stay.
func (c *canvas) dropCrowdedTexts() {
	kept := c.Texts[:0]
	for _, t := range c.Texts {
		if !strings.HasPrefix(t.Class, "beside") || !c.crowded(t) {
			kept = append(kept, t)
		}
	}
	c.Texts = kept
}

func (c *canvas) crowded(t label) bool {
	length := float64(len([]rune(t.Text))) * textUnit
	from, to := t.X, t.X+length
	if t.Class == "beside end" {
		from, to = t.X-length, t.X
	}
	for _, b := range c.Bars {
		if b.H == barHeight && b.Y < t.Y && t.Y < b.Y+b.H && b.X < to && from < b.X+b.W {
			return true
		}
	}
	return false
}

func (c *canvas) silences(r drill.Result) {
	if len(r.Timeline.Silences) == 0 {
		return
	}
	c.head("Silences", "")
	for _, s := range r.Timeline.Silences {
		top := c.lane(s.Comment, laneHeight)
		c.bar(top, s.FromSeconds, s.ToSeconds, "silence", s.Matchers, fmt.Sprintf("%s, %s to %s: %s", s.Matchers, span(s.FromSeconds), span(s.ToSeconds), s.Comment))
	}
}

// axis draws the minutes below all lanes and the bands of the incidents behind
// them.
func (c *canvas) axis() {
	c.Bottom = c.y + 2
	for i := range c.Bands {
		c.Bands[i].Y, c.Bands[i].H = 0, c.Bottom
	}
	step := tickStep(c.duration)
	for at := 0.0; at <= c.duration; at += step {
		c.Ticks = append(c.Ticks, label{X: c.x(at), Y: c.Bottom + 15, Text: fmt.Sprintf("%g", at/60)})
	}
	c.Texts = append(c.Texts, label{X: c.Left, Y: c.Bottom + 31, Text: "minutes since minute zero; the healthy history before it is not shown", Class: "remark"})
	c.Height = c.Bottom + axisHeight
}

// tickStep returns seconds between ticks, so that there are about a dozen.
func tickStep(duration float64) float64 {
	for _, minutes := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720} {
		if duration <= 13*minutes*60 {
			return minutes * 60
		}
	}
	return 24 * 3600
}
