package fault

// memoryLeakKind loses memory until the kernel kills the process at its limit;
// a new one begins to lose it again.
func memoryLeakKind() Kind {
	return Kind{
		Name:    "memory-leak",
		Summary: "loses memory each minute, up to the kill at its limit, and again",
		Params:  takes("size=16MiB", "ramp?", "flap?"),
		Signals: []Signal{Saturation},
		Hurts:   "users get errors for seconds, at every kill",
		Repairs: []string{"rollback"},
		keeps:   true,
		act: func(s span, st *State) {
			st.Leaked += s.grown(s.now) - s.grown(latest(s.Since, s.process))
		},
	}
}
