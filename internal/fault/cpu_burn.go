package fault

// cpuBurnKind uses up the processor time that the container may have: requests
// are throttled and wait.
func cpuBurnKind() Kind {
	return Kind{
		Name:    "cpu-burn",
		Summary: "uses up a share of the processor time that its container may have",
		Params:  takes("ratio=0.8", "ramp?", "flap?"),
		Signals: []Signal{Latency, Saturation},
		Also:    []Signal{Errors},
		Hurts:   "users wait, then get errors",
		Repairs: []string{"restart", "scale-out"},
		act:     func(s span, st *State) { st.Burn = min(st.Burn+s.Ratio*s.strength, 0.98) },
	}
}
