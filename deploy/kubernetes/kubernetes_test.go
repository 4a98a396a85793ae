package kubernetes_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"goldensignals/internal/router/policy"
	"goldensignals/internal/router/setup"
)

// TestRouterConfiguration checks the file in the router's ConfigMap as
// alertrouter --config.check does. That the rest is what a cluster takes is tested in
// tools/kubernetes.
func TestRouterConfiguration(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("alertrouter.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var first struct {
		Kind string
		Data map[string]string
	}
	if err := yaml.NewDecoder(bytes.NewReader(content)).Decode(&first); err != nil {
		t.Fatal(err)
	}
	text, ok := first.Data["alertrouter.yml"]
	if first.Kind != "ConfigMap" || !ok {
		t.Fatalf("alertrouter.yaml begins with a %s that holds no alertrouter.yml", first.Kind)
	}
	file := filepath.Join(t.TempDir(), "alertrouter.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := policy.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := setup.Check(p); err != nil {
		t.Error(err)
	}
}
