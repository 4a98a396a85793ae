package fault

// errorsKind answers requests with 500, after the usual work: the service
// takes its time and then fails, as most broken code does.
func errorsKind() Kind {
	return Kind{
		Name:    "errors",
		Summary: "answers requests with 500",
		Params:  []Param{ratioParam()},
		apply:   func(_ Fault, e *Effect) { e.Fail = true },
	}
}
