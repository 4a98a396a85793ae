// Package drills holds the drills that come with the platform, <name>.yaml, as
// embedded data. The commands list and run them; package internal/drill reads
// them. This package parses nothing and decides nothing.
package drills

import (
	"embed"
	"io/fs"
)

//go:embed *.yaml
var files embed.FS

// FS returns the drills at its root, one <name>.yaml for each. It is read-only
// and safe for concurrent use.
func FS() fs.FS { return files }
