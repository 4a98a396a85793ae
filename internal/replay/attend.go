package replay

import (
	"context"
	"errors"

	"goldensignals/internal/referee"
	"goldensignals/internal/stack"
)

var errAttended = errors.New("nobody looks any longer")

// Attend plays a scenario in virtual time as Run does, and calls look once its
// history is there, with what the referee plays it by: the APIs to ask, the services
// to repair, and minute zero, which may still be to come. The drill ends when look
// returns, and is not scored. It must be called inside a bubble: see package bubble.
func Attend(ctx context.Context, o Options, look func(context.Context, referee.Options) error) error {
	return o.afterHistory(ctx, func(ctx context.Context, _ *stack.Stack, game referee.Options) error {
		return alongside(ctx, game, func(ctx context.Context) error { return look(ctx, game) })
	})
}

// alongside calls do while the referee plays the drill, which ends when do returns.
func alongside(ctx context.Context, game referee.Options, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	played := make(chan error, 1)
	go func() {
		_, err := referee.Play(ctx, game)
		cancel(err)
		played <- err
	}()
	err := do(ctx)
	cancel(errAttended)
	if drill := <-played; err != nil || !errors.Is(context.Cause(ctx), errAttended) {
		return errors.Join(err, drill)
	}
	return nil
}
