package console

import (
	"math"
	"strconv"
	"strings"
)

// The charts are drawn here and not by a chart library: 61 points need one SVG
// path, and a path that takes its colours from the style sheet follows light
// and dark and a content security policy without inline styles.
const (
	sparkWidth  = 120.0
	sparkHeight = 32.0
)

// sparkline is a small chart in a box of sparkWidth by sparkHeight.
type sparkline struct {
	Line  string  // SVG path of the values; breaks where there are none
	Area  string  // the same, closed down to zero
	Limit float64 // height of the limit's line; 0: not in the chart
	Label string  // what it shows, in words
}

// drawSparkline draws points, oldest first, between zero and top. A single
// value between gaps becomes a short dash, or it would be invisible.
func drawSparkline(points []float64, top float64) sparkline {
	var line, area strings.Builder
	for i := 0; i < len(points); {
		if !drawable(points[i]) {
			i++
			continue
		}
		first := i
		for i < len(points) && drawable(points[i]) {
			i++
		}
		drawRun(&line, &area, run{points: points[first:i], first: first, of: len(points), top: top})
	}
	return sparkline{Line: line.String(), Area: area.String()}
}

func drawable(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// run is a stretch of values without a gap.
type run struct {
	points []float64
	first  int // index of points[0] in the whole chart
	of     int // number of points in the whole chart
	top    float64
}

func (r run) x(i int) float64 {
	if r.of < 2 {
		return 0
	}
	return float64(r.first+i) * sparkWidth / float64(r.of-1)
}

func drawRun(line, area *strings.Builder, r run) {
	base := coordinate(sparkHeight)
	left := r.x(0)
	right := r.x(len(r.points) - 1)
	if len(r.points) == 1 {
		left = max(0, left-1)
		right = left + 1
	}
	area.WriteString("M" + coordinate(left) + " " + base)
	for i, p := range r.points {
		op, x := "L", r.x(i)
		if i == 0 {
			op, x = "M", left
		}
		at := coordinate(x) + " " + coordinate(yOf(p, r.top))
		line.WriteString(op + at)
		area.WriteString("L" + at)
	}
	if len(r.points) == 1 {
		at := coordinate(right) + " " + coordinate(yOf(r.points[0], r.top))
		line.WriteString("L" + at)
		area.WriteString("L" + at)
	}
	area.WriteString("L" + coordinate(right) + " " + base + "Z")
}

// yOf is the height of v in a chart whose upper edge is top; y grows downward,
// and one unit at each edge is left free for the line's own width.
func yOf(v, top float64) float64 {
	share := min(1, max(0, v/top))
	return sparkHeight - 1 - share*(sparkHeight-2)
}

func coordinate(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }
