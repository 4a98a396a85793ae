package lint_test

import (
	"io/fs"
	"testing"

	"goldensignals/alerts"
	"goldensignals/internal/lint"
)

// FuzzRun feeds every check with files that are nearly right.
func FuzzRun(f *testing.F) {
	names, err := fs.Glob(alerts.FS(), "*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		content, err := fs.ReadFile(alerts.FS(), name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
	f.Add(routes("  routes: [null]\n"))
	f.Add(inhibition("null", "{}"))
	f.Add(group(alert("A", "info", "'x''' + up"), alert("B", "info", ">\n      a\n\n      b")))
	f.Add("groups: &g\n  <<: *g\n")
	f.Add("groups:\n- name: g\n  rules:\n  - alert: A\n - b]\n  c: [}\n")
	f.Fuzz(func(t *testing.T, text string) {
		in := files{"a.rules.yml": text, "am.yml": "# route\n" + text, "books/A.md": text, "d.yaml": text}
		for _, finding := range lint.Run(in.find(t), lint.Options{}) {
			if finding.Line < 1 || finding.Problem == "" || finding.Remedy == "" {
				t.Errorf("finding %+v lacks a line, a problem or a remedy", finding)
			}
		}
	})
}
