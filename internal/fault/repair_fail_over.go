package fault

// failOverRepair goes another way: to the standby of what the service depends
// on, or through the second load balancer.
func failOverRepair() Repair {
	return Repair{
		Name:    "fail-over",
		Summary: "uses the standby of what it depends on, and the other way in",
		Takes:   seconds(20),
		Ends:    []string{"dependency-down", "latency-tail", "traffic-loss"},
	}
}
