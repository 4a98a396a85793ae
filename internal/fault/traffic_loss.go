package fault

// trafficLossKind loses requests on their way, as a broken load balancer or a
// wrong DNS record does. The service is well and has less to do.
func trafficLossKind() Kind {
	return Kind{
		Name:     "traffic-loss",
		Summary:  "loses requests before they reach it",
		Params:   takes("ratio=1", "ramp?", "flap?"),
		Services: []string{"shop"},
		Signals:  []Signal{Traffic},
		Hurts:    "users get no answer",
		Repairs:  []string{"fail-over"},
		AtUsers:  true,
		apply:    func(_ hit, e *Effect) { e.Lost = true },
	}
}
