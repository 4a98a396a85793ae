package lint

import (
	"errors"

	"goldensignals/internal/drill"
)

// drillParse wants drills that can be played.
func drillParse(in *input) []Finding {
	var found []Finding
	for _, d := range in.drills {
		if d.err == nil {
			continue
		}
		for _, err := range unjoin(d.err) {
			found = append(found, drillFinding(d.file, err))
		}
	}
	return found
}

func drillFinding(file string, err error) Finding {
	e, ok := errors.AsType[*drill.FileError](err)
	if !ok {
		return fault(file, 1, err.Error(), "correct the drill")
	}
	problem := e.Problem
	if e.Field != "" {
		problem = e.Field + ": " + problem
	}
	return fault(file, e.Line, problem, e.Remedy)
}
