// Package designs holds alert designs to compare the shipped one with, each a
// folder of rules and, where it routes otherwise, an alertmanager.yml. README.md
// says what each teaches and how they score; go generate replays all drills with
// all of them and writes the figures anew. The package parses nothing and decides
// nothing.
package designs

import (
	"embed"
	"io/fs"
)

//go:generate go run goldensignals/designs/generate .

//go:embed README.md */README.md */*.rules.yml */alertmanager.yml
var files embed.FS

// FS returns a folder for each design at its root. It is read-only and safe for
// concurrent use.
func FS() fs.FS { return files }
