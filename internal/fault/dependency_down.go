package fault

// dependencyDownKind cuts a service off from those that it calls: what it calls
// is well and hears nothing.
func dependencyDownKind() Kind {
	return Kind{
		Name:     "dependency-down",
		Summary:  "cuts it off from the services that it calls",
		Params:   takes("ratio=1", "ramp?", "flap?"),
		Services: []string{"shop", "orders"},
		Signals:  []Signal{Errors},
		Hurts:    "users get errors",
		Repairs:  []string{"fail-over"},
		apply:    func(_ hit, e *Effect) { e.Cut = true },
	}
}
