package console

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"goldensignals/internal/fault"
	"goldensignals/internal/faultapi"
)

// activeView is the section of the active faults.
type activeView struct {
	Rows   []faultView
	Hidden string // why they are not shown; empty: they are
}

// faultView is one active fault.
type faultView struct {
	Kind    string
	Service string
	What    string // ratio 0.5, delay 300ms
	Until   time.Time
	Left    string
}

func viewFaults(list faultapi.List, now time.Time) activeView {
	var v activeView
	if list.Hidden {
		v.Hidden = faultapi.HiddenNote
	}
	for _, a := range list.Active {
		v.Rows = append(v.Rows, faultView{
			Kind: a.Kind, Service: a.Service, What: a.Settings(),
			Until: a.Until, Left: age(a.Until.Sub(now)),
		})
	}
	slices.SortStableFunc(v.Rows, func(a, b faultView) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Kind, b.Kind))
	})
	return v
}

// formView is the form that injects a fault, with what the person typed where
// it was refused.
type formView struct {
	Groups   []kindGroup
	Inputs   []inputView // one for each parameter that there is
	Services []string
	Kind     string
	Service  string
	Problem  string
	Field    string // the field that Problem is about, where it is known
}

// kindGroup is a group of choices.
type kindGroup struct {
	Title string
	Kinds []kindView
}

// kindView is one choice of the form.
type kindView struct {
	fault.Kind
	Takes   string // its parameters, each with its default, for the script: delay ratio=1
	Mending string // its repairs, for people
}

// inputView is the input of one parameter.
type inputView struct {
	fault.Param
	Value string
}

// newForm is the form before anybody typed.
func newForm(list faultapi.List) formView {
	v := formView{Services: list.Services}
	hurting, harmless := kindGroup{Title: "Users are hurt"}, kindGroup{Title: "Users are well"}
	for _, k := range list.Kinds {
		takes := []string{"for"}
		for _, p := range k.Params {
			takes = append(takes, strings.TrimSuffix(p.Name+"="+p.Default, "="))
		}
		kind := kindView{Kind: k, Takes: strings.Join(takes, " "), Mending: strings.Join(k.Repairs, " or ")}
		if k.Hurts == "" {
			harmless.Kinds = append(harmless.Kinds, kind)
			continue
		}
		hurting.Kinds = append(hurting.Kinds, kind)
	}
	v.Groups = []kindGroup{hurting, harmless}
	for _, p := range fault.Params() {
		v.Inputs = append(v.Inputs, inputView{Param: p, Value: p.Default})
	}
	return v
}

// keep returns v with what the person typed.
func (v formView) keep(form url.Values) formView {
	v.Kind, v.Service = form.Get("kind"), form.Get("service")
	for i, in := range v.Inputs {
		v.Inputs[i].Value = form.Get(in.Name)
	}
	return v
}

// parseFault reads the fault form; an empty field means not given. Errors name
// the field.
func parseFault(form url.Values) (fault.Fault, error) {
	f := fault.Fault{Kind: form.Get("kind"), Service: form.Get("service")}
	for _, p := range fault.Params() {
		text := clip(form.Get(p.Name))
		if text == "" {
			continue
		}
		if err := f.Set(p.Name, text); err != nil {
			return f, err
		}
	}
	return f, nil
}

// postFault injects a fault. Where it is refused, the page comes back with
// the form as it was typed.
func (c *Console) postFault(w http.ResponseWriter, r *http.Request) {
	form, ok := c.readForm(w, r)
	if !ok {
		return
	}
	f, err := parseFault(form)
	if err == nil {
		_, err = c.faults.Inject(f)
	}
	if err == nil {
		http.Redirect(w, r, "/#faults", http.StatusSeeOther)
		return
	}
	v := c.view(r.Context())
	v.Form = v.Form.keep(form)
	v.Form.Problem = err.Error()
	if fieldErr, ok := errors.AsType[*fault.FieldError](err); ok {
		v.Form.Field = fieldErr.Field
	}
	v.Problem = "No fault was injected. " + err.Error() + "."
	c.writePage(w, http.StatusBadRequest, v)
}

// postClear ends faults.
func (c *Console) postClear(w http.ResponseWriter, r *http.Request) {
	form, ok := c.readForm(w, r)
	if !ok {
		return
	}
	if _, err := c.faults.Clear(form.Get("kind"), form.Get("service")); err != nil {
		c.refuse(w, r, faultapi.StatusOf(err), "Nothing was cleared. "+err.Error()+".")
		return
	}
	http.Redirect(w, r, "/#faults", http.StatusSeeOther)
}
