package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/report"
)

var update = flag.Bool("update", false, "write the files under testdata anew")

// golden compares what write gives with a file under testdata, byte for byte.
func golden(t *testing.T, file string, write func(io.Writer) error) {
	t.Helper()
	var got bytes.Buffer
	if err := write(&got); err != nil {
		t.Fatalf("write %s: %v", file, err)
	}
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatalf("update %s: %v", path, err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read %s: %v; run the test with -update once", path, err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("%s (-want +got); if that is right, run the test with -update:\n%s", file, diff)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	results := samples(t)
	comparison := report.Compare(otherRules(t), results, "noisy", "calm")
	for file, write := range map[string]func(io.Writer) error{
		"table.txt":    func(w io.Writer) error { return report.Table(w, results) },
		"results.json": func(w io.Writer) error { return report.JSON(w, results) },
		"junit.xml":    func(w io.Writer) error { return report.JUnit(w, results) },
		"report.html":  func(w io.Writer) error { return report.HTML(w, results) },
		"compare.txt":  comparison.Table,
		"compare.json": comparison.JSON,
		"compare.html": comparison.HTML,
		"table.md":     func(w io.Writer) error { return report.Markdown(w, results) },
		"compare.md":   comparison.Markdown,
		"several.md":   func(w io.Writer) error { return report.ComparisonsMarkdown(w, several(t, results)) },
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			golden(t, file, write)
		})
	}
}

func TestJSONIsOneObjectPerLine(t *testing.T) {
	t.Parallel()
	results := samples(t)
	var b bytes.Buffer
	if err := report.JSON(&b, results); err != nil {
		t.Fatalf("JSON: %v", err)
	}
	var back []drill.Result
	for line := range strings.Lines(b.String()) {
		var r drill.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("unmarshal %q: %v", line, err)
		}
		back = append(back, r)
	}
	if diff := cmp.Diff(results, back); diff != "" {
		t.Errorf("results do not survive (-want +got):\n%s", diff)
	}
}

func TestJUnitCounts(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.JUnit(&b, samples(t)); err != nil {
		t.Fatalf("JUnit: %v", err)
	}
	var got struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Type    string `xml:"type,attr"`
					Message string `xml:"message,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("unmarshal: %v", err)
	}
	tests, failures := 0, 0
	var failed []string
	for _, s := range got.Suites {
		if s.Tests != len(s.Cases) {
			t.Errorf("a suite counts %d tests and has %d", s.Tests, len(s.Cases))
		}
		tests += s.Tests
		failures += s.Failures
		for _, c := range s.Cases {
			if c.Failure != nil {
				failed = append(failed, c.Name+": "+c.Failure.Type+": "+c.Failure.Message)
			}
		}
	}
	if got.Tests != 7 || tests != 7 || got.Failures != len(failed) || failures != len(failed) {
		t.Errorf("counts: %d and %d tests, %d and %d failures; want 7 and %d", got.Tests, tests, got.Failures, failures, len(failed))
	}
	want := []string{
		`products and checkout fail: late: Incident "products and checkout fail" was paged after 8m30s, by ShopErrorsFastBurn; it had to be within 5m.`,
		`checkout is slow: missed: Incident "checkout is slow" (40m to 1h) paged nobody, although of 48000 requests 0 failed and 9600 were slow.`,
		`no false pages: false page: 2 false pages, sent while no user was hurt: NodeBusy at 1h11m, NodeBusy at 1h15m.`,
		`no false pages: false page: 1 false page, sent while no user was hurt: ErrorsAtAll at 16m24s.`,
	}
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
}

// hostile is a result whose every text tries to break out.
func hostile(t *testing.T) drill.Result {
	t.Helper()
	s := paymentsErrors()
	const evil = `</title><script>alert("x")</script>` + "\x1b[2J\n"
	s.alerts = []drill.AlertSpan{muted(span(evil, evil, evil, 11, 12, 20), drill.Mute{From: at(13), By: drill.BySilence, Name: evil})}
	n := message(12, evil, "first notification")
	n.RunbookURL, n.Receiver = "javascript:alert(1)", evil
	s.messages = []drill.Notification{n}
	r := evaluate(t, s)
	r.Title, r.Incidents[0].Name, r.Problems = evil, evil, []string{evil}
	return r
}

func TestHTMLTrustsNobody(t *testing.T) {
	t.Parallel()
	var page, compared bytes.Buffer
	r := hostile(t)
	if err := report.HTML(&page, []drill.Result{r}); err != nil {
		t.Fatalf("HTML: %v", err)
	}
	if err := report.Compare([]drill.Result{r}, nil, "<b>", "").HTML(&compared); err != nil {
		t.Fatalf("HTML: %v", err)
	}
	for _, text := range []string{page.String(), compared.String()} {
		for _, bad := range []string{"<script", "<b>", `href="javascript`, `src=`, "@import", `href="http://`} {
			if strings.Contains(text, bad) {
				t.Errorf("the page contains %s", bad)
			}
		}
	}
}

