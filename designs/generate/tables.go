package main

import (
	"path/filepath"
	"strings"

	"goldensignals/internal/report"
	"goldensignals/internal/scorecard"
)

// table is a part of a page that is made from the record.
type table struct {
	section report.Section
	text    func(record scorecard.Record, designs []string) (string, error)
}

// tablesOf are those that the record of a folder is shown in.
func tablesOf(folder string) []table {
	const marker = "scorecard"
	return []table{
		{report.Section{File: filepath.Join(folder, "README.md"), Name: marker}, comparisons},
		{report.Section{File: filepath.Join(folder, "..", "README.md"), Name: marker}, shipped},
	}
}

// shipped shows all drills with the shipped design.
func shipped(record scorecard.Record, _ []string) (string, error) {
	var text strings.Builder
	err := report.Markdown(&text, record.Results(scorecard.Shipped))
	return text.String(), err
}

// comparisons compares the first design with each other one.
func comparisons(record scorecard.Record, designs []string) (string, error) {
	var list []report.Comparison
	for _, other := range designs[1:] {
		list = append(list, report.Compare(record.Results(designs[0]), record.Results(other), designs[0], other))
	}
	var text strings.Builder
	err := report.ComparisonsMarkdown(&text, list)
	return text.String(), err
}
