package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/cli"
	"goldensignals/internal/dependency"
)

// dependencies holds the arguments of `gameday dependencies`.
type dependencies struct{ folder string }

func dependenciesCommand(app *kingpin.Application) command {
	var d dependencies
	c := app.Command("dependencies", "Write the inhibition rules that services.yaml asks for into alertmanager.yml, and "+dependency.RulesFile+" beside it.")
	c.Arg("folder", "Folder with services.yaml and alertmanager.yml.").Default(".").StringVar(&d.folder)
	return command{c, d.run}
}

func (d *dependencies) run(_ context.Context, stdout, _ io.Writer) error {
	in := func(name string) string { return filepath.Join(d.folder, name) }
	content, err := os.ReadFile(in("services.yaml"))
	if err != nil {
		return cli.WrongCall(fmt.Errorf("read who calls whom: %w; write services.yaml as in the folder alerts", err))
	}
	services, err := dependency.Parse(in("services.yaml"), content)
	if err != nil {
		return cli.WrongCall(err)
	}
	config, err := os.ReadFile(in("alertmanager.yml"))
	if err != nil {
		return cli.WrongCall(fmt.Errorf("read the inhibition rules: %w", err))
	}
	config, err = services.Insert(in("alertmanager.yml"), config)
	if err != nil {
		return cli.WrongCall(err)
	}
	return errors.Join(
		replace(in("alertmanager.yml"), config, stdout),
		replace(in(dependency.RulesFile), services.Rules(), stdout),
	)
}

// replace writes a file whose content is to change and says so.
func replace(name string, content []byte, stdout io.Writer) error {
	old, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err == nil && bytes.Equal(old, content) {
		fmt.Fprintf(stdout, "%s: as it was\n", name)
		return nil
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	fmt.Fprintf(stdout, "%s: written\n", name)
	return nil
}
