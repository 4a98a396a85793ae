package replay

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"goldensignals/internal/drill"
	"goldensignals/internal/referee"
)

// Observer watches a drill while the referee plays it to its end: it waits for its
// moments, asks the APIs, and changes nothing. It is called once the history is there:
// minute zero may be to come, or past after a late start. It must return before the drill
// ends. Its error ends the replay.
type Observer func(ctx context.Context, game referee.Options) error

var errDrillEnded = errors.New("the drill has ended before its observer was done")

// playWatched plays a drill while its observers watch.
func (o Options) playWatched(ctx context.Context, game referee.Options) (drill.Run, error) {
	watchers, playing := errgroup.WithContext(ctx)
	watching, end := context.WithCancelCause(playing)
	for _, watch := range o.Observers {
		watchers.Go(func() error { return watch(watching, game) })
	}
	run, err := referee.Play(playing, game)
	end(errDrillEnded)
	if watched := watchers.Wait(); err == nil {
		err = watched
	}
	return run, err
}
