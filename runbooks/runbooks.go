// Package runbooks holds the runbook of every alert, named <AlertName>.md, as
// embedded data. Package internal/runbook reads it and the router serves it;
// this package parses nothing.
package runbooks

import (
	"embed"
	"io/fs"
)

//go:embed *.md
var files embed.FS

// FS returns the runbooks at its root, one <AlertName>.md for each alert.
// It is read-only and safe for concurrent use.
func FS() fs.FS { return files }
