package fault

// poolLeakKind loses connections to the database, so that requests wait for one
// that is never given back.
func poolLeakKind() Kind {
	return Kind{
		Name:     "pool-leak",
		Summary:  "loses a share of its database connections",
		Params:   takes("ratio=1", "ramp?", "flap?"),
		Services: []string{"orders", "payments"},
		Signals:  []Signal{Errors, Saturation},
		Hurts:    "users wait for a second and get errors",
		Repairs:  []string{"restart", "scale-out", "raise-pool"},
		act:      func(s span, st *State) { st.PoolLost = min(st.PoolLost+s.Ratio*s.strength, 1) },
	}
}
