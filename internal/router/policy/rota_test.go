package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/policy"
)

// rota returns one of three people.
func rota(tb testing.TB, starts, shift, zone string) *policy.Rota {
	tb.Helper()
	text := strings.NewReplacer(
		"people: [anna, ben]", "people: [anna, ben, cora]\n    shift: "+shift,
		"rotas:", "  - {name: cora, phone: \"+491511234569\"}\nrotas:",
		"2026-01-05T09:00:00", starts, "Europe/Berlin", zone).Replace(base)
	return mustParse(tb, text).Rotas()[0]
}

func utc(text string) time.Time {
	t, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

// list writes shifts in UTC.
func list(shifts []policy.Shift) []string {
	var lines []string
	for _, s := range shifts {
		const layout = "2006-01-02T15:04"
		lines = append(lines, fmt.Sprintf("%s %s %s", s.Person.Name, s.From.UTC().Format(layout), s.To.UTC().Format(layout)))
	}
	return lines
}

func TestShifts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, starts, shift, zone, now string
		want                           []string
	}{
		{"the first moment", "2026-01-05T09:00", "1w", "UTC", "2026-01-05T09:00", []string{
			"anna 2026-01-05T09:00 2026-01-12T09:00", "ben 2026-01-12T09:00 2026-01-19T09:00", "cora 2026-01-19T09:00 2026-01-26T09:00", "anna 2026-01-26T09:00 2026-02-02T09:00",
		}},
		{"before the first", "2026-01-05", "1w", "UTC", "2026-01-04T23:59", []string{"cora 2025-12-29T00:00 2026-01-05T00:00", "anna 2026-01-05T00:00 2026-01-12T00:00"}},
		{"Berlin, to summer", "2026-01-05T09:00", "1w", "Europe/Berlin", "2026-03-29T12:00", []string{
			// Weeks 11 and 12: the week of the change is an hour short, local time is 09:00 all the same.
			"cora 2026-03-23T08:00 2026-03-30T07:00", "anna 2026-03-30T07:00 2026-04-06T07:00",
		}},
		{"Berlin, to winter", "2026-01-05T09:00", "1w", "Europe/Berlin", "2026-10-25T12:00", []string{
			"cora 2026-10-19T07:00 2026-10-26T08:00", "anna 2026-10-26T08:00 2026-11-02T08:00",
		}},
		{"Berlin, twelve hours over the change", "2026-03-28T08:00", "12h", "Europe/Berlin", "2026-03-28T20:00", []string{
			"ben 2026-03-28T19:00 2026-03-29T06:00", "cora 2026-03-29T06:00 2026-03-29T18:00",
		}},
		{"Berlin, begins in the hour that is left out", "2026-03-28T02:30", "1d", "Europe/Berlin", "2026-03-29T00:59", []string{
			// 02:30 does not exist on the 29th: the shift begins with the change, at 03:00.
			"anna 2026-03-28T01:30 2026-03-29T01:00", "ben 2026-03-29T01:00 2026-03-30T00:30",
		}},
		{"Berlin, is left out", "2026-03-29T00:00", "1h", "Europe/Berlin", "2026-03-29T00:30", []string{
			// 02:00 to 03:00 does not exist, so cora's hour is nobody's.
			"ben 2026-03-29T00:00 2026-03-29T01:00", "anna 2026-03-29T01:00 2026-03-29T02:00",
		}},
		{"Berlin, begins in the hour that is there twice", "2026-10-24T02:30", "1d", "Europe/Berlin", "2026-10-25T00:29", []string{
			"anna 2026-10-24T00:30 2026-10-25T00:30", "ben 2026-10-25T00:30 2026-10-26T01:30",
		}},
		{"Berlin, the second time of that hour", "2026-10-24T02:30", "1d", "Europe/Berlin", "2026-10-25T01:10", []string{
			// 02:10 again: ben's shift has begun at 02:30 already.
			"ben 2026-10-25T00:30 2026-10-26T01:30",
		}},
		{"Berlin, the last day of a leap year", "2026-01-05T09:00", "12h", "Europe/Berlin", "2040-12-31T12:00", []string{
			"ben 2040-12-31T08:00 2040-12-31T20:00", "cora 2040-12-31T20:00 2041-01-01T08:00",
		}},
		{"far past", "2026-01-05T09:00", "1w", "UTC", "1000-01-01T00:00", []string{"anna 0999-12-30T09:00 1000-01-06T09:00"}},
		{"far future", "2026-01-05T09:00", "1w", "Europe/Berlin", "9000-07-01T00:00", []string{"cora 9000-06-30T07:00 9000-07-07T07:00"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rota(t, tt.starts, tt.shift, tt.zone)
			if diff := cmp.Diff(tt.want, list(r.Shifts(utc(tt.now), len(tt.want)))); diff != "" {
				t.Errorf("Shifts (-want +got):\n%s", diff)
			}
			if got := list([]policy.Shift{r.OnCall(utc(tt.now))}); got[0] != tt.want[0] {
				t.Errorf("OnCall = %s, want %s", got[0], tt.want[0])
			}
		})
	}
}

