package fault

// RobotAgent is the User-Agent of requests that no user waits for. The shop
// knows robots by it.
const RobotAgent = "robot"

// trafficSpikeKind sends robots: the requests of users stay as many as they are,
// and drown among others.
func trafficSpikeKind() Kind {
	return Kind{
		Name:     "traffic-spike",
		Summary:  "robots read the front page, until there are so many times more requests",
		Params:   takes("factor=4", "ramp?", "flap?"),
		Services: []string{"shop"},
		Signals:  []Signal{Latency, Traffic, Errors, Saturation},
		Hurts:    "users wait, then get errors",
		Repairs:  []string{"scale-out", "shed-load"},
		AtUsers:  true,
		act:      func(s span, st *State) { st.Crowd += (s.Factor - 1) * s.strength },
	}
}
