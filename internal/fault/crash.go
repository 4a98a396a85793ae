package fault

// crashKind ends the process, and nobody starts it again until the fault ends.
// Nothing is left that could show an error: its series stop.
func crashKind() Kind {
	return Kind{
		Name:    "crash",
		Summary: "ends its process and keeps it from starting",
		Params:  takes("flap?"),
		Signals: []Signal{Traffic},
		Hurts:   "users get errors, if they need it",
		Repairs: []string{"restart"},
		act:     func(_ span, st *State) { st.Down = true },
	}
}
