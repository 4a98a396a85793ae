package drills_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/drills"
	"goldensignals/internal/drill"
	"goldensignals/internal/shop"
)

func parseAll(t *testing.T) map[string]*drill.Scenario {
	t.Helper()
	names, err := fs.Glob(drills.FS(), "*.yaml")
	if err != nil {
		t.Fatalf("list drills: %v", err)
	}
	all := map[string]*drill.Scenario{}
	for _, name := range names {
		content, err := fs.ReadFile(drills.FS(), name)
		if err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		s, err := drill.Parse("drills/"+name, content)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		all[name] = s
	}
	return all
}

func TestDrills(t *testing.T) {
	t.Parallel()
	controls := 0
	all := parseAll(t)
	for file, s := range all {
		if file != s.Name+".yaml" {
			t.Errorf("%s holds the drill %s; name the file after it", file, s.Name)
		}
		if s.Title == s.Name || s.Brief == "" {
			t.Errorf("%s: a drill for people needs a title and a brief", file)
		}
		if s.Control() {
			controls++
		}
		for _, inc := range s.Incidents {
			if s.Duration < inc.To+drill.Grace {
				t.Errorf("%s: the drill ends before the pages of %q are told from false ones", file, inc.Name)
			}
		}
	}
	if len(all) < 10 || controls < 3 {
		t.Errorf("%d drills, %d controls; want at least 10 and 3", len(all), controls)
	}
}

// TestBriefsNameNoFault keeps the briefs from telling players what to find out.
func TestBriefsNameNoFault(t *testing.T) {
	t.Parallel()
	words := regexp.MustCompile(`[a-z]+`)
	for file, s := range parseAll(t) {
		used := map[string]bool{}
		for _, w := range words.FindAllString(strings.ToLower(s.Brief), -1) {
			used[w] = true
		}
		for _, service := range []string{"auth", "orders", "payments"} { // everybody speaks of the shop
			if used[service] {
				t.Errorf("%s: the brief names the service %s", file, service)
			}
		}
		for _, step := range s.Timeline {
			if step.Fault != nil && used[step.Fault.Kind] {
				t.Errorf("%s: the brief names the fault %s", file, step.Fault.Kind)
			}
		}
	}
}

// TestServices keeps the services that a drill may aim at the same as those of
// the shop.
func TestServices(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(shop.Names(), drill.Services()); diff != "" {
		t.Errorf("services of the shop and of drills (-shop +drill):\n%s", diff)
	}
}
