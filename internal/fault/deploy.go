package fault

// GoodRelease is what a harmless deploy rolls out.
const GoodRelease = "1.0.1"

// deployKind is a harmless event: a release is rolled out, and rolled back when
// the event ends. Both replace the process, and its counters start again.
func deployKind() Kind {
	return Kind{
		Name:    "deploy",
		Summary: "harmless: rolls out a good release, and back at its end",
		Params:  takes(),
		Signals: []Signal{},
		act: func(s span, st *State) {
			if st.Release == "" { // a bad one of the same moment wins
				st.Release = GoodRelease
			}
			st.Restart = latest(st.Restart, s.Since)
		},
	}
}
