// Package boards has Grafana's boards as Go, one file for each board, and makes the
// JSON of them that package dashboards embeds. What is drawn as a threshold is read
// from the alerting rules, so that a rule and its board cannot differ. The package
// asks nobody and starts nothing.
package boards

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"goldensignals/alerts"
)

// all lists the boards, in the order in which people go through them.
func all() []func(*rules) board {
	return []func(*rules) board{golden, service, hosts, alerting, gameDay, budgets}
}

// Board is one dashboard.
type Board struct {
	Name      string // also its uid, and its file without ".json"
	Dashboard dashboard.Dashboard
	// Shown says of each panel, by its id, when there is something on it.
	Shown map[uint32]Shown
	// Variables and annotations, by name, likewise.
	Around map[string]Shown
}

// Shown is a moment in a drill at which something is to be seen.
type Shown struct {
	Drill   string        // of package drills
	At      time.Duration // since minute zero
	Service string        // that is chosen on the board; empty: the first one
	Live    bool          // after the drill was played live, to its end
	// History is how much healthy time goes before, if the drill's own is too short.
	History time.Duration
	// Calm is why it is well that all values are 0 even then; empty: one must not be.
	Calm string
}

// All makes all boards from the shipped rules. The error says which board names a
// rule that is not there.
func All() ([]Board, error) { return fromRules(alerts.FS()) }

func fromRules(fsys fs.FS) ([]Board, error) {
	r, err := readRules(fsys)
	if err != nil {
		return nil, err
	}
	var boards []Board
	for _, make := range all() {
		b := make(r)
		built, err := b.build(r)
		if err != nil {
			return nil, fmt.Errorf("board %s: %w", b.name, err)
		}
		boards = append(boards, built)
	}
	return boards, nil
}

// JSON returns the board as its file has it.
func (b Board) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(b.Dashboard, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode board %s: %w", b.Name, err)
	}
	return append(data, '\n'), nil
}
