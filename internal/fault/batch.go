package fault

// batchKind is a harmless event: a nightly job beside the service takes what
// processor time the host has to spare. The container's own quota is untouched.
func batchKind() Kind {
	return Kind{
		Name:    "batch",
		Summary: "harmless: a job beside it burns a share of the host's processors",
		Params:  takes("ratio=0.7", "ramp?", "flap?"),
		Signals: []Signal{},
		act:     func(s span, st *State) { st.HostBurn = min(st.HostBurn+s.Ratio*s.strength, 1) },
	}
}
