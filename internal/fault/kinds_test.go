package fault_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"goldensignals/internal/fault"
)

// complete makes a fault of the kind with what it requires and nothing else.
func complete(t *testing.T, k fault.Kind) fault.Fault {
	t.Helper()
	f := fault.Fault{Kind: k.Name, Service: append(k.Services, "auth")[0]}
	for _, p := range k.Params {
		if p.Required {
			if err := f.Set(p.Name, p.Example); err != nil {
				t.Fatalf("kind %s: %v", k.Name, err)
			}
		}
	}
	f, err := f.Complete(services...)
	if err != nil {
		t.Fatalf("kind %s does not complete: %v", k.Name, err)
	}
	return f
}

func TestEveryKindCompletes(t *testing.T) {
	t.Parallel()
	for _, k := range fault.Kinds() {
		f := complete(t, k)
		for _, p := range k.Params {
			if got := f.Get(p.Name); p.Default != "" && got != p.Default {
				t.Errorf("kind %s: %s = %q, want the default %q", k.Name, p.Name, got, p.Default)
			}
		}
		for _, p := range fault.Params() {
			takes := p.Name == "for" || slices.ContainsFunc(k.Params, func(own fault.Param) bool { return own.Name == p.Name })
			wrong := f
			if err := wrong.Set(p.Name, p.Example); err != nil {
				t.Errorf("the example of %s does not fit: %v", p.Name, err)
			}
			if _, err := wrong.Complete(services...); (err == nil) != takes {
				t.Errorf("kind %s with %s = %v, want it taken: %v", k.Name, p.Name, err, takes)
			}
		}
		for _, s := range services {
			f.Service = s
			_, err := f.Complete(services...)
			if fits := len(k.Services) == 0 || slices.Contains(k.Services, s); (err == nil) != fits {
				t.Errorf("kind %s into %s = %v, want it to fit: %v", k.Name, s, err, fits)
			}
		}
	}
}

// TestKindsAndRepairsAgree: what a kind names as its repair ends it or helps, and
// the other way round, in every service that the kind can be in.
func TestKindsAndRepairsAgree(t *testing.T) {
	t.Parallel()
	kinds := map[string]fault.Kind{}
	for _, k := range fault.Kinds() {
		kinds[k.Name] = k
		harmless := strings.HasPrefix(k.Summary, "harmless: ")
		if harmless && (k.Hurts != "" || len(k.Repairs) > 0 || len(k.Signals) > 0) {
			t.Errorf("kind %s is harmless, but hurts %q, moves %v, needs %v", k.Name, k.Hurts, k.Signals, k.Repairs)
		}
		if !harmless && len(k.Repairs) == 0 || k.Hurts != "" && len(k.Signals) == 0 {
			t.Errorf("kind %s hurts %q: it needs repairs (%v), and signals that it moves (%v)", k.Name, k.Hurts, k.Repairs, k.Signals)
		}
		for _, name := range k.Repairs {
			for _, service := range services {
				if len(k.Services) > 0 && !slices.Contains(k.Services, service) {
					continue
				}
				r, err := fault.CheckRepair(name, service, services...)
				if err != nil {
					t.Errorf("kind %s in %s: %v", k.Name, service, err)
				} else if !slices.Contains(append(r.Ends, r.Helps...), k.Name) {
					t.Errorf("kind %s names %s, which neither ends nor helps it", k.Name, name)
				}
			}
		}
	}
	for _, r := range fault.Repairs() {
		if r.Summary == "" || r.Takes <= 0 {
			t.Errorf("repair %+v lacks a summary or takes no time", r)
		}
		for _, name := range append(r.Ends, r.Helps...) {
			k, known := kinds[name]
			if !known || k.Hurts != "" && !slices.Contains(k.Repairs, r.Name) {
				t.Errorf("repair %s mends %s, which does not name it", r.Name, name)
			}
		}
	}
}

