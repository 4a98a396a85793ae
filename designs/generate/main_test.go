package main

import (
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"goldensignals/drills"
	"goldensignals/internal/bubble"
	"goldensignals/internal/replay"
	"goldensignals/internal/scorecard"
)

func TestMain(m *testing.M) {
	bubble.Child(replay.Jobs())
	os.Exit(m.Run())
}

// folder is that of the designs, from here.
const folder = ".."

func shippedRecord(t *testing.T) scorecard.Record {
	t.Helper()
	record, err := readRecord(filepath.Join(folder, recordFile))
	if err != nil || len(record) == 0 {
		t.Fatalf("the record has %d results, %v; run: go generate ./designs", len(record), err)
	}
	return record
}

// TestTablesShowTheRecord: what the READMEs say is what was played.
func TestTablesShowTheRecord(t *testing.T) {
	t.Parallel()
	record := shippedRecord(t)
	for _, table := range tablesOf(folder) {
		got, err := table.section.Text()
		if err != nil {
			t.Fatal(err)
		}
		want, err := table.text(record, designs())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Trim(want, "\n"), got); diff != "" {
			t.Errorf("%s is old; run: go generate ./designs (-of the record +of the page):\n%s", table.section.File, diff)
		}
	}
}

// TestRecordIsComplete: every drill is on record with every design, and nothing else.
func TestRecordIsComplete(t *testing.T) {
	t.Parallel()
	var got, want []string
	for _, e := range shippedRecord(t) {
		got = append(got, run{e.Design, e.Drill}.String())
	}
	runs, err := theater{designs: designs(), drills: drills.FS()}.runs()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		want = append(want, r.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs on record; run: go generate ./designs (-want +got):\n%s", diff)
	}
}

func TestEveryDesignIsPlayed(t *testing.T) {
	t.Parallel()
	rules, err := filepath.Glob(filepath.Join(folder, "*", "*.rules.yml"))
	if err != nil || len(rules) == 0 {
		t.Fatalf("Glob = %v, %v", rules, err)
	}
	for _, file := range rules {
		if design := filepath.Base(filepath.Dir(file)); !slices.Contains(designs(), design) {
			t.Errorf("the tables lack the design %s; add it to designs()", design)
		}
	}
}

// quiet is a drill that replays quickly.
const quiet = `name: NAME
title: A quiet while
history: 0s
duration: 5m
load: {rps: 1, shape: constant}
`

const (
	begin = "<!-- gameday:scorecard -->\n"
	end   = "<!-- /gameday:scorecard -->\n"
)

// testTheater is one of two drills and the designs shipped and loud, which pages in
// minute 3.
func testTheater(t *testing.T) theater {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"README.md":                  "# All\n" + begin + end,
		"designs/README.md":          "# Designs\n" + begin + "old\n" + end + "below\n",
		"designs/loud/all.rules.yml": "groups: [{name: all, rules: [{alert: Loud, expr: vector(1) and on () minute() >= 3, labels: {severity: critical}}]}]\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	two := fstest.MapFS{}
	for _, name := range []string{"one", "two"} {
		two[name+".yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(quiet, "NAME", name, 1))}
	}
	return theater{folder: filepath.Join(root, "designs"), designs: []string{scorecard.Shipped, "loud"}, drills: two, procs: 2, log: log.New(t.Output(), "", 0)}
}

// TestGenerate plays two drills with two designs, then one of them again.
func TestGenerate(t *testing.T) {
	t.Parallel()
	th := testTheater(t)
	if err := generate(t.Context(), th, regexp.MustCompile("")); err != nil {
		t.Fatal(err)
	}
	first := contents(t, th)
	for file, want := range map[string][]string{
		"README.md":               {"# All\n" + begin, "| A quiet while (`one`) | (control) | ✓ quiet |", "2 passed of 2 drills", end},
		"designs/README.md":       {"# Designs\n" + begin, "| pages | 0 | 2 |", "loud does worse in 2 drills", end + "below\n"},
		"designs/scorecard.jsonl": {`"design":"alerts","drill":"one"`, `"design":"alerts","drill":"two"`, `"design":"loud","drill":"one"`, `"design":"loud","drill":"two"`},
	} {
		rest := first[file]
		for _, w := range want {
			before, after, ok := strings.Cut(rest, w)
			if !ok {
				t.Fatalf("%s lacks %q, or has it in the wrong place:\n%s%s", file, w, before, after)
			}
			rest = after
		}
	}

	silent := "groups: [{name: all, rules: [{alert: Silent, expr: vector(0) > 0, labels: {severity: critical}}]}]\n"
	if err := os.WriteFile(filepath.Join(th.folder, "loud", "all.rules.yml"), []byte(silent), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := generate(t.Context(), th, regexp.MustCompile("^loud/two$")); err != nil {
		t.Fatal(err)
	}
	again := contents(t, th)
	if again["README.md"] != first["README.md"] || !strings.Contains(again["designs/README.md"], "| pages | 0 | 1 |") {
		t.Errorf("one drill was played again with rules that do not page any more:\n%s", again["designs/README.md"])
	}
}

// contents are the files that are made.
func contents(t *testing.T, th theater) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{"README.md", "designs/README.md", "designs/scorecard.jsonl"} {
		content, err := os.ReadFile(filepath.Join(th.folder, "..", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(content)
	}
	return files
}

// TestGenerateWritesNothingUnlessAllIsWell: half a record would be taken for whole.
func TestGenerateWritesNothingUnlessAllIsWell(t *testing.T) {
	t.Parallel()
	th := testTheater(t)
	th.designs = append(th.designs, "none")
	if err := generate(t.Context(), th, regexp.MustCompile("one$")); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("generate = %v, want an error that names the design none", err)
	}
	if _, err := os.Stat(filepath.Join(th.folder, recordFile)); err == nil {
		t.Error("there is a record")
	}
}
