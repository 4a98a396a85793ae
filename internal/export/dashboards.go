package export

import (
	"encoding/json"
	"fmt"
	"io/fs"
)

// maxConfigMap is how much a ConfigMap may hold, in bytes.
const maxConfigMap = 1 << 20

// Dashboards writes one ConfigMap for each *.json at the root of fsys, with the label
// that Grafana's sidecar looks for. A board without a JSON text in it, or one that is
// too large for a ConfigMap, is an error that names its file.
func Dashboards(fsys fs.FS, meta Meta) ([]Document, error) {
	names, err := fs.Glob(fsys, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list dashboards: %w", err)
	}
	var docs []Document
	for _, file := range names {
		doc, err := dashboard(fsys, file, meta)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

func dashboard(fsys fs.FS, file string, meta Meta) (Document, error) {
	content, err := fs.ReadFile(fsys, file)
	if err != nil {
		return Document{}, fmt.Errorf("read dashboard: %w", err)
	}
	if !json.Valid(content) {
		return Document{}, fmt.Errorf("dashboard %s: it is no JSON", file)
	}
	if len(content) >= maxConfigMap {
		return Document{}, fmt.Errorf("dashboard %s: %d bytes are more than a ConfigMap holds (%d); split the board", file, len(content), maxConfigMap)
	}
	name, err := resourceName(file, "")
	if err != nil {
		return Document{}, fmt.Errorf("dashboard %w", err)
	}
	return document("dashboard-"+stem(file, "")+".yaml", resource{
		APIVersion: "v1", Kind: "ConfigMap",
		Metadata: meta.metadata(name, map[string]string{"grafana_dashboard": "1"}),
		Data:     map[string]string{file: string(content)},
	})
}
