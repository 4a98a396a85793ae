package fault

// diskFillKind writes to the volume of a service until nothing more fits. What
// has to be stored then fails.
func diskFillKind() Kind {
	return Kind{
		Name:     "disk-fill",
		Summary:  "writes to its volume each minute until it is full",
		Params:   takes("size=128MiB"),
		Services: []string{"orders", "payments"},
		Signals:  []Signal{Errors, Saturation},
		Hurts:    "users get errors, once the volume is full",
		Repairs:  []string{"clear-disk"},
		act:      func(s span, st *State) { st.Written += perMinute(s.Size, s.now.Sub(s.Since)) },
	}
}
