package report_test

import (
	"os"
	"path/filepath"
	"testing"

	"goldensignals/internal/report"
)

func TestSectionIsReplaced(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- gameday:scorecard -->", "<!-- /gameday:scorecard -->"
	tests := []struct{ name, before, after string }{
		{"for the first time", "# Title\n" + begin + "\n" + end + "\nbelow\n", "# Title\n" + begin + "\n\nnew\n\n" + end + "\nbelow\n"},
		{"again", begin + "\n\nold | old\nold\n\n" + end + "\n", begin + "\n\nnew\n\n" + end + "\n"},
		{"beside others, and mentions", "In `" + begin + "`.\n<!-- gameday:other -->\n" + begin + "\nold\n" + end, "In `" + begin + "`.\n<!-- gameday:other -->\n" + begin + "\n\nnew\n\n" + end},
	}
	for _, tt := range tests {
		s := report.Section{File: filepath.Join(t.TempDir(), "page.md"), Name: "scorecard"}
		if err := os.WriteFile(s.File, []byte(tt.before), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time it changes nothing
			if err := s.Replace("new\n"); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			got, err := os.ReadFile(s.File)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.after {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.after)
			}
			if text, err := s.Text(); err != nil || text != "new" {
				t.Errorf("%s: Text = %q, %v; want what was written", tt.name, text, err)
			}
		}
	}
}
