package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/router/policy"
)

// base is right; each test below makes it wrong in one place. Lines are counted
// from 1.
const base = `people:
  - {name: anna, phone: "+491511234567"}
  - {name: ben, phone: "+491511234568"}
rotas:
  - name: shop
    people: [anna, ben]
    starts: 2026-01-05T09:00:00
    time_zone: Europe/Berlin
providers:
  - {name: main, twilio: {account_sid: AC1, auth_token: {env: PATH}, from: Shop}}
receivers:
  - name: oncall
    sms:
      providers: [main]
      escalation: [shop, shop+1]
  - name: tickets
    ticket: {board: {}}
  - name: log
    log: {}
routes:
  - matchers: [team="payments"]
    warning: [oncall]
  - critical: [oncall]
    warning: [tickets]
    info: [log]
quiet_hours:
  - {receivers: [tickets], days: [sat, sun]}
`

// parse returns what is wrong, one line each.
func parse(text string) []string {
	_, err := policy.Parse("a.yml", []byte(text))
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestParseNamesLineFieldAndRemedy(t *testing.T) {
	t.Parallel()
	if errs := parse(base); errs != nil {
		t.Fatalf("the file that all tests begin with is wrong: %q", errs)
	}
	for _, tt := range []struct{ name, old, by, want string }{
		{"unknown key", "routes:", "rout: 1\nroutes:", "a.yml:20: rout: unknown key: did you mean routes?"},
		{"unknown key of an entry", "    people: [anna", "    poeple: [anna", "a.yml:6: rotas[0].poeple: unknown key: did you mean people?"},
		{"nothing like it", "log: {}", "log: {zzz: 1}", "a.yml:19: receivers[2].log.zzz: unknown key: use one of file"},
		{"key of a provider", "account_sid", "acount_sid", "a.yml:10: providers[0].twilio.acount_sid: unknown key: did you mean account_sid?"},
		{"key of a library", "quiet_hours:", "silences: {http: {basic_auht: {}}}\nquiet_hours:", "a.yml:26: silences.http.basic_auht: unknown key: did you mean basic_auth?"},
		{"key of a secret", "{env: PATH}", "{envv: PATH}", `a.yml:10: providers[0].twilio.auth_token: unknown field "envv" of a secret: write {file: PATH} or {env: NAME}`},
		{"twice a key", "    info: [log]", "    info: [log]\n    info: [log]", "a.yml:26: routes[1].info: is given twice: keep one of them"},
		{"empty", "log: {}", "log:", "a.yml:19: receivers[2].log: is empty: give a value ({} for a section without keys), or leave the key out"},
		{"no list", "[team=\"payments\"]", "team=\"payments\"", "a.yml:21: routes[0].matchers: a single value where a list belongs: write [a, b], or one entry per line after \"- \""},
		{"no section", "{receivers: [tickets], days: [sat, sun]}", "[tickets]", "a.yml:27: quiet_hours[0]: a list where keys and values belong"},
		{"no number", "log: {}", "log: {}\n    concurrency: many", "a.yml:20: receivers[2].concurrency: is no whole number"},
		{"no duration", "quiet_hours:", "stale_after: soon\nquiet_hours:", `a.yml:26: stale_after: "soon" is no duration: write a number with its unit, such as 30s, 10m, 1h30m, 3d or 2w`},
		{"negative duration", "quiet_hours:", "stale_after: -1h\nquiet_hours:", `a.yml:26: stale_after: "-1h" is no duration: write a number with its unit, such as 30s, 10m, 1h30m, 3d or 2w`},
		{"zero duration", "quiet_hours:", "retry: {first: 0s}\nquiet_hours:", "a.yml:26: retry.first: must be more than 0"},
		{"order of durations", "quiet_hours:", "retry: {first: 2m}\nquiet_hours:", "a.yml:26: retry.first: is longer than retry.longest, which is 1m"},
		{"duplicate person", "{name: ben, ", "{name: anna, ", "a.yml:3: people[1].name: anna is there already, as people[0]"},
		{"person without name", "{name: ben, ", "{", "a.yml:3: people[1].name: is missing: others refer to it by name"},
		{"odd name", "name: log", "name: l og", `a.yml:18: receivers[2].name: "l og" is no name: use letters, digits, - . and _, and begin with a letter or digit`},
		{"receiver all", "name: log", "name: all", "a.yml:18: receivers[2].name: all means every receiver: choose another name"},
		{"rota like a person", "name: shop", "name: anna", "a.yml:5: rotas[0].name: anna is a person: an escalation could mean either"},
		{"national number", "+491511234568", "01511234568", `a.yml:3: people[1].phone: "01511234568" is no phone number: write + and country code, then digits only, as "+4915112345678"`},
		{"same number", "+491511234568", "+491511234567", "a.yml:3: people[1].phone: is the number of anna: an answer from it could be of either"},
		{"unknown in rota", "people: [anna, ben]", "people: [anna, bne]", `a.yml:6: rotas[0].people[1]: "bne" is not among the people: did you mean ben?`},
		{"nobody in rota", "people: [anna, ben]", "people: []", "a.yml:6: rotas[0].people: nobody is in the rota: name those who take turns, such as [anna, ben]"},
		{"twice in rota", "people: [anna, ben]", "people: [anna, ben, ben]", "a.yml:6: rotas[0].people[2]: ben is in the list already"},
		{"time with zone", "2026-01-05T09:00:00", "2026-01-05T09:00:00Z", `a.yml:7: rotas[0].starts: "2026-01-05T09:00:00Z" is no local time: write it as 2026-01-05T09:00:00, without time zone, for which there is time_zone`},
		{"short shift", "    starts", "    shift: 30m\n    starts", "a.yml:7: rotas[0].shift: 30m: want an hour or more, in whole minutes"},
		{"time zone", "Europe/Berlin", "Europe/Bärlin", `a.yml:8: rotas[0].time_zone: "Europe/Bärlin" is no time zone: write one of the IANA database, such as Europe/Berlin or UTC`},
		{"time zone of the machine", "Europe/Berlin", "Local", `a.yml:8: rotas[0].time_zone: "Local" is no time zone: write one of the IANA database, such as Europe/Berlin or UTC`},
		{"secret that is not there", "{env: PATH}", "{env: NOT_SET_ANYWHERE}", "a.yml:10: providers[0].twilio.auth_token: read secret: environment variable NOT_SET_ANYWHERE is not set"},
		{"two kinds", "log: {}", "log: {}\n    ticket: {board: {}}", "a.yml:18: receivers[2]: has 2 of sms, ticket and log: want exactly one"},
		{"no duration of a receiver", "{board: {}}", "{board: {}, reopen_within: soon}", `a.yml:17: receivers[1].ticket.reopen_within: not a valid duration string: "soon"`},
		{"negative rate", "log: {}", "log: {}\n    rate_per_second: -1", "a.yml:20: receivers[2].rate_per_second: want more than 0, or 0 for no limit"},
		{"no concurrency", "log: {}", "log: {}\n    concurrency: 0", "a.yml:20: receivers[2].concurrency: want 1 to 100"},
		{"no provider", "      providers: [main]\n", "      providers: [main, backup]\n", `a.yml:14: receivers[0].sms.providers[1]: "backup" is not among the providers: use one of main`},
		{"nobody to tell", "      escalation: [shop, shop+1]\n", "      escalation: []\n", "a.yml:15: receivers[0].sms.escalation: nobody is told: name people or rotas, such as [shop-oncall, ben]"},
		{"unknown to tell", "shop+1]", "ana]", `a.yml:15: receivers[0].sms.escalation[1]: "ana" is neither a person nor a rota: did you mean anna?`},
		{"as many turns ahead as people", "shop+1]", "shop+2]", `a.yml:15: receivers[0].sms.escalation[1]: "shop+2": after + comes how many turns ahead, at least 1 and less than the 2 who are in the rota`},
		{"turns of a person", "shop+1]", "anna+1]", `a.yml:15: receivers[0].sms.escalation[1]: "anna+1": turns ahead are for rotas, and anna is a person`},
		{"budget", "      escalation", "      budget: {per_minute: 6}\n      escalation", "a.yml:15: receivers[0].sms.budget: want per_minute <= per_15_minutes <= per_hour, but they are 6, 5 and 11"},
		{"no budget", "      escalation", "      budget: {per_minute: 0}\n      escalation", "a.yml:15: receivers[0].sms.budget.per_minute: want at least 1: with less, nobody is ever told"},
		{"unknown receiver", "info: [log]", "info: [log, lgo]", `a.yml:25: routes[1].info[1]: "lgo" is not among the receivers: did you mean log?`},
		{"severity to nobody", "info: [log]", "info: []", "a.yml:25: routes[1].info: names nobody, so the alert would be lost: name a receiver with log: {}, or leave the key out to let a later route decide"},
		{"critical without SMS", "critical: [oncall]", "critical: [tickets, log]", "a.yml:23: routes[1].critical: wakes nobody: none of these receivers sends SMS; add one that does, or say critical_without_sms: true"},
		{"needless exception", "critical: [oncall]", "critical_without_sms: true\n    critical: [oncall]", "a.yml:23: routes[1].critical_without_sms: has no effect here: take it out"},
		{"no matcher", `[team="payments"]`, `["team:payments"]`, `a.yml:21: routes[0].matchers[0]: "team:payments" is no matcher: end of input: expected an operator such as '=', '!=', '=~' or '!~'; write it as team="payments", with =, !=, =~ or !~`},
		{"bad pattern", `[team="payments"]`, `['team=~"("']`, "a.yml:21: routes[0].matchers[0]: \"team=~\\\"(\\\"\" is no matcher: failed to create matcher: error parsing regexp: missing closing ): `^(?:()$`; write it as team=\"payments\", with =, !=, =~ or !~"},
		{"unknown day", "days: [sat, sun]", "days: [sat, sum]", `a.yml:27: quiet_hours[0].days[1]: "sum" is no day: did you mean sun?`},
		{"no hours", ", days: [sat, sun]}", "}", `a.yml:27: quiet_hours[0]: has neither days nor hours: say when it is quiet, such as days: [sat, sun], or from: "22:00" and to: "07:00"`},
		{"half of hours", "days: [sat, sun]}", `from: "22:00"}`, "a.yml:27: quiet_hours[0]: has only one of from and to: give both, or none for whole days"},
		{"no time", "days: [sat, sun]}", `from: "25:00", to: "07:00"}`, `a.yml:27: quiet_hours[0].from: "25:00" is no time of day: write it as "07:30", in quotes`},
		{"hours of nothing", "days: [sat, sun]}", `from: "07:00", to: "07:00"}`, "a.yml:27: quiet_hours[0].to: is the same as from: for whole days, leave out both"},
		{"for ever quiet", "days: [sat, sun]}", `from: "00:00", to: "24:00"}`, "a.yml:26: quiet_hours: they never end for tickets: leave out a day or an hour, or take the receiver out of the routes"},
		{"quiet for a stranger", "{receivers: [tickets],", "{receivers: [ticket],", `a.yml:27: quiet_hours[0].receivers[0]: "ticket" is not among the receivers: did you mean tickets?`},
		{"quiet for nobody", "{receivers: [tickets],", "{receivers: [],", "a.yml:27: quiet_hours[0].receivers: names nobody: write all, or a list such as [tickets]"},
		{"watchdog for a word", "quiet_hours:", "watchdog: {receivers: everybody}\nquiet_hours:", "a.yml:26: watchdog.receivers: a single value where receivers belong: write all, or a list such as [tickets, log]"},
		{"external URL", "quiet_hours:", "external_url: example.org\nquiet_hours:", `a.yml:26: external_url: "example.org" is no absolute http or https URL`},
		{"external URL with query", "quiet_hours:", "external_url: http://x/?a\nquiet_hours:", "a.yml:26: external_url: the URL must end with its path: take out what follows ? or #"},
		{"Alertmanager", "quiet_hours:", "alertmanagers: [alertmanager:9093]\nquiet_hours:", `a.yml:26: alertmanagers[0]: "alertmanager:9093" is no absolute http or https URL`},
		{"HTTP to nobody", "quiet_hours:", "silences: {http: {}}\nquiet_hours:", "a.yml:26: silences.http: has no effect without alertmanagers: name them, or take it out"},
		{"webhook without token", "quiet_hours:", "webhook: {}\nquiet_hours:", "a.yml:26: webhook.token: is missing: write {file: PATH} or {env: NAME}"},
		{"unused provider", "receivers:\n  - name", "  - {name: backup, twilio: {account_sid: AC1, auth_token: {env: PATH}, from: Shop}}\nreceivers:\n  - name", "a.yml:11: providers[1]: no receiver uses provider backup: name it in the providers of one, or take it out"},
		{"unused rota", "[shop, shop+1]", "[anna]", "a.yml:5: rotas[0]: no receiver uses rota shop: name it in the escalation of one, or take it out"},
		{"unused receiver", "info: [log]", "info: [tickets]", "a.yml:18: receivers[2]: no route reaches receiver log: name it in one, or take it out"},
		{"not YAML", "log: {}", "log: {", "a.yml:20: not YAML: did not find expected node content: check indentation, brackets and quotes there"},
		{"two files in one", "quiet_hours:", "---\nquiet_hours:", "a.yml:26: more than one document: take out what follows ---"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(base, tt.old, tt.by, 1)
			if text == base {
				t.Fatalf("%q is not in the file", tt.old)
			}
			if diff := cmp.Diff([]string{tt.want}, parse(text)); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

// What receivers say about their sections is theirs; where it is, is ours.
func TestParseGivesWordToTheReceivers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ old, by, want string }{
		{"{board: {}}", "{}", "a.yml:17: receivers[1].ticket"},
		{"{board: {}}", "{board: {}, gitea: {}}", "a.yml:17: receivers[1].ticket"},
		{", auth_token: {env: PATH}", "", "a.yml:10: providers[0].twilio.auth_token: is missing"},
		{", twilio: {account_sid: AC1, auth_token: {env: PATH}, from: Shop}", "", "a.yml:10: providers[0]."},
	} {
		if errs := parse(strings.Replace(base, tt.old, tt.by, 1)); len(errs) == 0 || !strings.HasPrefix(errs[0], tt.want) {
			t.Errorf("with %q: Parse = %q, want %q", tt.by, errs, tt.want)
		}
	}
}

func TestParseFindsAllErrorsAtOnceInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("+491511234568", "0", "Europe/Berlin", "Nowhere", "providers: [main]", "provider: [main]", "info: [log]", "info: [lag]").Replace(base)
	_, err := policy.Parse("a.yml", []byte(text))
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		t.Fatalf("Parse = %v, want joined errors", err)
	}
	var got []string
	for _, e := range joined.Unwrap() {
		var at *policy.Error
		if !errors.As(e, &at) {
			t.Fatalf("%v has no line", e)
		}
		got = append(got, at.Field)
	}
	want := []string{"people[1].phone", "rotas[0].time_zone", "receivers[0].sms.provider", "routes[1].info[0]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s\n%v", diff, err)
	}
}

