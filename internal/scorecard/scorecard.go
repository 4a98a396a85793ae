// Package scorecard keeps on record how alert designs did in drills: the verdicts,
// times and counts that tables show, without what each result was made from. Whoever
// plays all drills writes the record; tests hold the tables against it, and replays. It
// plays nothing and shows nothing.
package scorecard

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"goldensignals/internal/drill"
)

// Shipped is the name of the shipped design in a record.
const Shipped = "alerts"

// Entry is the result of one drill with one alert design.
type Entry struct {
	Design    string                 `json:"design"`
	Drill     string                 `json:"drill"`
	Title     string                 `json:"title"`
	Control   bool                   `json:"control"`
	Problems  []string               `json:"problems"`
	Incidents []drill.IncidentResult `json:"incidents"`
	Score     drill.Score            `json:"score"`
}

// Of is what the record keeps of a result.
func Of(design string, r drill.Result) Entry {
	return Entry{Design: design, Drill: r.Drill, Title: r.Title, Control: r.Control, Problems: r.Problems, Incidents: r.Incidents, Score: r.Score}
}

// Result is the entry as a result that lacks everything else.
func (e Entry) Result() drill.Result {
	return drill.Result{
		Drill: e.Drill, Title: e.Title, Control: e.Control, Passed: len(e.Problems) == 0, Problems: e.Problems,
		Incidents: e.Incidents, Score: e.Score,
	}
}

// Record has at most one entry for a drill with a design.
type Record []Entry

// Read reads a record as Write writes it.
func Read(r io.Reader) (Record, error) {
	var record Record
	for dec := json.NewDecoder(r); ; {
		var e Entry
		err := dec.Decode(&e)
		if errors.Is(err, io.EOF) {
			return record, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read record of drills: %w", err)
		}
		record = append(record, e)
	}
}

// Write writes each entry as a JSON object on a line of its own.
func (r Record) Write(w io.Writer) error {
	buffered := bufio.NewWriter(w)
	enc := json.NewEncoder(buffered)
	enc.SetEscapeHTML(false)
	for _, e := range r {
		if err := enc.Encode(e); err != nil {
			return fmt.Errorf("write record of drills: %w", err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write record of drills: %w", err)
	}
	return nil
}

// Find returns the entry of a drill with a design.
func (r Record) Find(design, name string) (Entry, bool) {
	i := slices.IndexFunc(r, func(e Entry) bool { return e.Design == design && e.Drill == name })
	if i < 0 {
		return Entry{}, false
	}
	return r[i], true
}

// Results are those of one design, in the order of the record.
func (r Record) Results(design string) []drill.Result {
	var list []drill.Result
	for _, e := range r {
		if e.Design == design {
			list = append(list, e.Result())
		}
	}
	return list
}