func TestTableTrustsNobody(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.Table(&b, []drill.Result{hostile(t)}); err != nil {
		t.Fatalf("Table: %v", err)
	}
	if strings.ContainsRune(b.String(), '\x1b') {
		t.Error("an escape sequence reaches the terminal")
	}
	if n := strings.Count(b.String(), "alert(\"x\")"); n == 0 || strings.Contains(b.String(), "\n  \n") {
		t.Errorf("texts break lines:\n%s", b.String())
	}
}

func TestNothingToReport(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(io.Writer, []drill.Result) error{
		"table": report.Table, "JSON": report.JSON, "JUnit": report.JUnit, "HTML": report.HTML, "Markdown": report.Markdown,
	} {
		if err := write(io.Discard, nil); err != nil {
			t.Errorf("%s of no results: %v", name, err)
		}
		if err := write(io.Discard, []drill.Result{{Drill: "bare"}}); err != nil {
			t.Errorf("%s of a bare result: %v", name, err)
		}
	}
	if err := report.ComparisonsMarkdown(io.Discard, nil); err != nil {
		t.Errorf("Markdown of no comparisons: %v", err)
	}
	c := report.Compare(nil, nil, "", "")
	if diff := cmp.Diff([]string{"The two have no drill in common."}, c.Sentences); diff != "" || c.NameA != "A" || c.NameB != "B" {
		t.Errorf("comparison of nothing, %s and %s (-want +got):\n%s", c.NameA, c.NameB, diff)
	}
}

// fullDisk is a writer that fails.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteErrorsAreReported(t *testing.T) {
	t.Parallel()
	results := samples(t)
	c := report.Compare(results, results, "", "")
	for name, err := range map[string]error{
		"table": report.Table(fullDisk{}, results), "JSON": report.JSON(fullDisk{}, results), "JUnit": report.JUnit(fullDisk{}, results), "HTML": report.HTML(fullDisk{}, results),
		"compared table": c.Table(fullDisk{}), "compared JSON": c.JSON(fullDisk{}), "compared HTML": c.HTML(fullDisk{}),
		"Markdown": report.Markdown(fullDisk{}, results), "compared Markdown": c.Markdown(fullDisk{}),
	} {
		if err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%s to a full disk: %v", name, err)
		}
	}
}

func TestCompareSentences(t *testing.T) {
	t.Parallel()
	a, b := otherRules(t), samples(t)
	there := report.Compare(a, b, "", "")
	got := map[string]string{}
	for _, d := range there.Drills {
		got[d.Drill] = d.Sentence
	}
	want := map[string]string{
		"payments-errors": "B pages 6 minutes sooner (detected instead of late) and sends 6 fewer messages.",
		"two-outages":     `B pages 6m30s later (late instead of detected) for "products and checkout fail", misses what was detected for "checkout is slow" and sends 2 more false pages, 1 more extra page and 5 more messages.`,
		"healthy":         "No difference.",
		"another":         "Only A has this drill.",
		"blip":            "Only B has this drill.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sentences (-want +got):\n%s", diff)
	}
	same := report.Compare(a, a, "", "")
	if diff := cmp.Diff([]string{"No difference in what is compared."}, same.Sentences); diff != "" {
		t.Errorf("a set compared with itself (-want +got):\n%s", diff)
	}
	for _, d := range same.Drills {
		if !d.Same {
			t.Errorf("%s compared with itself: %s", d.Drill, d.Sentence)
		}
	}
	back := report.Compare(b, a, "", "")
	if s := back.Drills[0].Sentence; s != "B pages 6 minutes later (late instead of detected) and sends 6 more messages." {
		t.Errorf("the other way round: %s", s)
	}
}
