package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"

	"goldensignals/internal/drill"
)

// The elements of JUnit's XML, as far as build servers read it.
type (
	xmlSuites struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Time     string     `xml:"time,attr"`
		Suites   []xmlSuite `xml:"testsuite"`
	}
	xmlSuite struct {
		Name       string        `xml:"name,attr"`
		Tests      int           `xml:"tests,attr"`
		Failures   int           `xml:"failures,attr"`
		Errors     int           `xml:"errors,attr"`
		Skipped    int           `xml:"skipped,attr"`
		Time       string        `xml:"time,attr"`
		Properties []xmlProperty `xml:"properties>property"`
		Cases      []xmlCase     `xml:"testcase"`
	}
	xmlProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	xmlCase struct {
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		Time    string      `xml:"time,attr"`
		Failure *xmlFailure `xml:"failure,omitempty"`
	}
	xmlFailure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the results as JUnit XML: a suite per drill, in it a case per
// incident and one for false pages. Times are wall-clock seconds; a drill's time
// is spread evenly over its cases.
func JUnit(w io.Writer, results []drill.Result) error {
	all := xmlSuites{Name: "drills"}
	wall := 0.0
	for _, r := range results {
		s := suite(r)
		all.Suites = append(all.Suites, s)
		all.Tests += s.Tests
		all.Failures += s.Failures
		wall += r.WallSeconds
	}
	all.Time = wallTime(wall)
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("encode JUnit XML: %w", err)
	}
	b.WriteByte('\n')
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	return nil
}

func suite(r drill.Result) xmlSuite {
	each := wallTime(r.WallSeconds / float64(len(r.Incidents)+1))
	class := "drill." + r.Drill
	s := xmlSuite{Name: r.Drill, Tests: len(r.Incidents) + 1, Time: wallTime(r.WallSeconds), Properties: properties(r)}
	left := r.Problems // in the order of the incidents, the false pages last
	take := func(kind string) *xmlFailure {
		s.Failures++
		sentence := "no reason was given"
		if len(left) > 0 {
			sentence, left = left[0], left[1:]
		}
		return &xmlFailure{Type: kind, Message: sentence, Text: sentence}
	}
	for _, inc := range r.Incidents {
		c := xmlCase{Class: class, Name: inc.Name, Time: each}
		if !fine(inc.Verdict) {
			c.Failure = take(string(inc.Verdict))
		}
		s.Cases = append(s.Cases, c)
	}
	c := xmlCase{Class: class, Name: "no false pages", Time: each}
	if r.Score.FalsePages > 0 {
		c.Failure = take("false page")
	}
	s.Cases = append(s.Cases, c)
	return s
}

func properties(r drill.Result) []xmlProperty {
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	return []xmlProperty{
		{"seed", strconv.FormatUint(r.Seed, 10)},
		{"virtual_seconds", number(r.VirtualSeconds)},
		{"requests", strconv.Itoa(r.Requests)},
		{"precision", number(r.Score.Precision)},
		{"recall", number(r.Score.Recall)},
		{"pages", strconv.Itoa(r.Score.Pages)},
		{"false_pages", strconv.Itoa(r.Score.FalsePages)},
		{"tickets", strconv.Itoa(r.Score.Tickets)},
		{"log_lines", strconv.Itoa(r.Score.LogLines)},
	}
}

func wallTime(seconds float64) string { return strconv.FormatFloat(seconds, 'f', 3, 64) }
