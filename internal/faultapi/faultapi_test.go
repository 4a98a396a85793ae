package faultapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/fault"
	"goldensignals/internal/faultapi"
)

// sets are real fault sets behind the interface.
type sets map[string]*fault.Set

func names() []string { return []string{"shop", "auth", "orders", "payments"} }

func newSets() sets {
	s := sets{}
	for _, name := range names() {
		s[name] = fault.NewSet(name)
	}
	return s
}

func (sets) Kinds() []fault.Kind     { return fault.Kinds() }
func (sets) Services() []string      { return names() }
func (sets) Repairs() []fault.Repair { return fault.Repairs() }

func (s sets) Active() (all []fault.Active) {
	for _, name := range names() {
		all = append(all, s[name].Active(time.Now())...)
	}
	return all
}

func (s sets) Inject(f fault.Fault) (fault.Active, error) {
	f, err := f.Complete(names()...)
	if err != nil {
		return fault.Active{}, err
	}
	return s[f.Service].Inject(time.Now(), f)
}

func (s sets) Clear(kind, service string) (cleared []fault.Active, err error) {
	for _, name := range names() {
		if service == "" || service == name {
			cleared = append(cleared, s[name].Clear(time.Now(), kind)...)
		}
	}
	return cleared, nil
}

func (s sets) Applied() (all []fault.Applied) {
	for _, name := range names() {
		all = append(all, s[name].Applied()...)
	}
	return all
}

func (s sets) Apply(repair, service string) (fault.Applied, error) {
	return s[service].Apply(time.Now(), repair)
}

func (s sets) Undo(service string) error {
	for _, name := range names() {
		if service == "" || service == name {
			s[name].Undo(time.Now())
		}
	}
	return nil
}

// call sends one request and returns status and body.
func call(t *testing.T, h http.Handler, method, path, body string) (int, string) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, path, strings.NewReader(body)))
	if got := rec.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("%s %s: Content-Type = %q", method, path, got)
	}
	return rec.Code, strings.TrimSpace(rec.Body.String())
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("decode %q: %v", text, err)
	}
	return v
}

func TestFaults(t *testing.T) {
	t.Parallel()
	changes := 0
	a := faultapi.New(faultapi.Options{Faults: newSets(), OnChange: func() { changes++ }})
	status, text := call(t, a, http.MethodGet, faultapi.FaultsPath, "")
	if got := decode[faultapi.List](t, text); status != http.StatusOK || len(got.Kinds) != len(fault.Kinds()) || !strings.Contains(text, `"active":[]`) {
		t.Fatalf("list = %d %s", status, text)
	}

	status, text = call(t, a, http.MethodPost, faultapi.FaultsPath, `{"kind":"latency","service":"orders","delay":"400ms","ratio":0.5,"ramp":"2m","for":"5m"}`)
	injected := decode[fault.Active](t, text)
	want := fault.Fault{
		Kind: "latency", Service: "orders", Ratio: 0.5, Delay: fault.Duration(400 * time.Millisecond),
		Ramp: fault.Duration(2 * time.Minute), For: fault.Duration(5 * time.Minute),
	}
	if status != http.StatusCreated || !cmp.Equal(injected.Fault, want) || injected.Until.Sub(injected.Since) != 5*time.Minute {
		t.Fatalf("inject = %d %s", status, text)
	}
	_, text = call(t, a, http.MethodGet, faultapi.FaultsPath, "")
	if got := decode[faultapi.List](t, text); len(got.Active) != 1 || !cmp.Equal(got.Active[0].Fault, want) {
		t.Errorf("active = %s", text)
	}

	status, text = call(t, a, http.MethodDelete, faultapi.FaultsPath+"?kind=errors", "")
	if status != http.StatusOK || text != `{"cleared":[]}` {
		t.Errorf("clear of another kind = %d %s", status, text)
	}
	status, text = call(t, a, http.MethodDelete, faultapi.FaultsPath+"?service=orders", "")
	if got := decode[struct{ Cleared []fault.Active }](t, text); status != http.StatusOK || len(got.Cleared) != 1 {
		t.Errorf("clear = %d %s", status, text)
	}
	if changes != 3 {
		t.Errorf("OnChange was called %d times, want once for each change", changes)
	}
}

func TestHidden(t *testing.T) {
	t.Parallel()
	faults, hidden := newSets(), true
	a := faultapi.New(faultapi.Options{Faults: faults, Hidden: func() bool { return hidden }})
	if _, err := a.Inject(fault.Fault{Kind: "errors", Service: "auth"}); err != nil {
		t.Fatal(err)
	}
	if _, text := call(t, a, http.MethodGet, faultapi.FaultsPath, ""); !strings.Contains(text, `"active":[],"hidden":true`) {
		t.Errorf("hidden list = %.100s", text[max(0, len(text)-100):])
	}
	hidden = false
	if _, text := call(t, a, http.MethodGet, faultapi.FaultsPath, ""); !strings.Contains(text, `"active":[{"kind":"errors"`) || strings.Contains(text, "hidden") {
		t.Errorf("open list = %s", text)
	}
}