// Each moment belongs to exactly one shift, shifts follow one another without a
// gap, in turn, and begin at the same local time.
func TestRotaProperties(t *testing.T) {
	t.Parallel()
	turn := map[string]string{"anna": "ben", "ben": "cora", "cora": "anna"}
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca"} {
		for _, shift := range []string{"1h", "8h", "12h", "1d", "1w"} {
			t.Run(zone+" "+shift, func(t *testing.T) {
				t.Parallel()
				r := rota(t, "2026-01-05T09:00", shift, zone)
				rapid.Check(t, func(rt *rapid.T) {
					from, to := utc("1900-01-01T00:00").Unix(), utc("2200-01-01T00:00").Unix()
					now := time.Unix(rapid.Int64Range(from, to).Draw(rt, "now"), rapid.Int64Range(0, 999_999_999).Draw(rt, "ns"))
					checkShift(rt, r, now, turn)
				})
			})
		}
	}
}

func checkShift(t *rapid.T, r *policy.Rota, now time.Time, turn map[string]string) {
	s := r.OnCall(now)
	if now.Before(s.From) || !now.Before(s.To) {
		t.Fatalf("%v is not in %v", now, s)
	}
	if last := r.OnCall(s.To.Add(-1)); last != s {
		t.Fatalf("at its end %v is %v", s, last)
	}
	next := r.OnCall(s.To)
	if !next.From.Equal(s.To) {
		t.Fatalf("after %v comes %v", s, next)
	}
	if got := r.Shifts(now, 2); got[0] != s || got[1] != next {
		t.Fatalf("Shifts = %v, want %v and %v", got, s, next)
	}
	// Over a change of the clock, a local time may be left out, and a short shift with it.
	_, before := s.From.Add(-24 * time.Hour).Zone()
	_, after := next.To.Add(24 * time.Hour).Zone()
	if before != after {
		return
	}
	if want := turn[s.Person.Name]; next.Person.Name != want {
		t.Fatalf("after %s comes %s, want %s", s.Person.Name, next.Person.Name, want)
	}
	if s.From.Minute() != 0 || s.To.Sub(s.From) >= 24*time.Hour && s.From.Hour() != 9 {
		t.Fatalf("%v begins at another local time", s)
	}
}

func TestNotBefore(t *testing.T) {
	t.Parallel()
	const hours = `quiet_hours:
  - {receivers: [tickets], days: [sat, sun], time_zone: Europe/Berlin}
  - {receivers: all, from: "22:00", to: "07:00", time_zone: Europe/Berlin}
  - {receivers: [log], days: [fri], from: "23:30", to: "24:00", time_zone: UTC}
`
	text, _, _ := strings.Cut(base, "quiet_hours:")
	p := mustParse(t, text+hours)
	for _, tt := range []struct {
		name, receiver string
		severity       alert.Severity
		now, want      string
	}{
		{"by day", "tickets", alert.Warning, "2026-01-07T12:00", "2026-01-07T12:00"},
		{"at night", "tickets", alert.Warning, "2026-01-07T22:00", "2026-01-08T06:00"},
		{"in the morning", "tickets", alert.Warning, "2026-01-08T05:59", "2026-01-08T06:00"},
		{"at the end", "tickets", alert.Warning, "2026-01-08T06:00", "2026-01-08T06:00"},
		{"critical", "tickets", alert.Critical, "2026-01-07T22:00", "2026-01-07T22:00"},
		{"unknown severity", "tickets", "loud", "2026-01-07T22:00", "2026-01-08T06:00"},
		{"another receiver on Saturday", "log", alert.Info, "2026-01-10T12:00", "2026-01-10T12:00"},
		{"Friday night, weekend, Monday morning", "tickets", alert.Warning, "2026-01-09T21:30", "2026-01-12T06:00"},
		{"over the change to summer", "tickets", alert.Info, "2026-03-28T12:00", "2026-03-30T05:00"},
		{"over the change to winter", "tickets", alert.Info, "2026-10-24T12:00", "2026-10-26T06:00"},
		{"nobody's", "nobody", alert.Info, "2026-01-07T22:00", "2026-01-07T22:00"},
	} {
		if got := p.NotBefore(tt.receiver, tt.severity, utc(tt.now)); !got.Equal(utc(tt.want)) {
			t.Errorf("%s: NotBefore = %v, want %s", tt.name, got.UTC(), tt.want)
		}
	}
}

// What waits does not wait for ever, and not again when the wait is over.
func TestQuietHoursEnd(t *testing.T) {
	t.Parallel()
	p := mustParse(t, strings.Replace(base, "days: [sat, sun]}", `from: "02:30", to: "02:00", time_zone: Europe/Berlin}`, 1))
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(utc("2020-01-01T00:00").Unix(), utc("2040-01-01T00:00").Unix()).Draw(t, "now"), 0)
		until := p.NotBefore("tickets", alert.Warning, now)
		if until.Before(now) || until.Sub(now) > 49*time.Hour {
			t.Fatalf("NotBefore(%v) = %v", now, until)
		}
		if again := p.NotBefore("tickets", alert.Warning, until); !again.Equal(until) {
			t.Fatalf("NotBefore(%v) = %v, and then %v", now, until, again)
		}
	})
}
