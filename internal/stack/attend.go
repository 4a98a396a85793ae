package stack

import (
	"context"
	"errors"
	"net/http"
	"time"

	"goldensignals/internal/referee"
)

var errAttended = errors.New("nobody looks any longer")

// Attend plays a scenario in virtual time as Replay does, and calls look once its
// history is there: with everything at one address, as people have it, and with
// minute zero, which may still be to come. The drill ends when look returns, and
// is not scored. It must be called inside a bubble: see package bubble.
func Attend(ctx context.Context, o ReplayOptions, look func(ctx context.Context, h http.Handler, start time.Time) error) error {
	return o.afterHistory(ctx, func(ctx context.Context, s *Stack, game referee.Options) error {
		return alongside(ctx, game, errAttended, func(ctx context.Context) error {
			return look(ctx, s.Handler(), game.Start)
		})
	})
}
