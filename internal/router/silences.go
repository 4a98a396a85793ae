package router

import (
	"context"
	"time"

	"goldensignals/internal/store"
)

// problem is an error whose text is for the person who asked.
type problem string

func (p problem) Error() string { return string(p) }

// silenceFor silences what an incident is about for a time, and returns until when.
func (rt *Router) silenceFor(ctx context.Context, inc store.Incident, d time.Duration, author string) (time.Time, error) {
	return time.Time{}, problem("silences are not set up")
}