func TestParseBoundsWhatItReads(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("#", 1<<20) + "\n" + base
	if errs := parse(large); len(errs) != 1 || !strings.Contains(errs[0], "larger than 1 MiB") {
		t.Errorf("Parse(1 MiB) = %q", errs)
	}
	list := "[" + strings.Repeat("a,", 1000) + "a]"
	aliases := "routes:\n- warning: &w " + list + "\n" + strings.Repeat("- warning: *w\n", 1000)
	if errs := parse(aliases); !strings.Contains(errs[0], "use fewer aliases") {
		t.Errorf("Parse(a million aliases) = %q", errs[0])
	}
}

func TestAliasesAreUnderstood(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("escalation: [shop, shop+1]", "escalation: &who [shop, shop+1]",
		"quiet_hours:", "  - name: other\n    sms: {providers: [main], escalation: *who}\nquiet_hours:").Replace(base)
	text = strings.Replace(text, "  - name: other\n    sms: {providers: [main], escalation: *who}\n", "", 1)
	text = strings.Replace(text, "  - name: tickets\n", "  - name: other\n    sms: {providers: [main], escalation: *who}\n  - name: tickets\n", 1)
	text = strings.Replace(text, "critical: [oncall]", "critical: [oncall, other]", 1)
	if errs := parse(text); errs != nil {
		t.Errorf("Parse = %q", errs)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add("{}")
	f.Add(base)
	f.Add(fullExample(f))
	f.Add("people: &a [*a]")
	f.Add("receivers: [null, {name: x, sms: {providers: [phone]}}]\nroutes: [{matchers: ['a=~\"[a-z]|b?\"', 'a!=\"b\"'], critical: [x]}, {warning: [x], info: [x], critical: [x]}]")
	f.Add("silences: {http: {tls_config: {ca: x}}}\nlinks: {<<: {valid_for: 1w}}")
	f.Add(strings.Replace(base, "Europe/Berlin", "Pacific/Apia", 1))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := policy.Parse("a.yml", []byte(text))
		if (p == nil) == (err == nil) {
			t.Fatalf("Parse = %v, %v: want a policy or an error", p, err)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "a.yml:") {
				t.Errorf("error has no place: %v", err)
			}
			return
		}
		decides(t, p)
	})
}
