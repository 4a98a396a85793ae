package fault

// slowStartKind restarts a service whose caches are then cold: each request
// costs many times its usual processor time, less and less until the fault ends.
func slowStartKind() Kind {
	return Kind{
		Name:    "slow-start",
		Summary: "restarts it with cold caches: requests cost more processor time, less and less until it ends",
		Params:  takes("factor=3"),
		Signals: []Signal{Latency, Saturation},
		Also:    []Signal{Errors},
		Hurts:   "users wait, then get errors",
		Repairs: []string{"scale-out"},
		act: func(s span, st *State) {
			st.Restart = latest(st.Restart, s.Since)
			left := float64(s.Until.Sub(s.now)) / float64(s.Until.Sub(s.Since))
			st.Cost += (s.Factor - 1) * left
		},
	}
}
