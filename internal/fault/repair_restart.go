package fault

import "time"

// restartRepair replaces the process, one replica after the other, so that no
// request is lost. What is wrong with the code comes back with it.
func restartRepair() Repair {
	return Repair{
		Name:    "restart",
		Summary: "replaces the process, without losing requests",
		Takes:   seconds(20),
		Ends:    []string{"latency", "crash", "cpu-burn", "queue-stall", "pool-leak", "lost-metrics"},
		act:     replaceProcess,
	}
}

func replaceProcess(at time.Time, st *State) { st.Restart = latest(st.Restart, at) }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
