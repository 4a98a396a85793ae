package fault

import "time"

// scaleOutRepair adds a second replica, which has all that the first has. It
// goes away by itself after an hour.
func scaleOutRepair() Repair {
	return Repair{
		Name:    "scale-out",
		Summary: "adds a second replica for an hour: twice the processors, workers and connections",
		Takes:   seconds(30),
		Helps:   []string{"cpu-burn", "traffic-spike", "slow-start", "pool-leak"},
		lasts:   anHour,
		act:     func(_ time.Time, st *State) { st.Scale = max(st.Scale, 2) },
	}
}
