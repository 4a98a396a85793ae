// Package e2e plays the shipped drills, each once, and judges from that one replay all
// that shows in it: what people were told, what boards show, and what runbooks say that
// repair nothing. Runbooks with repairs, boards that need days of history, and other
// alert designs have replays of their own. By default it plays sentinels; TESTS=full
// plays everything. It links nothing that people look at, so that no changed page or
// README plays anything again.
package e2e

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"goldensignals/drills"
	"goldensignals/internal/bubble"
	"goldensignals/internal/drill"
	"goldensignals/internal/rehearsal"
	"goldensignals/internal/replay"
	"goldensignals/internal/tier"
)

// histories are those of all replays of this process.
var histories *replay.Histories

func TestMain(m *testing.M) {
	jobs := map[string]bubble.Job{watchJob: runWatchJob, showJob: runShowJob}
	maps.Copy(jobs, replay.Jobs())
	maps.Copy(jobs, rehearsal.Jobs())
	bubble.Child(jobs)
	os.Exit(withHistories(m.Run))
}

func withHistories(run func() int) int {
	dir, err := os.MkdirTemp("", "goldensignals-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "create folder of histories:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	histories = replay.NewHistories(dir)
	return run()
}

// sentinels are the drills of the default tier. Together they page with most of the
// shipped alerts; the last two are controls.
func sentinels() []string {
	return []string{
		"payments-slow", "queue-stall", "repaired", "traffic-loss", "robots", "shop-down", "nightly-batch", "blip",
	}
}

// played are the drills of this tier.
func played(t *testing.T) []string {
	t.Helper()
	return tier.Pick(t, sentinels(), shipped(t))
}

// shipped are all drills, the longest first, so that none is played alone at the end.
func shipped(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(drills.FS(), "*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("drills = %v, %v", files, err)
	}
	var all []*drill.Scenario
	for _, file := range files {
		s, err := scenario(strings.TrimSuffix(file, ".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b *drill.Scenario) int { return int(b.Duration - a.Duration) })
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// spec is the replay of a shipped drill.
func spec(name string) (replay.Spec, error) {
	content, err := fs.ReadFile(drills.FS(), name+".yaml")
	if err != nil {
		return replay.Spec{}, fmt.Errorf("read drill: %w", err)
	}
	return replay.Spec{File: "drills/" + name + ".yaml", Content: content, Seed: 1}, nil
}

func scenario(name string) (*drill.Scenario, error) {
	s, err := spec(name)
	if err != nil {
		return nil, err
	}
	return drill.Parse(s.File, s.Content)
}
