package stack_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"testing"
	"testing/synctest"

	"goldensignals/drills"
	"goldensignals/internal/drill"
	"goldensignals/internal/stack"
)

func scenario(t *testing.T, name string) *drill.Scenario {
	t.Helper()
	content, err := fs.ReadFile(drills.FS(), name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := drill.Parse(name+".yaml", content)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReplay(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	name := os.Getenv("DRILL")
	if name == "" {
		name = "payments-errors"
	}
	synctest.Test(t, func(t *testing.T) {
		result, err := stack.Replay(t.Context(), stack.ReplayOptions{Scenario: scenario(t, name), Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		result.Timeline = drill.Timeline{}
		b, _ := json.MarshalIndent(result, "", " ")
		t.Logf("%s", b)
	})
}
