package fault

// errorsKind answers requests with 500, after the usual work: the service
// takes its time and then fails, as most broken code does.
func errorsKind() Kind {
	return Kind{
		Name:    "errors",
		Summary: "answers requests with 500",
		Params:  takes("ratio=1", "ramp?", "flap?"),
		Signals: []Signal{Errors},
		Hurts:   "users get errors",
		Repairs: []string{"rollback"},
		apply:   func(_ hit, e *Effect) { e.Fail = true },
	}
}
