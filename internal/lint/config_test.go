package lint_test

import "goldensignals/internal/lint"

func alertmanagerCases() []testCase {
	rules := group(alert("A", "critical", "sum by (service) (requests_total)"), alert("B", "info", "up"))
	with := func(more string) files { return files{"a.rules.yml": rules, "alertmanager.yml": routes(more)} }
	const sound = "  routes:\n  - matchers: [severity=\"critical\"]\n  - matchers: [severity=~\"info|warning\"]\n"
	list := []testCase{
		{check: "alertmanager-load", name: "unknown key", files: files{"am.yml": "route:\n  receiver: r\n  group_weight: 1s\nreceivers:\n- name: r\n"}, want: []string{
			"am.yml:3: Alertmanager does not load it: field group_weight not found in type config.plain; correct it there",
		}},
		{check: "alertmanager-load", name: "unknown receiver", files: with("  routes:\n  - receiver: nobody\n"), want: []string{
			`alertmanager.yml:4: Alertmanager does not load it: undefined receiver "nobody" used in route; correct it there`,
		}},
		{check: "alertmanager-load", name: "empty entry", files: files{"am.yml": routes("  routes:\n  - continue: true\n  -\n")}, want: []string{
			"am.yml:5: Alertmanager does not load it: an entry of the list is empty; correct it there",
		}},
		{check: "alertmanager-load", name: "two keys", files: files{"am.yml": "route: {receiver: r}\nreceivers:\n- name: r\nglobal:\n  smtp_auth_password: a\n  smtp_auth_password_file: b\n  slack_api_url_file: c\n  slack_api_url: http://d\n"}, want: []string{
			"am.yml:7: Alertmanager does not load it: at most one of slack_api_url & slack_api_url_file must be configured; correct it there",
		}},
		{check: "alertmanager-load", name: "no receiver", files: files{"am.yml": "route: {}\n"}, want: []string{
			"am.yml:1: Alertmanager does not load it: root route must specify a default receiver; correct it there",
		}},
		{check: "route-unmatched", name: "no such severity", files: with(sound + "  - matchers: [severity=\"warning\"]\n    routes:\n    - matchers: [team=\"x\"]\n"), want: []string{
			`alertmanager.yml:6: no alert of the rules can match the route {severity="warning"}; correct its matchers or the labels of the rules, or remove it`,
		}},
		{check: "route-unmatched", name: "no such label", files: with("  routes:\n  - matchers: [severity=\"critical\"]\n    routes:\n    - matchers: [zone=\"a\"]\n"), want: []string{
			`alertmanager.yml:6: no alert of the rules can match the route {zone="a"}; correct its matchers or the labels of the rules, or remove it`,
		}},
		{check: "route-unmatched", name: "no rules", files: files{"am.yml": routes(sound + "  - matchers: [severity=\"warning\"]\n")}},
		{check: "route-unmatched", name: "labels of the expression", files: with(sound + "  - matchers: [service=\"x\"]\n  - matchers: [zone=~\"a.*\",severity=\"info\"]\n")},
		{check: "route-shadowed", name: "same and more", files: with("  routes:\n  - matchers: [severity=\"critical\"]\n  - matchers: [service=\"x\",severity=\"critical\"]\n"), want: []string{
			`alertmanager.yml:5: the route {service="x",severity="critical"} is never reached: the one on line 4 takes all that it matches; move it before that one, or give that one continue: true`,
		}},
		{check: "route-shadowed", name: "by its alerts", files: with("  routes:\n  - matchers: [severity!=\"info\"]\n  - matchers: [alertname=\"A\"]\n"), want: []string{
			`alertmanager.yml:5: the route {alertname="A"} is never reached: the one on line 4 takes all that it matches; move it before that one, or give that one continue: true`,
		}},
		{check: "route-shadowed", name: "continue", files: with("  routes:\n  - matchers: [severity=\"critical\"]\n    continue: true\n  - matchers: [service=\"x\",severity=\"critical\"]\n")},
		{check: "route-shadowed", name: "something is left", files: with("  routes:\n  - matchers: [service=\"x\"]\n  - matchers: [severity=\"critical\"]\n")},
		{check: "route-root", name: "no route", files: with("  routes:\n  - matchers: [severity=\"critical\"]\n"), want: []string{
			"alertmanager.yml:2: warning: no route below the root takes B; add a route for it, or correct its labels",
		}},
		{check: "route-root", name: "only the root", files: with("")},
		{check: "route-root", name: "two designs", files: files{
			"a/a.yml": group(alert("A", "critical", "up")), "b/b.yml": group(alert("B", "info", "up")),
			"b/am.yml": routes("  routes:\n  - matchers: [severity=\"info\"]\n"), "c/am.yml": routes("  routes:\n  - matchers: [severity=\"info\"]\n"),
		}, want: []string{"c/am.yml:2: warning: no route below the root takes A; add a route for it, or correct its labels"}},
		{check: "route-root", name: "may have a route", files: with("  routes:\n  - matchers: [severity=\"critical\"]\n  - matchers: [zone=\"x\"]\n")},
		{check: "receiver-unused", name: "unused", files: files{"am.yml": routes("") + "- name: s\n"}, want: []string{
			"am.yml:5: warning: no route uses the receiver s; name it in a route, or remove it",
		}},
		{check: "receiver-unused", name: "below", files: files{"am.yml": routes("  routes:\n  - receiver: s\n") + "- name: s\n"}},
	}
	for _, check := range []string{"alertmanager-load", "route-unmatched", "route-shadowed", "route-root"} {
		list = append(list, testCase{check: check, name: "sound", files: with(sound)})
	}
	return list
}

