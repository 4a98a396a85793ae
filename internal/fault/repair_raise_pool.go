package fault

import "time"

// raisePoolRepair doubles the connection pool, with connections that are fresh.
func raisePoolRepair() Repair {
	return Repair{
		Name:     "raise-pool",
		Summary:  "doubles the connection pool for an hour",
		Takes:    seconds(15),
		Helps:    []string{"pool-leak"},
		Services: []string{"orders", "payments"},
		lasts:    anHour,
		act:      func(_ time.Time, st *State) { st.Pool = max(st.Pool, 2) },
	}
}
