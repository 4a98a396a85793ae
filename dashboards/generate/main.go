// Command generate writes the boards as JSON into the folder that it is given.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"goldensignals/dashboards/boards"
)

func main() {
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(args []string) error {
	if len(args) != 1 {
		return errors.New("want one argument, the folder for the boards")
	}
	list, err := boards.All()
	if err != nil {
		return err
	}
	for _, b := range list {
		data, err := b.JSON()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(args[0], b.Name+".json"), data, 0o644); err != nil {
			return fmt.Errorf("write board: %w", err)
		}
	}
	return nil
}
