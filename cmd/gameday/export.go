package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/alerts"
	"goldensignals/dashboards"
	"goldensignals/internal/cli"
	"goldensignals/internal/engine"
	"goldensignals/internal/export"
)

// exportCall holds the flags of `gameday export`.
type exportCall struct {
	namespace    string
	labels       map[string]string
	into         string
	rules        []string
	alertmanager string
	dashboards   string
	interval     time.Duration
	scraped      []string
	bases        export.Bases
}

func exportCommand(app *kingpin.Application) command {
	e := exportCall{labels: map[string]string{}} // kingpin fills a map, it makes none
	c := app.Command("export", "Write rules, Alertmanager's configuration, scraping and boards as resources of the Prometheus Operator.")
	c.Flag("namespace", "Namespace of the resources; empty for none.").Default("golden-signals").StringVar(&e.namespace)
	c.Flag("label", "Label of every resource, such as what your Prometheus selects by. Repeatable.").PlaceHolder("NAME=VALUE").StringMapVar(&e.labels)
	c.Flag("into", "Folder that they are written into, one file each, with a kustomization.yaml; instead of standard output.").PlaceHolder("FOLDER").StringVar(&e.into)
	c.Flag("rules", "Rule file, or a folder of them, instead of the shipped rules. Repeatable.").PlaceHolder("PATH").StringsVar(&e.rules)
	c.Flag("alertmanager", "Alertmanager configuration instead of the shipped one.").PlaceHolder("FILE").StringVar(&e.alertmanager)
	c.Flag("dashboards", "Folder of Grafana boards (*.json) instead of the shipped ones.").PlaceHolder("FOLDER").StringVar(&e.dashboards)
	c.Flag("scrape-interval", "How often targets are scraped.").Default("15s").DurationVar(&e.interval)
	c.Flag("scrape-namespace", "Namespace of the Services that are scraped, if it is another. Repeatable.").PlaceHolder("NAME").StringsVar(&e.scraped)
	c.Flag("runbook-base", "Where people find runbooks; written into the rules instead of {{ $externalLabels.runbook_base }}.").PlaceHolder("URL").StringVar(&e.bases.Runbooks)
	c.Flag("dashboard-base", "Where people find boards; written into the rules instead of {{ $externalLabels.dashboard_base }}.").PlaceHolder("URL").StringVar(&e.bases.Dashboards)
	c.Flag("keep-external-labels", "Leave these two in the rules, because Prometheus has the external labels.").BoolVar(&e.bases.Keep)
	return command{c, e.run}
}

func (e *exportCall) run(_ context.Context, stdout, _ io.Writer) error {
	docs, err := e.documents()
	if err != nil {
		return cli.WrongCall(err)
	}
	if e.into == "" {
		_, err := stdout.Write(export.Join(docs))
		return err
	}
	list, err := export.Kustomization(docs)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(e.into, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	for _, d := range append(docs, list) {
		if err := replace(filepath.Join(e.into, d.File), d.Body, stdout); err != nil {
			return err
		}
	}
	return nil
}

// documents are all that is exported; whatever is wrong is for the caller to mend.
func (e *exportCall) documents() ([]export.Document, error) {
	meta := export.Meta{Namespace: e.namespace, Labels: e.labels}
	if err := errors.Join(meta.Validate(), e.bases.Validate()); err != nil {
		return nil, err
	}
	rules, err := e.ruleDocuments(meta)
	if err != nil {
		return nil, err
	}
	config, err := e.alertmanagerDocument(meta)
	if err != nil {
		return nil, err
	}
	monitors, err := export.Monitors{Interval: e.interval, Namespaces: e.scraped}.Document(meta)
	if err != nil {
		return nil, err
	}
	boards, err := e.dashboardDocuments(meta)
	return slices.Concat(rules, []export.Document{config, monitors}, boards), err
}

func (e *exportCall) ruleDocuments(meta export.Meta) ([]export.Document, error) {
	source := engine.RulesFromFS(alerts.FS())
	if len(e.rules) > 0 {
		source = engine.RulesFromPaths(e.rules...)
	}
	files, err := source()
	if err != nil {
		return nil, err
	}
	docs, err := export.Rules(files, e.bases, meta)
	if missing, ok := errors.AsType[*export.MissingBaseError](err); ok {
		flag := map[string]string{"runbook_base": "--runbook-base", "dashboard_base": "--dashboard-base"}[missing.Label]
		return nil, fmt.Errorf("%w; give %s=URL, or --keep-external-labels if your Prometheus has it in externalLabels", err, flag)
	}
	return docs, err
}

func (e *exportCall) alertmanagerDocument(meta export.Meta) (export.Document, error) {
	const shipped = "alertmanager.yml"
	name, read := shipped, func() ([]byte, error) { return fs.ReadFile(alerts.FS(), shipped) }
	if e.alertmanager != "" {
		name, read = e.alertmanager, func() ([]byte, error) { return os.ReadFile(e.alertmanager) }
	}
	content, err := read()
	if err != nil {
		return export.Document{}, fmt.Errorf("read alertmanager configuration: %w", err)
	}
	return export.Alertmanager(name, content, meta)
}

func (e *exportCall) dashboardDocuments(meta export.Meta) ([]export.Document, error) {
	if e.dashboards == "" {
		return export.Dashboards(dashboards.FS(), meta)
	}
	if info, err := os.Stat(e.dashboards); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("--dashboards=%s: there is no such folder", e.dashboards)
	}
	docs, err := export.Dashboards(os.DirFS(e.dashboards), meta)
	if err == nil && len(docs) == 0 {
		err = fmt.Errorf("--dashboards=%s: there is no board (*.json) in it", e.dashboards)
	}
	return docs, err
}
