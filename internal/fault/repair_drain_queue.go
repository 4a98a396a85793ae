package fault

import "time"

// drainQueueRepair sets the waiting jobs aside, to be replayed later, and starts
// the consumer anew.
func drainQueueRepair() Repair {
	return Repair{
		Name:     "drain-queue",
		Summary:  "sets the waiting jobs aside and starts the consumer anew",
		Takes:    seconds(15),
		Ends:     []string{"queue-stall"},
		Services: []string{"orders"},
		act:      func(at time.Time, st *State) { st.Drained = latest(st.Drained, at) },
	}
}
