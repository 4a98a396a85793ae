package fault

// scalingKind is a harmless event: the autoscaler adds a replica, and takes it
// away again when the event ends.
func scalingKind() Kind {
	return Kind{
		Name:    "scaling",
		Summary: "harmless: the autoscaler adds a replica, and takes it away at its end",
		Params:  takes("flap?"),
		Signals: []Signal{},
		act:     func(_ span, st *State) { st.Scale = max(st.Scale, 2) },
	}
}