// inhibition is a configuration whose first rule of inhibition is on line 6.
func inhibition(rules ...string) string {
	text := routes("") + "inhibit_rules:\n"
	for _, r := range rules {
		text += "- " + r + "\n"
	}
	return text
}

func inhibitCases() []testCase {
	// A and B keep the service, C and D nothing, E what nobody knows.
	rules := group(
		alert("A", "critical", "sum by (service) (requests_total{service!=''})"), alert("B", "warning", "sum by (service) (requests_total{service!=''})"),
		alert("C", "critical", "sum(up)"), alert("D", "info", "sum(up)"), alert("E", "info", "{job='x'}"),
	)
	inhibit := func(check, name string, want []string, rules2 ...string) testCase {
		return testCase{check: check, name: name, files: files{"a.rules.yml": rules, "am.yml": inhibition(rules2...)}, want: want}
	}
	const (
		aMutesB = `{name: one, source_matchers: [alertname="A"], target_matchers: [alertname="B"], equal: [service]}`
		bMutesA = `{name: two, source_matchers: [severity="warning"], target_matchers: [alertname="A"], equal: [service]}`
		bMutesC = `{name: three, source_matchers: [alertname="B"], target_matchers: [alertname="C"]}`
		cMutesA = `{name: four, source_matchers: [alertname="C"], target_matchers: [alertname="A"]}`
		eMutesA = `{name: five, source_matchers: [alertname="E",zone="x"], target_matchers: [alertname="A"], equal: [service]}`
		aMutesE = `{name: six, source_matchers: [alertname="A"], target_matchers: [alertname="E",zone="x"], equal: [service]}`
		aMuteE2 = `{name: six, source_matchers: [alertname="A"], target_matchers: [alertname="E",zone="y"], equal: [service]}`
	)
	return []testCase{
		inhibit("inhibit-name", "none", []string{
			"am.yml:7: this inhibition rule has no name, so that nobody can tell why an alert was muted; give it a name that says what mutes what",
		}, aMutesB, `{source_matchers: [alertname="A"], target_matchers: [alertname="C"]}`),
		inhibit("inhibit-name", "twice", []string{
			"am.yml:7: the inhibition rule on line 6 is named one, too; give each a name of its own",
		}, aMutesB, aMutesB),
		inhibit("inhibit-name", "sound", nil, aMutesB, bMutesC),

		inhibit("inhibit-self", "certain", []string{
			"am.yml:6: inhibition rule x: A is source and target at once: it would mute itself, so that Alertmanager never mutes such alerts by one another; exclude it from one side of the rule",
		}, `{name: x, source_matchers: [alertname="A"], target_matchers: [severity="critical"], equal: [service]}`),
		inhibit("inhibit-self", "possible", []string{
			"am.yml:6: warning: inhibition rule x: E may be source and target at once: it would mute itself, so that Alertmanager never mutes such alerts by one another; exclude it from one side of the rule",
		}, `{name: x, source_matchers: [zone="a"], target_matchers: [alertname="E"]}`),
		inhibit("inhibit-self", "sound", nil, aMutesB),
		inhibit("inhibit-self", "values exclude one another", nil, `{name: x, source_matchers: [zone="a"], target_matchers: [alertname="E",zone=~"b|c"]}`),

		inhibit("inhibit-circle", "two", []string{
			"am.yml:7: a circle: A mutes B (inhibition rule one) mutes A (inhibition rule two), so that nobody hears of any of them; leave one of them out of the targets",
		}, aMutesB, bMutesA),
		inhibit("inhibit-circle", "three", []string{
			"am.yml:8: a circle: A mutes B (inhibition rule one) mutes C (inhibition rule three) mutes A (inhibition rule four), so that nobody hears of any of them; leave one of them out of the targets",
		}, aMutesB, bMutesC, cMutesA),
		inhibit("inhibit-circle", "possible", []string{
			"am.yml:7: warning: a circle: A may mute E (inhibition rule six) may mute A (inhibition rule five), so that nobody hears of any of them; leave one of them out of the targets",
		}, eMutesA, aMutesE),
		inhibit("inhibit-circle", "labels exclude one another", nil, eMutesA, aMuteE2),
		inhibit("inhibit-circle", "a chain", nil, aMutesB, bMutesC),
		inhibit("inhibit-circle", "equal is never so", nil,
			`{name: x, source_matchers: [alertname="A"], target_matchers: [alertname="C"], equal: [service]}`, cMutesA),

		inhibit("inhibit-equal", "both lack it", []string{
			`am.yml:6: inhibition rule x: neither C nor D has the label service, which counts as equal: C mutes D everywhere; keep the label in their expressions, or ask for service!="" on both sides; if Prometheus adds it, say so with --external-label`,
		}, `{name: x, source_matchers: [severity="critical"], target_matchers: [severity="info"], equal: [service]}`),
		inhibit("inhibit-equal", "possible", []string{
			`am.yml:6: warning: inhibition rule x: neither A nor B has the label zone, which counts as equal: A may mute B everywhere; keep the label in their expressions, or ask for zone!="" on both sides; if Prometheus adds it, say so with --external-label`,
		}, `{name: x, source_matchers: [alertname="A",service="x"], target_matchers: [alertname="B"], equal: [zone]}`),
		inhibit("inhibit-equal", "asked for", nil, `{name: x, source_matchers: [severity="critical",service!=""], target_matchers: [severity="info",service!=""], equal: [service]}`),
		inhibit("inhibit-equal", "one has it", nil, `{name: x, source_matchers: [alertname="A"], target_matchers: [alertname="C"], equal: [service]}`),
		inhibit("inhibit-equal", "unknown", nil, `{name: x, source_matchers: [alertname="C"], target_matchers: [alertname="E"], equal: [service]}`),
		{check: "inhibit-equal", name: "Prometheus adds it", opts: lint.Options{ExternalLabels: []string{"cluster"}}, files: files{
			"a.rules.yml": rules, "am.yml": inhibition(`{name: x, source_matchers: [alertname="A"], target_matchers: [alertname="B"], equal: [cluster]}`),
		}},
	}
}
