// Package alerts holds the shop's alerting as data: the rules that Prometheus
// evaluates, the configuration that Alertmanager runs and the list of who calls
// whom, embedded so that one binary carries them. The engines read the same files in all three ways to run.
// The package parses nothing and decides nothing.
package alerts

import (
	"embed"
	"io/fs"
)

//go:generate go run goldensignals/cmd/gameday dependencies .

//go:embed *.rules.yml alertmanager.yml services.yaml
var files embed.FS

// FS returns the files at its root: every *.rules.yml, alertmanager.yml and
// services.yaml.
// It is read-only and safe for concurrent use.
func FS() fs.FS { return files }
