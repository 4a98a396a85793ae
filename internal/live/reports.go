package live

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"goldensignals/internal/drill"
	"goldensignals/internal/report"
)

// saveReports writes the result of a drill that began at start into folder, in
// every form that people and programs read, and returns the files.
func saveReports(folder string, result drill.Result, start time.Time) ([]string, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("create folder for reports: %w", err)
	}
	base := filepath.Join(folder, result.Drill+"-"+start.UTC().Format("20060102T150405Z"))
	var (
		saved []string
		errs  []error
	)
	for _, form := range []struct {
		suffix string
		write  func(io.Writer, []drill.Result) error
	}{{".txt", report.Table}, {".json", report.JSON}, {".html", report.HTML}} {
		var b bytes.Buffer
		err := form.write(&b, []drill.Result{result})
		if err == nil {
			err = os.WriteFile(base+form.suffix, b.Bytes(), 0o644)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("save report: %w", err))
			continue
		}
		saved = append(saved, base+form.suffix)
	}
	return saved, errors.Join(errs...)
}
