package fault

// clearDiskRepair deletes what nobody needs and stops what wrote it.
func clearDiskRepair() Repair {
	return Repair{
		Name:    "clear-disk",
		Summary: "deletes old logs and stops what writes them",
		Takes:   seconds(15),
		Ends:    []string{"disk-fill"},
	}
}
