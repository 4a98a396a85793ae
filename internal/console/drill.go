package console

import (
	"net/http"
	"strings"
)

// drillView is the section of the live drill.
type drillView struct {
	Brief             string
	Elapsed, Duration string
}

// drillRuns reports whether a drill runs: what is broken is not shown then.
func (c *Console) drillRuns() bool {
	if c.opts.Drills == nil {
		return false
	}
	_, running := c.opts.Drills.Running()
	return running
}

// viewDrill is nil while no drill runs.
func viewDrill(drills Drills) *drillView {
	if drills == nil {
		return nil
	}
	d, running := drills.Running()
	if !running {
		return nil
	}
	return &drillView{Brief: strings.TrimSpace(d.Brief), Elapsed: age(d.Elapsed), Duration: age(d.Duration)}
}

// postStopDrill ends the live drill.
func (c *Console) postStopDrill(w http.ResponseWriter, r *http.Request) {
	if _, ok := c.readForm(w, r); !ok {
		return
	}
	if c.opts.Drills == nil {
		c.refuse(w, r, http.StatusNotFound, "There are no drills here.")
		return
	}
	c.opts.Drills.Stop()
	c.hub.poke()
	http.Redirect(w, r, "/#drill", http.StatusSeeOther)
}