func TestFixes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := faultapi.New(faultapi.Options{Faults: newSets()})
		if _, err := a.Inject(fault.Fault{Kind: "errors", Service: "payments"}); err != nil {
			t.Fatal(err)
		}
		list := func() faultapi.Fixes {
			t.Helper()
			status, text := call(t, a, http.MethodGet, faultapi.FixesPath, "")
			if status != http.StatusOK {
				t.Errorf("list = %d %s", status, text)
			}
			return decode[faultapi.Fixes](t, text)
		}
		if got := list(); len(got.Repairs) != len(fault.Repairs()) || len(got.Services) != 4 || got.Applied == nil || len(got.Applied) != 0 {
			t.Errorf("list = %+v", got)
		}

		const order = `{"repair":"rollback","service":"payments"}`
		status, text := call(t, a, http.MethodPost, faultapi.FixesPath, order)
		applied := decode[fault.Applied](t, text)
		if status != http.StatusCreated || applied.Repair != "rollback" || applied.Effect.Sub(applied.At) != 30*time.Second {
			t.Errorf("apply = %d %s", status, text)
		}
		if len(applied.Ended) > 0 || len(list().Applied[0].Ended) > 0 {
			t.Errorf("it is told that the repair is the right one before it acts: %s", text)
		}
		status, text = call(t, a, http.MethodPost, faultapi.FixesPath, order)
		if status != http.StatusConflict || !strings.Contains(text, "rollback of payments is under way until") {
			t.Errorf("apply again = %d %s, want 409", status, text)
		}

		time.Sleep(30 * time.Second)
		if got := list().Applied; len(got) != 1 || !cmp.Equal(got[0].Ended, []string{"errors"}) {
			t.Errorf("applied = %+v, want that it ended errors", got)
		}

		call(t, a, http.MethodPost, faultapi.FixesPath, `{"repair":"scale-out","service":"shop"}`)
		time.Sleep(time.Minute)
		status, text = call(t, a, http.MethodDelete, faultapi.FixesPath+"?service=shop", "")
		after := decode[faultapi.Fixes](t, text)
		if status != http.StatusOK || after.Applied[0].InForceAt(time.Now()) {
			t.Errorf("undo = %d %+v, want nothing in force", status, after.Applied)
		}
	})
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	const faults, fixes = faultapi.FaultsPath, faultapi.FixesPath
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string // in the error
	}{
		{"unknown field", "POST", faults, `{"kind":"errors","service":"shop","rate":1}`, 400, "rate"},
		{"unknown kind", "POST", faults, `{"kind":"eror","service":"shop"}`, 400, "errors, latency"},
		{"unknown service", "POST", faults, `{"kind":"errors","service":"shoe"}`, 400, "payments"},
		{"zero ratio", "POST", faults, `{"kind":"errors","service":"shop","ratio":0}`, 400, "ratio"},
		{"not JSON", "POST", faults, `kind=errors`, 400, "decode fault"},
		{"two faults", "POST", faults, `{"kind":"errors","service":"shop"}{}`, 400, "one fault"},
		{"empty", "POST", faults, ``, 400, "fault"},
		{"too large", "POST", faults, `{"kind":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "64 KiB"},
		{"clear unknown kind", "DELETE", faults + "?kind=eror", "", 400, "errors, latency"},
		{"clear unknown service", "DELETE", faults + "?service=shoe", "", 400, "payments"},
		{"clear unknown parameter", "DELETE", faults + "?name=errors", "", 400, "kind and service"},
		{"method", "PUT", faults, "", 405, "GET, POST or DELETE"},
		{"path", "GET", "/api/v1/fault", "", 404, faults},

		{"no repair", "POST", fixes, `{"service":"shop"}`, 400, "repair: missing; choose one of rollback"},
		{"unknown repair", "POST", fixes, `{"repair":"reboot","service":"shop"}`, 400, "choose one of rollback"},
		{"repair nowhere", "POST", fixes, `{"repair":"restart"}`, 400, "service: missing; choose one of shop"},
		{"repair of a stranger", "POST", fixes, `{"repair":"restart","service":"shoe"}`, 400, "payments"},
		{"repair that does not fit", "POST", fixes, `{"repair":"shed-load","service":"auth"}`, 400, "auth has nothing to shed-load; choose one of shop"},
		{"unknown field of a repair", "POST", fixes, `{"repair":"restart","at":"1m"}`, 400, "the fields are repair and service"},
		{"two repairs", "POST", fixes, `{"repair":"restart","service":"shop"}{}`, 400, "one repair"},
		{"large repair", "POST", fixes, `{"repair":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "send one repair"},
		{"undo of a stranger", "DELETE", fixes + "?service=shoe", "", 400, "or none for all"},
		{"undo with a parameter", "DELETE", fixes + "?repair=restart", "", 400, `"repair" is unknown; use service`},
		{"method of fixes", "PATCH", fixes, "", 405, "GET, POST or DELETE"},
	}
	s := newSets()
	a := faultapi.New(faultapi.Options{Faults: s, OnChange: func() { t.Error("a refused request changed something") }})
	for _, tt := range tests {
		status, text := call(t, a, tt.method, tt.path, tt.body)
		if got := decode[struct{ Error string }](t, text); status != tt.status || !strings.Contains(got.Error, tt.want) {
			t.Errorf("%s: %d %q, want %d with %q", tt.name, status, got.Error, tt.status, tt.want)
		}
	}
	if len(s.Active()) > 0 || len(s.Applied()) > 0 {
		t.Errorf("a refused request left %v, %v", s.Active(), s.Applied())
	}
}
