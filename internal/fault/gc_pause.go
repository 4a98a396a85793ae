package fault

import "time"

// pauseEvery is the time from one pause of the garbage collector to the next.
const pauseEvery = 10 * time.Second

// gcPauseKind is a harmless event: now and then everything stands still for a
// moment that nobody notices.
func gcPauseKind() Kind {
	return Kind{
		Name:    "gc-pause",
		Summary: "harmless: all of it stands still for a moment, every 10s",
		Params:  takes("delay=60ms"),
		Signals: []Signal{},
		act: func(s span, st *State) {
			if into := s.now.Sub(s.Since) % pauseEvery; into < time.Duration(s.Delay) {
				st.Pause = max(st.Pause, time.Duration(s.Delay)-into)
			}
		},
	}
}
