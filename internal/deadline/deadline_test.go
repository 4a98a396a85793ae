package deadline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"goldensignals/internal/deadline"
)

func TestSleep(t *testing.T) {
	t.Parallel()
	type kind = func(context.Context) context.Context
	own := func(limit time.Duration) kind {
		return func(ctx context.Context) context.Context {
			return new(deadline.Sleeper).With(ctx, time.Now().Add(limit))
		}
	}
	plain := func(ctx context.Context) context.Context { return ctx }
	tests := []struct {
		name   string
		make   kind
		inner  time.Duration // limit of a context made of it; 0: none
		cancel time.Duration // when the outermost is cancelled; 0: never
		sleep  time.Duration
		want   bool
		after  time.Duration
		err    error
	}{
		{"in time", own(time.Minute), 0, 0, time.Second, true, time.Second, nil},
		{"nothing", own(time.Minute), 0, 0, 0, true, 0, nil},
		{"cut by its limit", own(time.Second), 0, 0, time.Minute, false, time.Second, context.DeadlineExceeded},
		{"exactly its limit", own(time.Second), 0, 0, time.Second, false, time.Second, context.DeadlineExceeded},
		{"limit has passed", own(-time.Second), 0, 0, time.Second, false, 0, context.DeadlineExceeded},
		{"cut by the inner limit", own(time.Minute), time.Second, 0, time.Hour, false, time.Second, context.DeadlineExceeded},
		{"cut by the outer limit", own(time.Second), time.Minute, 0, time.Hour, false, time.Second, context.DeadlineExceeded},
		{"cancelled", own(time.Minute), time.Minute, time.Second, time.Hour, false, time.Second, context.Canceled},
		{"plain", plain, 0, 0, time.Second, true, time.Second, nil},
		{"plain, cancelled", plain, 0, time.Second, time.Minute, false, time.Second, context.Canceled},
		{"inner of plain", plain, time.Second, 0, time.Minute, false, time.Second, context.DeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				root, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.cancel > 0 {
					time.AfterFunc(tt.cancel, cancel)
				}
				ctx, start := tt.make(root), time.Now()
				if tt.inner > 0 {
					ctx = deadline.With(ctx, time.Now().Add(tt.inner))
				}
				got := deadline.Sleep(ctx, tt.sleep)
				if took := time.Since(start); got != tt.want || took != tt.after || !errors.Is(ctx.Err(), tt.err) {
					t.Errorf("Sleep = %v after %v, Err = %v; want %v after %v, %v", got, took, ctx.Err(), tt.want, tt.after, tt.err)
				}
			})
		})
	}
}

// A Sleeper is used again after sleeps that ended, and after one cut short.
func TestSleeperAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s deadline.Sleeper
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if deadline.Sleep(s.With(ctx, time.Now().Add(time.Minute)), 2*time.Second) {
			t.Error("Sleep outlasted its context")
		}
		for range 3 {
			start := time.Now()
			if ok := deadline.Sleep(s.With(t.Context(), start.Add(time.Minute)), 5*time.Second); !ok || time.Since(start) != 5*time.Second {
				t.Errorf("Sleep = %v after %v, want 5s", ok, time.Since(start))
			}
		}
	})
}

// Others see a context like any other.
func TestDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		outer := deadline.With(t.Context(), start.Add(time.Second))
		inner, cancel := context.WithCancel(deadline.With(outer, start.Add(time.Hour)))
		defer cancel()
		<-inner.Done()
		if took := time.Since(start); took != time.Second || !errors.Is(inner.Err(), context.DeadlineExceeded) {
			t.Errorf("done after %v with %v, want 1s and its limit", took, inner.Err())
		}
		closed := deadline.With(t.Context(), time.Now().Add(time.Hour))
		done := closed.Done()
		closed.Close()
		<-done
		if !errors.Is(closed.Err(), context.Canceled) {
			t.Errorf("Err of a closed context = %v", closed.Err())
		}
	})
}
