package fault

// rollbackRepair puts the last release back that was known to be good: it ends
// what came with the code.
func rollbackRepair() Repair {
	return Repair{
		Name:    "rollback",
		Summary: "puts the previous release back, on all replicas",
		Takes:   seconds(30),
		Ends:    []string{"errors", "bad-deploy", "crash-loop", "memory-leak", "deploy"},
		act:     replaceProcess,
	}
}