// TestSetAndGet: every parameter survives being written and read, and every bad
// text names the field and a remedy.
func TestSetAndGet(t *testing.T) {
	t.Parallel()
	var all fault.Fault
	for _, p := range fault.Params() {
		var f fault.Fault
		if got := f.Get(p.Name); got != "" {
			t.Errorf("Get(%s) of nothing = %q", p.Name, got)
		}
		for _, into := range []*fault.Fault{&f, &all} {
			if err := into.Set(p.Name, p.Example); err != nil {
				t.Errorf("Set(%s, %q): %v", p.Name, p.Example, err)
			}
		}
		if got := f.Get(p.Name); got != p.Example {
			t.Errorf("Set then Get(%s) = %q, want %q", p.Name, got, p.Example)
		}
		for _, bad := range []string{"", "x", "0", "-1", "-1m", "-1MiB", "0s", "0B", "NaN", "Inf", " "} {
			before := f
			err := f.Set(p.Name, bad)
			fieldErr, ok := errors.AsType[*fault.FieldError](err)
			if !ok || fieldErr.Field != p.Name || fieldErr.Problem == "" || fieldErr.Remedy == "" {
				t.Errorf("Set(%s, %q) = %v, want an error that names it and a remedy", p.Name, bad, err)
			}
			if f != before {
				t.Errorf("Set(%s, %q) was refused and left %q", p.Name, bad, f.Get(p.Name))
			}
		}
	}
	if want := "ratio 0.3, delay 300ms, factor 4, size 16MiB, ramp 10m, flap 2m"; all.Settings() != want {
		t.Errorf("Settings = %q, want %q", all.Settings(), want)
	}
	if err := all.Set("colour", "red"); err == nil || !strings.Contains(err.Error(), "colour: unknown; choose one of kind, service, ratio") {
		t.Errorf("Set(colour) = %v", err)
	}
	if all.Get("colour") != "" {
		t.Error("Get(colour) found something")
	}
	for _, name := range []string{"kind", "service"} {
		if err := all.Set(name, "x"); err != nil || all.Get(name) != "x" {
			t.Errorf("Set(%s) = %v, then %q", name, err, all.Get(name))
		}
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want fault.Bytes
		back string // as it is written
	}{
		{"16MiB", 16 << 20, "16MiB"},
		{"1024KiB", 1 << 20, "1MiB"},
		{"1 GiB", 1 << 30, "1GiB"},
		{"1500B", 1500, "1500B"},
		{"1536KiB", 1536 << 10, "1536KiB"},
		{"0B", 0, "0B"},
	}
	for _, tt := range tests {
		var b fault.Bytes
		if err := b.UnmarshalText([]byte(tt.text)); err != nil || b != tt.want || b.String() != tt.back {
			t.Errorf("UnmarshalText(%q) = %d, %v, then String = %q; want %d and %q", tt.text, b, err, b, tt.want, tt.back)
		}
	}
	for _, bad := range []string{"", "16", "MiB", "16MB", "1.5GiB", "-1MiB", "99999999GiB", "9223372036854775807KiB"} {
		var b fault.Bytes
		if err := b.UnmarshalText([]byte(bad)); err == nil || !strings.Contains(err.Error(), "such as 16MiB") {
			t.Errorf("UnmarshalText(%q) = %d, %v, want an error with a remedy", bad, b, err)
		}
	}
}

// TestRampAndFlap: a ramp hits ever more requests, a flap pauses; the same
// requests are hit at the same moments.
func TestRampAndFlap(t *testing.T) {
	t.Parallel()
	hit := func(f fault.Fault, after time.Duration) float64 {
		s := fault.NewSet("auth")
		inject(t, s, noon, f)
		n := 0
		for key := range uint64(10_000) {
			if s.Effect(noon.Add(after), key).Fail {
				n++
			}
		}
		return float64(n) / 10_000
	}
	tests := []struct {
		name  string
		give  fault.Fault
		after time.Duration
		want  float64
	}{
		{"ramp begins with nothing", fault.Fault{Kind: "errors", Ramp: mins(8)}, 0, 0},
		{"ramp, a quarter of the way", fault.Fault{Kind: "errors", Ramp: mins(8)}, 2 * time.Minute, 0.25},
		{"ramp is over", fault.Fault{Kind: "errors", Ramp: mins(8)}, 8 * time.Minute, 1},
		{"ramp to less than all", fault.Fault{Kind: "errors", Ratio: 0.5, Ramp: mins(8)}, 4 * time.Minute, 0.25},
		{"flap begins on", fault.Fault{Kind: "errors", Flap: mins(2)}, 0, 1},
		{"flap is off", fault.Fault{Kind: "errors", Flap: mins(2)}, 2 * time.Minute, 0},
		{"flap is on again", fault.Fault{Kind: "errors", Flap: mins(2)}, 4 * time.Minute, 1},
		{"both", fault.Fault{Kind: "errors", Flap: mins(2), Ramp: mins(8)}, 4 * time.Minute, 0.5},
		{"a burst is over", fault.Fault{Kind: "errors", Flap: mins(2)}, 10 * time.Minute, 0},
	}
	for _, tt := range tests {
		if got := hit(tt.give, tt.after); fmt.Sprintf("%.2f", got) != fmt.Sprintf("%.2f", tt.want) && (got < tt.want-0.015 || got > tt.want+0.015) {
			t.Errorf("%s: %v of the requests are hit, want %v", tt.name, got, tt.want)
		}
	}
}
