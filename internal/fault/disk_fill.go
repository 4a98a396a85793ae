package fault

// diskFillKind writes to the volume of a service until nothing more fits. What
// has to be stored then fails.
func diskFillKind() Kind {
	return Kind{
		Name:     "disk-fill",
		Summary:  "writes to its volume each minute until it is full",
		Params:   takes("size=128MiB", "ramp?", "flap?"),
		Services: []string{"orders", "payments"},
		Signals:  []Signal{Errors, Saturation},
		Hurts:    "users get errors, once the volume is full",
		Repairs:  []string{"clear-disk"},
		keeps:    true,
		act:      func(s span, st *State) { st.Written += s.grown(s.now) },
	}
}
