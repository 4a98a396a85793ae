package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kingpin/v2"

	"goldensignals/internal/replay"
)

// cacheFlags say whether histories are kept from call to call.
type cacheFlags struct{ off bool }

func (f *cacheFlags) add(c *kingpin.CmdClause) {
	c.Flag("no-cache", "Neither use nor keep the healthy histories in your cache folder, which calls share.").BoolVar(&f.off)
}

// use calls do with the histories. Where they cannot be kept, they last as long as do.
func (f *cacheFlags) use(do func(*replay.Histories) error) error {
	if dir, err := replay.DefaultHistoriesDir(); err == nil && !f.off {
		return do(replay.NewHistories(dir))
	}
	dir, err := os.MkdirTemp("", "goldensignals-")
	if err != nil {
		return fmt.Errorf("create temporary folder of histories: %w", err)
	}
	return errors.Join(do(replay.NewHistories(dir)), os.RemoveAll(dir))
}
