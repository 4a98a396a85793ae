package silence_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/alertmanager/pkg/labels"
	"pgregory.net/rapid"

	"goldensignals/internal/alert"
	"goldensignals/internal/router/silence"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return noon.Add(d) }

func is(name, value string) alert.Matcher {
	return alert.Matcher{Name: name, Value: value, IsEqual: true}
}

// firing returns an alert of a service that began at a time after noon.
func firing(name, service string, began time.Duration) silence.Alert {
	return silence.Alert{Labels: alert.Labels{"alertname": name, "service": service, "severity": "critical"}, StartsAt: at(began), State: "active"}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	regex := func(name, value string) alert.Matcher {
		return alert.Matcher{Name: name, Value: value, IsRegex: true, IsEqual: true}
	}
	not := func(m alert.Matcher) alert.Matcher { m.IsEqual = false; return m }
	labelSet := alert.Labels{"service": "shop", "path": "a\nb"}
	for _, tt := range []struct {
		name     string
		matchers []alert.Matcher
		want     bool
	}{
		{"equal", []alert.Matcher{is("service", "shop")}, true},
		{"all must match", []alert.Matcher{is("service", "shop"), is("path", "x")}, false},
		{"part of the value", []alert.Matcher{regex("service", "sho")}, false},
		{"alternatives are anchored, at the end", []alert.Matcher{regex("service", "sho|x")}, false},
		{"alternatives are anchored, at the start", []alert.Matcher{regex("service", "x|hop")}, false},
		{"an alternative", []alert.Matcher{regex("service", "x|shop")}, true},
		{"a dot is no line break", []alert.Matcher{regex("path", "a.b")}, false},
		{"not equal", []alert.Matcher{not(is("service", "auth"))}, true},
		{"not equal to a missing label", []alert.Matcher{not(is("missing", "x"))}, true},
		{"not the regex", []alert.Matcher{not(regex("service", "s.*"))}, false},
		{"a missing label is empty", []alert.Matcher{is("missing", "")}, true},
		{"a missing label and a regex", []alert.Matcher{regex("missing", ".*")}, true},
		{"an invalid regex", []alert.Matcher{regex("service", "[")}, false},
		{"not an invalid regex", []alert.Matcher{not(regex("service", "["))}, false},
		{"no matchers", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := silence.Matches(tt.matchers, labelSet); got != tt.want {
				t.Errorf("Matches = %v", got)
			}
		})
	}
}

