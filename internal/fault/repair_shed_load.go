package fault

import "time"

// shedLoadRepair turns robots away at the door, so that users are served.
func shedLoadRepair() Repair {
	return Repair{
		Name:     "shed-load",
		Summary:  "turns robots away with 429 for an hour, so that users are served",
		Takes:    seconds(10),
		Helps:    []string{"traffic-spike"},
		Services: []string{"shop"},
		lasts:    anHour,
		act:      func(_ time.Time, st *State) { st.Shed = true },
	}
}
