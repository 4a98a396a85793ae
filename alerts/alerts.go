// Package alerts holds the shop's alerting as data: the rules that Prometheus
// evaluates and the configuration that Alertmanager runs, embedded so that one
// binary carries them. The engines read the same files in all three ways to run.
// The package parses nothing and decides nothing.
package alerts

import (
	"embed"
	"io/fs"
)

//go:embed *.rules.yml alertmanager.yml
var files embed.FS

// FS returns the files at its root: every *.rules.yml and alertmanager.yml.
// It is read-only and safe for concurrent use.
func FS() fs.FS { return files }
