package fault

// queueStallKind stops the consumer of the queue. Orders are taken until it is
// full.
func queueStallKind() Kind {
	return Kind{
		Name:     "queue-stall",
		Summary:  "stops work on its queue, which fills up",
		Params:   takes("flap?"),
		Services: []string{"orders"},
		Signals:  []Signal{Errors, Saturation},
		Hurts:    "users get errors, once the queue is full",
		Repairs:  []string{"restart", "drain-queue"},
		act:      func(_ span, st *State) { st.Stalled = true },
	}
}
