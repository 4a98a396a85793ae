package deploy_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// stage is one image of the Dockerfile, with the instructions in it.
type stage struct {
	name, from string
	lines      [][2]string // instruction and the rest, continued lines joined
}

func stages(t *testing.T) []stage {
	t.Helper()
	var list []stage
	text := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(read(t, "../Dockerfile"), "")
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		word, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case !ok:
		case word == "FROM":
			from, name, named := strings.Cut(rest, " AS ")
			if !named {
				t.Errorf("FROM %s has no name", from)
			}
			list = append(list, stage{name: name, from: from})
		case len(list) > 0:
			last := &list[len(list)-1]
			last.lines = append(last.lines, [2]string{word, strings.TrimSpace(rest)})
		}
	}
	return list
}

// user is whom a stage ends as.
func user(list []stage, name string) string {
	i := slices.IndexFunc(list, func(s stage) bool { return s.name == name })
	if i < 0 {
		return ""
	}
	for _, line := range slices.Backward(list[i].lines) {
		if line[0] == "USER" {
			return line[1]
		}
	}
	return user(list, list[i].from)
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	list := stages(t)
	for _, s := range list {
		for _, line := range s.lines {
			checkInstruction(t, s.name, line[0], line[1])
		}
		if s.name != "build" && user(list, s.name) != "65532:65532" {
			t.Errorf("%s runs as %q, want 65532:65532", s.name, user(list, s.name))
		}
	}
	for name, service := range load(t, "*").Services {
		if b := service.Build; b != nil && !slices.ContainsFunc(list, func(s stage) bool { return s.name == b.Target }) {
			t.Errorf("%s is built of %q, which the Dockerfile does not have", name, b.Target)
		}
	}
}

func checkInstruction(t *testing.T, stage, word, rest string) {
	t.Helper()
	switch {
	case word == "ADD":
		t.Errorf("%s: ADD fetches and unpacks; use COPY", stage)
	case word == "ENTRYPOINT" && !strings.HasPrefix(rest, "["):
		t.Errorf("%s: the shell would stand between signals and the program: ENTRYPOINT %s", stage, rest)
	case word == "WORKDIR" && !strings.HasPrefix(rest, "/"):
		t.Errorf("%s: WORKDIR %s is relative", stage, rest)
	case word != "RUN" && word != "COPY":
	case strings.Contains(rest, "--mount"), strings.Contains(rest, "--link"), strings.Contains(rest, "<<"):
		t.Errorf("%s: Docker 20.10 cannot do this: %s %s", stage, word, rest)
	case strings.Contains(rest, "apt-get install"):
		checkPackages(t, stage, rest)
	case strings.Contains(rest, "sudo"), strings.Contains(rest, "curl"), strings.Contains(rest, "wget"):
		t.Errorf("%s: what is fetched without a version and a sum changes: %s", stage, rest)
	}
}

func checkPackages(t *testing.T, stage, run string) {
	t.Helper()
	for _, want := range []string{"apt-get update", "-y", "--no-install-recommends", "rm -rf /var/lib/apt/lists/*"} {
		if !strings.Contains(run, want) {
			t.Errorf("%s: RUN %s lacks %s", stage, run, want)
		}
	}
	_, packages, _ := strings.Cut(run, "--no-install-recommends")
	packages, _, _ = strings.Cut(packages, "&&")
	for _, p := range strings.Fields(packages) {
		if !strings.Contains(p, "=") {
			t.Errorf("%s: package %s has no version", stage, p)
		}
	}
}

// TestNothingElseMakesImagesAnew: what Go compiles is sent to the builder, and no more.
func TestNothingElseMakesImagesAnew(t *testing.T) {
	t.Parallel()
	lines := strings.Fields(regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(read(t, "../.dockerignore"), ""))
	if len(lines) == 0 || lines[0] != "*" {
		t.Fatalf(".dockerignore begins with %q, want * and exceptions", lines)
	}
	for _, want := range []string{"!go.mod", "!go.sum", "!cmd", "!internal", "!alerts", "!runbooks", "!drills", "!dashboards", "**/*_test.go"} {
		if !slices.Contains(lines, want) {
			t.Errorf(".dockerignore lacks %s", want)
		}
	}
}