// TestMatchesAsAlertmanager compares with Alertmanager's own matchers.
func TestMatchesAsAlertmanager(t *testing.T) {
	t.Parallel()
	name := rapid.SampledFrom([]string{"a", "b", "missing", "ü.x"})
	value := rapid.OneOf(
		rapid.SampledFrom([]string{"", "x", "xy", "x|y", "x.*", ".*", ".+", "^x$", "(x|)", "(?i)X", "a\nb", "x)(y", "[", `\Qx`, "x|y)|(?:z"}),
		rapid.StringOfN(rapid.RuneFrom([]rune(`xy.*+|()[]^$\?`)), 0, 6, -1),
	)
	rapid.Check(t, func(t *rapid.T) {
		labelSet := alert.Labels(rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "ü.x"}), value).Draw(t, "labels"))
		ours := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) alert.Matcher {
			return alert.Matcher{Name: name.Draw(t, "name"), Value: value.Draw(t, "value"), IsRegex: rapid.Bool().Draw(t, "regex"), IsEqual: rapid.Bool().Draw(t, "equal")}
		}), 1, 4).Draw(t, "matchers")
		want := true
		for _, m := range ours {
			kind := map[[2]bool]labels.MatchType{
				{false, true}: labels.MatchEqual, {false, false}: labels.MatchNotEqual,
				{true, true}: labels.MatchRegexp, {true, false}: labels.MatchNotRegexp,
			}[[2]bool{m.IsRegex, m.IsEqual}]
			theirs, err := labels.NewMatcher(kind, m.Name, m.Value)
			if err != nil { // Alertmanager refuses the silence
				want = false
				break
			}
			want = want && theirs.Matches(labelSet[m.Name])
		}
		if got := silence.Matches(ours, labelSet); got != want {
			t.Fatalf("Matches(%v, %v) = %v, Alertmanager says %v", ours, labelSet, got, want)
		}
	})
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	alertOfService := silence.Choice{Name: "alert-of-service", Text: "ErrorsHigh of shop", Matchers: []alert.Matcher{is("alertname", "ErrorsHigh"), is("service", "shop")}}
	severityOfService := silence.Choice{Name: "severity-of-service", Text: "everything critical of shop", Matchers: []alert.Matcher{is("service", "shop"), is("severity", "critical")}}
	everywhere := silence.Choice{Name: "alert-everywhere", Text: "ErrorsHigh everywhere", Matchers: []alert.Matcher{is("alertname", "ErrorsHigh")}}
	for _, tt := range []struct {
		name   string
		labels alert.Labels
		want   []silence.Choice
	}{
		{"everything", alert.Labels{"alertname": "ErrorsHigh", "service": "shop", "severity": "critical", "job": "x"}, []silence.Choice{alertOfService, severityOfService, everywhere}},
		{"several alerts", alert.Labels{"service": "shop", "severity": "critical"}, []silence.Choice{severityOfService}},
		{"several services", alert.Labels{"alertname": "ErrorsHigh", "severity": "critical"}, []silence.Choice{everywhere}},
		{"several severities", alert.Labels{"alertname": "ErrorsHigh", "service": "shop"}, []silence.Choice{alertOfService, everywhere}},
		{"something else", alert.Labels{"cluster": "eu", "severity": "critical", "empty": ""}, []silence.Choice{{
			Name: "in-common", Text: `everything with {cluster="eu", empty="", severity="critical"}`, Matchers: []alert.Matcher{is("cluster", "eu"), is("severity", "critical")},
		}}},
		{"only a severity", alert.Labels{"severity": "critical", "service": ""}, nil},
		{"nothing", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := silence.Suggest(tt.labels)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			for _, c := range got { // what is offered is also accepted
				s := alert.Silence{Matchers: c.Matchers, StartsAt: noon, EndsAt: at(time.Hour), CreatedBy: "anna", Comment: "x"}
				if err := silence.Check(s, noon, silence.Limits{}); err != nil || !silence.Matches(c.Matchers, tt.labels) {
					t.Errorf("%s: %v", c.Name, err)
				}
			}
		})
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	errs, slow, other, bare := firing("ErrorsHigh", "shop", 0), firing("Slow", "shop", 0), firing("ErrorsHigh", "auth", 0), firing("Bare", "", 0)
	all := []silence.Alert{errs, slow, other, bare}
	for _, tt := range []struct {
		name       string
		matchers   []alert.Matcher
		incident   alert.Labels
		mutes, not []silence.Alert
	}{
		{"one alert of the service", []alert.Matcher{is("alertname", "ErrorsHigh"), is("service", "shop")}, errs.Labels, []silence.Alert{errs}, []silence.Alert{slow}},
		{"the service", []alert.Matcher{is("service", "shop")}, errs.Labels, []silence.Alert{errs, slow}, nil},
		{"everywhere", []alert.Matcher{is("alertname", "ErrorsHigh")}, errs.Labels, []silence.Alert{errs, other}, []silence.Alert{slow}},
		{"no service", []alert.Matcher{is("alertname", "Bare")}, alert.Labels{"alertname": "Bare"}, []silence.Alert{bare}, nil},
		{"bad regex", []alert.Matcher{{Name: "service", Value: "[", IsRegex: true}}, errs.Labels, nil, []silence.Alert{errs, slow}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mutes, not := silence.Preview(tt.matchers, all, tt.incident)
			if d := cmp.Diff([][]silence.Alert{tt.mutes, tt.not}, [][]silence.Alert{mutes, not}); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		edit func(*alert.Silence)
		want string // in the error; "" for none
	}{
		{"good", func(*alert.Silence) {}, ""},
		{"as long as allowed", func(s *alert.Silence) { s.EndsAt = at(24 * time.Hour) }, ""},
		{"begun long ago, extended", func(s *alert.Silence) { s.StartsAt, s.EndsAt = at(-23*time.Hour), at(20*time.Hour) }, ""},
		{"starts later", func(s *alert.Silence) { s.StartsAt, s.EndsAt = at(48*time.Hour), at(50*time.Hour) }, ""},
		{"with a regex besides", func(s *alert.Silence) {
			s.Matchers = append(s.Matchers, alert.Matcher{Name: "x", Value: "a|b", IsRegex: true, IsEqual: true})
		}, ""},

		{"no matchers", func(s *alert.Silence) { s.Matchers = nil }, "could mute everything"},
		{"only a severity", func(s *alert.Silence) { s.Matchers = []alert.Matcher{is("severity", "critical")} }, "could mute everything"},
		{"only a label that is missing", func(s *alert.Silence) { s.Matchers = []alert.Matcher{is("service", "")} }, "could mute everything"},
		{"only a regex", func(s *alert.Silence) {
			s.Matchers = []alert.Matcher{{Name: "service", Value: "shop", IsRegex: true, IsEqual: true}}
		}, "could mute everything"},
		{"only !=", func(s *alert.Silence) { s.Matchers = []alert.Matcher{{Name: "service", Value: "shop"}} }, "could mute everything"},
		{"no name", func(s *alert.Silence) { s.Matchers = append(s.Matchers, is("", "x")) }, "matcher 2 has no label name"},
		{"long value", func(s *alert.Silence) { s.Matchers = append(s.Matchers, is("x", strings.Repeat("x", 257))) }, "matcher 2 is too long"},
		{"long name", func(s *alert.Silence) { s.Matchers = append(s.Matchers, is(strings.Repeat("x", 257), "x")) }, "matcher 2 is too long"},
		{"bad regex", func(s *alert.Silence) {
			s.Matchers = append(s.Matchers, alert.Matcher{Name: "path", Value: "[", IsRegex: true, IsEqual: true})
		}, "regular expression of path is not valid"},
		{"many matchers", func(s *alert.Silence) {
			for range 20 {
				s.Matchers = append(s.Matchers, is("x", "y"))
			}
		}, "at most 20"},
		{"too long", func(s *alert.Silence) { s.EndsAt = at(24*time.Hour + 1) }, "more than 24 h"},
		{"ends as it starts", func(s *alert.Silence) { s.EndsAt = s.StartsAt }, "end before it starts"},
		{"over", func(s *alert.Silence) { s.StartsAt, s.EndsAt = at(-2*time.Hour), noon }, "over already"},
		{"nobody", func(s *alert.Silence) { s.CreatedBy = " \t" }, "your name is missing"},
		{"a long name", func(s *alert.Silence) { s.CreatedBy = strings.Repeat("x", 101) }, "at most 100"},
		{"no comment", func(s *alert.Silence) { s.Comment = "" }, "the comment is missing"},
		{"a long comment", func(s *alert.Silence) { s.Comment = strings.Repeat("x", 1001) }, "at most 1000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := alert.Silence{Matchers: []alert.Matcher{is("service", "shop")}, StartsAt: noon, EndsAt: at(time.Hour), CreatedBy: "anna", Comment: "known"}
			tt.edit(&s)
			err := silence.Check(s, noon, silence.Limits{Longest: 24 * time.Hour})
			if (err != nil) != (tt.want != "") || err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("Check = %v, want only %q", err, tt.want)
			}
		})
	}
	all := silence.Check(alert.Silence{}, noon, silence.Limits{})
	if got := strings.Count(all.Error(), "\n") + 1; got != 4 {
		t.Errorf("an empty silence has %d errors, want all 4: %v", got, all)
	}
	week := alert.Silence{Matchers: []alert.Matcher{is("a", "b")}, StartsAt: noon, EndsAt: at(7*24*time.Hour + 1), CreatedBy: "anna", Comment: "x"}
	if err := silence.Check(week, noon, silence.Limits{}); err == nil || !strings.Contains(err.Error(), "7 days") {
		t.Errorf("without a limit: %v, want the default's", err)
	}
}
