package fault

// lostMetricsKind breaks scrapes and nothing else: the team is blind, and users
// are well.
func lostMetricsKind() Kind {
	return Kind{
		Name:    "lost-metrics",
		Summary: "lets scrapes fail; users are well",
		Params:  takes("flap?"),
		Signals: []Signal{},
		Repairs: []string{"restart"},
		act:     func(_ span, st *State) { st.Hidden = true },
	}
}
