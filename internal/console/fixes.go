package console

import (
	"net/http"
	"slices"
	"time"

	"goldensignals/internal/fault"
	"goldensignals/internal/faultapi"
)

// appliedView is the section of the repairs that were applied.
type appliedView struct {
	Rows    []appliedRow // newest first
	InForce bool         // what some of them have added is still there
}

// appliedRow is one repair that was applied.
type appliedRow struct {
	Key             string
	Repair, Service string
	At, Effect      time.Time
	UnderWay        bool
	Left            string // until it takes effect
	Did             string // empty: it changed nothing
	Until           time.Time
	InForce         bool // what it has added is still there
}

// appliedShown is how many repairs the page lists.
const appliedShown = 10

func viewApplied(list []fault.Applied, now time.Time) appliedView {
	var v appliedView
	for _, a := range slices.Backward(list) {
		row := appliedRow{
			Key:    a.Repair + " " + a.Service + " " + a.At.UTC().Format(time.RFC3339Nano),
			Repair: a.Repair, Service: a.Service, At: a.At, Effect: a.Effect, Until: a.Until, InForce: a.InForceAt(now), Left: age(a.Effect.Sub(now)),
		}
		did, known := a.Outcome(now)
		row.Did, row.UnderWay = did, !known
		v.InForce = v.InForce || row.InForce
		if len(v.Rows) < appliedShown {
			v.Rows = append(v.Rows, row)
		}
	}
	return v
}

// fixView is the form that applies a repair.
type fixView struct {
	Repairs  []fault.Repair
	Services []string
}

// postFix applies a repair.
func (c *Console) postFix(w http.ResponseWriter, r *http.Request) {
	form, ok := c.readForm(w, r)
	if !ok {
		return
	}
	if _, err := c.faults.Apply(form.Get("repair"), form.Get("service")); err != nil {
		c.refuse(w, r, faultapi.StatusOf(err), "Nothing was repaired. "+err.Error()+".")
		return
	}
	http.Redirect(w, r, "/#repairs", http.StatusSeeOther)
}

// postUndo takes back what repairs have added.
func (c *Console) postUndo(w http.ResponseWriter, r *http.Request) {
	form, ok := c.readForm(w, r)
	if !ok {
		return
	}
	if err := c.faults.Undo(form.Get("service")); err != nil {
		c.refuse(w, r, faultapi.StatusOf(err), "Nothing was undone. "+err.Error()+".")
		return
	}
	http.Redirect(w, r, "/#repairs", http.StatusSeeOther)
}
