package fault_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/fault"
)

var services = []string{"shop", "auth", "orders", "payments"}

func ms(n int) fault.Duration   { return fault.Duration(time.Duration(n) * time.Millisecond) }
func mins(n int) fault.Duration { return fault.Duration(time.Duration(n) * time.Minute) }

func TestCompleteFillsInDefaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		give, got fault.Fault
	}{
		{
			name: "errors",
			give: fault.Fault{Kind: "errors", Service: "payments"},
			got:  fault.Fault{Kind: "errors", Service: "payments", Ratio: 1, For: mins(10)},
		},
		{
			name: "latency",
			give: fault.Fault{Kind: "latency", Service: "auth", Delay: ms(300)},
			got:  fault.Fault{Kind: "latency", Service: "auth", Ratio: 1, Delay: ms(300), For: mins(10)},
		},
		{
			name: "everything given, at the limits",
			give: fault.Fault{Kind: "latency", Service: "shop", Ratio: 0.25, Delay: mins(1), For: mins(24 * 60)},
			got:  fault.Fault{Kind: "latency", Service: "shop", Ratio: 0.25, Delay: mins(1), For: mins(24 * 60)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.give.Complete(services...)
			if err != nil {
				t.Fatalf("Complete(%+v): %v", tt.give, err)
			}
			if diff := cmp.Diff(tt.got, got); diff != "" {
				t.Errorf("Complete (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompleteNamesFieldAndRemedy(t *testing.T) {
	t.Parallel()
	latency := fault.Fault{Kind: "latency", Service: "auth", Delay: ms(300)}
	with := func(change func(*fault.Fault)) fault.Fault { f := latency; change(&f); return f }
	tests := []struct {
		name   string
		fault  fault.Fault
		field  string
		remedy string
	}{
		{"no kind", fault.Fault{Service: "auth"}, "kind", "choose one of errors, latency"},
		{"unknown kind", fault.Fault{Kind: "gremlin", Service: "auth"}, "kind", "choose one of errors, latency"},
		{"no service", with(func(f *fault.Fault) { f.Service = "" }), "service", "choose one of shop, auth, orders, payments"},
		{"unknown service", with(func(f *fault.Fault) { f.Service = "bank" }), "service", "choose one of shop, auth, orders, payments"},
		{"ratio below 0", with(func(f *fault.Fault) { f.Ratio = -0.1 }), "ratio", "above 0 and up to 1"},
		{"ratio above 1", with(func(f *fault.Fault) { f.Ratio = 30 }), "ratio", "above 0 and up to 1"},
		{"ratio not a number", with(func(f *fault.Fault) { f.Ratio = math.NaN() }), "ratio", "above 0 and up to 1"},
		{"no delay", with(func(f *fault.Fault) { f.Delay = 0 }), "delay", "such as 300ms"},
		{"negative delay", with(func(f *fault.Fault) { f.Delay = ms(-1) }), "delay", "up to 60s"},
		{"delay too long", with(func(f *fault.Fault) { f.Delay = ms(60_001) }), "delay", "up to 60s"},
		{"negative for", with(func(f *fault.Fault) { f.For = mins(-1) }), "for", "up to 24h"},
		{"for too long", with(func(f *fault.Fault) { f.For = mins(24*60 + 1) }), "for", "up to 24h"},
		{"a parameter too many", fault.Fault{Kind: "errors", Service: "auth", Delay: ms(1)}, "delay", "it takes ratio, ramp, flap, for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.fault.Complete(services...)
			fieldErr, ok := errors.AsType[*fault.FieldError](err)
			if !ok {
				t.Fatalf("Complete(%+v) = %v, want a *FieldError", tt.fault, err)
			}
			if fieldErr.Field != tt.field || !strings.Contains(fieldErr.Remedy, tt.remedy) {
				t.Errorf("Complete(%+v) = %q, want field %q and remedy %q", tt.fault, err, tt.field, tt.remedy)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	got, err := fault.Decode([]byte(`{"kind":"latency","service":"auth","ratio":0.5,"delay":"300ms","for":"1h30m"}`))
	want := fault.Fault{Kind: "latency", Service: "auth", Ratio: 0.5, Delay: ms(300), For: mins(90)}
	if err != nil || got != want {
		t.Errorf("Decode = %+v, %v, want %+v", got, err, want)
	}
	bad := []struct{ name, in, want string }{
		{"a zero ratio is not the default", `{"kind":"errors","service":"auth","ratio":0}`, "ratio: 0 is not"},
		{"a zero delay", `{"kind":"latency","delay":"0s"}`, "delay: 0s is not positive"},
		{"a bare number", `{"kind":"latency","delay":300}`, "delay: a JSON number"},
		{"no unit", `{"kind":"latency","for":"10"}`, `for: "10" is not a duration`},
		{"a ratio in quotes", `{"ratio":"0.3"}`, "ratio: a JSON string"},
		{"an unknown field", `{"kind":"errors","rate":0.3}`, `unknown field "rate"`},
		{"two objects", `{"kind":"errors"}{"kind":"errors"}`, "one fault at a time"},
		{"no JSON", `errors`, "decode fault"},
		{"nothing", ``, "decode fault"},
	}
	for _, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := fault.Decode([]byte(tt.in)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Decode(%s) = %v, want an error with %q", tt.in, err, tt.want)
			}
		})
	}
}

func TestActiveJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	a := fault.Active{Fault: fault.Fault{Kind: "errors", Service: "auth", Ratio: 0.3, For: mins(60)}, Since: at, Until: at.Add(time.Hour)}
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"kind":"errors","service":"auth","ratio":0.3,"for":"1h","since":"2000-01-01T00:00:00Z","until":"2000-01-01T01:00:00Z"}`
	if string(data) != want {
		t.Errorf("Marshal = %s, want %s", data, want)
	}
	var back fault.Active
	if err := json.Unmarshal(data, &back); err != nil || back != a {
		t.Errorf("Unmarshal = %+v, %v, want %+v", back, err, a)
	}
}

func TestDurationString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"300ms": "300ms", "10m": "10m", "90m": "1h30m", "24h": "24h", "1h0m10s": "1h0m10s", "10s": "10s", "20m0s": "20m", "0s": "0s",
	} {
		var d fault.Duration
		if err := d.Set(in); err != nil || d.String() != want {
			t.Errorf("Set(%q) then String = %q, %v, want %q", in, d, err, want)
		}
	}
}

func TestKindsAreDescribed(t *testing.T) {
	t.Parallel()
	for _, k := range fault.Kinds() {
		if k.Name == "" || k.Summary == "" {
			t.Errorf("kind %+v lacks a name or a summary", k)
		}
		for _, p := range k.Params {
			if p.Summary == "" || p.Example == "" || (p.Required && p.Default != "") {
				t.Errorf("kind %s: parameter %+v needs a summary and an example, and no default where it is required", k.Name, p)
			}
		}
	}
}
