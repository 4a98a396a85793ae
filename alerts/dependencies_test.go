package alerts_test

import (
	"io/fs"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/alerts"
	"goldensignals/internal/dependency"
	"goldensignals/internal/shop"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(alerts.FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestDependenciesAreThoseOfTheShop keeps services.yaml from telling what was
// true once, and what is generated from it from being forgotten.
func TestDependenciesAreThoseOfTheShop(t *testing.T) {
	t.Parallel()
	services, err := dependency.Parse("services.yaml", read(t, "services.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shop.Names(), services.Services()); diff != "" {
		t.Errorf("services (-shop +services.yaml):\n%s", diff)
	}
	for service, calls := range shop.Dependencies() {
		got := services.Calls(service)
		slices.Sort(got)
		slices.Sort(calls)
		if diff := cmp.Diff(calls, got); diff != "" {
			t.Errorf("calls of %s (-shop +services.yaml):\n%s", service, diff)
		}
	}
	err = services.Check("alertmanager.yml", read(t, "alertmanager.yml"), dependency.RulesFile, read(t, dependency.RulesFile))
	if err != nil {
		t.Errorf("%v; or \"go generate ./alerts\"", err)
	}
}
