package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	amconfig "github.com/prometheus/alertmanager/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// RuleFiles are parsed rule files by the name people know them by. The name
// also seeds a group's evaluation offset, so it must not vary between runs.
type RuleFiles map[string]*rulefmt.RuleGroups

// RuleSource reads rule files afresh at each call.
type RuleSource func() (RuleFiles, error)

// Config is a parsed Alertmanager configuration.
type Config = amconfig.Config

// ConfigSource reads an Alertmanager configuration afresh at each call.
type ConfigSource func() (*Config, error)

// RulesFromFS reads every *.rules.yml at the root of fsys.
func RulesFromFS(fsys fs.FS) RuleSource {
	return func() (RuleFiles, error) {
		names, err := fs.Glob(fsys, "*.rules.yml")
		if err != nil {
			return nil, fmt.Errorf("list rule files: %w", err)
		}
		return readRules(names, func(name string) ([]byte, error) { return fs.ReadFile(fsys, name) })
	}
}

// RulesFromPaths reads rule files; a folder stands for the *.yml and *.yaml
// files in it that hold rule groups (an alertmanager.yml is left out).
func RulesFromPaths(paths ...string) RuleSource {
	return func() (RuleFiles, error) {
		var names []string
		for _, p := range paths {
			found, err := ruleFilesAt(p)
			if err != nil {
				return nil, err
			}
			names = append(names, found...)
		}
		return readRules(names, os.ReadFile)
	}
}

func ruleFilesAt(p string) ([]string, error) {
	info, err := os.Stat(p)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	if !info.IsDir() {
		return []string{p}, nil
	}
	entries, err := os.ReadDir(p)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() && isRuleFile(entry.Name()) {
			names = append(names, filepath.Join(p, entry.Name()))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("read rules: no .yml or .yaml rule file in folder %s", p)
	}
	return names, nil
}

// isRuleFile leaves out the files that, by the field's naming, live beside
// rules: Alertmanager's configuration and promtool's unit tests.
func isRuleFile(name string) bool {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	return (ext == ".yml" || ext == ".yaml") && stem != "alertmanager" && stem != "services" && !strings.HasSuffix(stem, "_test")
}

func readRules(names []string, read func(string) ([]byte, error)) (RuleFiles, error) {
	if len(names) == 0 {
		return nil, errors.New("read rules: no rule files given")
	}
	files := RuleFiles{}
	var errs []error
	for _, name := range names {
		content, err := read(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("read rules: %w", err))
			continue
		}
		groups, parseErrs := rulefmt.Parse(content, false, model.UTF8Validation, newParser(), slog.New(slog.DiscardHandler))
		for _, err := range parseErrs {
			errs = append(errs, fmt.Errorf("rule file %s: %w", name, err))
		}
		// By its base name, wherever the folder lies: the name decides when
		// within an interval a group is evaluated.
		key := filepath.Base(name)
		if _, taken := files[key]; taken {
			key = name
		}
		files[key] = groups
	}
	return files, errors.Join(errs...)
}

// ConfigFromFS reads an Alertmanager configuration without templates.
func ConfigFromFS(fsys fs.FS, name string) ConfigSource {
	return func() (*Config, error) {
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read alertmanager configuration: %w", err)
		}
		return named(name)(amconfig.Load(string(content)))
	}
}

// ConfigFromFile reads an Alertmanager configuration; templates are found
// relative to it, as Alertmanager does.
func ConfigFromFile(name string) ConfigSource {
	return func() (*Config, error) { return named(name)(amconfig.LoadFile(name)) }
}

func named(name string) func(*Config, error) (*Config, error) {
	return func(c *Config, err error) (*Config, error) {
		if err != nil {
			return nil, fmt.Errorf("alertmanager configuration %s: %w", name, err)
		}
		return c, nil
	}
}

func newParser() parser.Parser { return parser.NewParser(parser.Options{}) }

// groupLoader hands parsed rule files to the rule manager, which asks for
// them by name.
type groupLoader struct {
	parser *RuleParser
	files  func() RuleFiles
}

func (l groupLoader) Load(name string, _ bool, _ model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	groups, ok := l.files()[name]
	if !ok {
		return nil, []error{fmt.Errorf("rule file %s is not loaded", name)}
	}
	return groups, nil
}

func (l groupLoader) Parse(query string) (parser.Expr, error) { return l.parser.ParseRule(query) }

func (f RuleFiles) names() []string { return slices.Sorted(maps.Keys(f)) }
