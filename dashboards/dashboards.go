// Package dashboards embeds Grafana's boards as JSON, for whoever hands them to a
// Grafana. Package boards makes them.
package dashboards

import (
	"embed"
	"io/fs"
)

//go:generate go run goldensignals/dashboards/generate .

//go:embed *.json
var files embed.FS

// FS returns the boards as Grafana reads them: <name>.json of each, at its root.
// It is read-only and safe for concurrent use.
func FS() fs.FS { return files }
