package lint_test

import (
	"strings"

	"goldensignals/internal/lint"
)

func ruleCases() []testCase {
	sound := files{"a.rules.yml": group(alert("A", "critical", "up"), "  - record: job:up:sum\n    expr: sum by (job) (up)\n")}
	list := []testCase{
		{check: "rules-parse", name: "expression", files: files{"a.rules.yml": group("  - alert: A\n    expr: |\n      up\n\n      == on (job ==\n        1\n")}, want: []string{
			`a.rules.yml:8: A: the expression does not parse: unexpected <op:==> in grouping opts, expected "," or ")"; correct the expression there`,
		}},
		{check: "rules-parse", name: "folded expression", files: files{"a.rules.yml": group("  - alert: A\n    expr: >-\n      up\n      and\n      up up\n")}, want: []string{
			`a.rules.yml:8: A: the expression does not parse: unexpected identifier "up"; correct the expression there`,
		}},
		{check: "rules-parse", name: "unknown key", files: files{"a.rules.yml": group("  - alert: A\n    exp: up\n")}, want: []string{
			"a.rules.yml:5: not a rule file: field exp not found in type rulefmt.Rule; correct the key or the indentation: Prometheus refuses the file",
		}},
		{check: "rules-parse", name: "neither", files: files{"a.rules.yml": group("  - expr: up\n")}, want: []string{
			"a.rules.yml:4: one of 'record' or 'alert' must be set; correct the rule: Prometheus refuses the file",
		}},
		{check: "rules-parse", name: "template", files: files{"a.rules.yml": group("  - alert: A\n    expr: up\n    labels: {x: '{{ $labels.y'}\n")}, want: []string{
			`a.rules.yml:4: A: label "x": template: __alert_A:1: unclosed action; correct the rule: Prometheus refuses the file`,
		}},
		{check: "rules-parse", name: "same group", files: files{"a.rules.yml": "groups:\n- name: g\n  rules: []\n- name: g\n  rules: []\n"}, want: []string{
			`a.rules.yml:4: groupname: "g" is repeated in the same file; correct it: Prometheus refuses the file`,
		}},
		{check: "rules-parse", name: "group without name", files: files{"a.rules.yml": "groups:\n- name: g\n  rules: []\n- rules: []\n"}, want: []string{
			"a.rules.yml:4: Groupname must not be empty; correct it: Prometheus refuses the file",
		}},
		{check: "rules-parse", name: "no YAML", files: files{"a.rules.yml": "groups:\n- name: g\n  rules: [\n"}, want: []string{
			"a.rules.yml:3: not a rule file: did not find expected node content; correct the key or the indentation: Prometheus refuses the file",
		}},
		{check: "rules-parse", name: "second document", files: files{"a.rules.yml": group(alert("A", "info", "up")) + "---\ngroups: []\n"}, want: []string{
			"a.rules.yml:13: a second YAML document begins, which Prometheus does not read; put its groups into a file of their own",
		}},
		{check: "alert-name", name: "lower case", files: files{"a.rules.yml": group(alert("shop-errors", "info", "up"))}, want: []string{
			`a.rules.yml:4: the name of alert "shop-errors" is not CamelCase; name it like ShopErrorsFastBurn, and its runbook likewise`,
		}},
		{check: "record-name", name: "no level", files: files{"a.rules.yml": group("  - record: up_sum\n    expr: sum(up)\n")}, want: []string{
			`a.rules.yml:4: the recorded series "up_sum" is not named level:metric:operations; name it like service:http_requests:rate1m`,
		}},
		{check: "severity", name: "unknown", files: files{"a.rules.yml": group(alert("A", "page", "up"))}, want: []string{
			`a.rules.yml:7: A: severity "page" is none of critical, warning, info; set the label severity to critical (wakes somebody up), warning (a ticket) or info (the log)`,
		}},
		{check: "severity", name: "missing", files: files{"a.rules.yml": group("  - alert: A\n    expr: up\n")}, want: []string{
			`a.rules.yml:4: A: there is no label severity; set the label severity to critical (wakes somebody up), warning (a ticket) or info (the log)`,
		}},
		{check: "severity", name: "of the group", files: files{"a.rules.yml": "groups:\n- name: g\n  labels: {severity: info}\n  rules:\n  - alert: A\n    expr: up\n"}},
		{check: "annotations", name: "missing and empty", files: files{"a.rules.yml": group("  - alert: A\n    expr: up\n    annotations:\n      summary: S.\n      description: ''\n")}, want: []string{
			"a.rules.yml:4: A: there is no annotation dashboard_url; link the page that shows it",
			"a.rules.yml:4: A: there is no annotation runbook_url; link the page that says what to do",
			"a.rules.yml:8: A: the annotation description is empty; say what was measured, what is normal and who is hurt",
		}},
		{check: "annotations", name: "merged from an anchor", files: files{"a.rules.yml": "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    annotations: &all {summary: S., description: D., runbook_url: R, dashboard_url: U}\n" +
			"  - alert: B\n    expr: up\n    annotations:\n      <<: *all\n      summary: T.\n"}},
		{check: "value-label", name: "variable and field", files: files{"a.rules.yml": group("  - alert: A\n    expr: up\n    labels:\n      v: 'now {{ $value | humanize }}'\n      w: '{{.Value}}'\n      x: '{{ printf \"%f\" .Value }}'\n")}, want: []string{
			"a.rules.yml:7: A: the label v contains the value, so that every evaluation makes a new alert; move it to an annotation",
			"a.rules.yml:8: A: the label w contains the value, so that every evaluation makes a new alert; move it to an annotation",
			"a.rules.yml:9: A: the label x contains the value, so that every evaluation makes a new alert; move it to an annotation",
		}},
		{check: "value-label", name: "a label of that name", files: files{"a.rules.yml": group("  - alert: A\n    expr: up\n    labels: {v: '{{ $labels.Value }}{{ $labels.value }}', w: $value}\n")}},
		{check: "for", name: "one scrape", files: files{"a.rules.yml": group("  - alert: A\n    expr: up\n    for: 29s\n")}, want: []string{
			"a.rules.yml:6: A: for: 29s is shorter than two scrapes (30s), so that one bad scrape is enough; wait for at least 30s, or leave for out",
		}},
		{check: "for", name: "slower scrapes", opts: lint.Options{ScrapeInterval: 4 * scrape}, files: files{"a.rules.yml": group("  - alert: A\n    expr: up\n    for: 1m\n")}, want: []string{
			"a.rules.yml:6: A: for: 1m is shorter than two scrapes (2m), so that one bad scrape is enough; wait for at least 2m, or leave for out",
		}},
		{check: "for", name: "none and two scrapes", files: files{"a.rules.yml": group("  - alert: A\n    expr: up\n    for: 0s\n  - alert: B\n    expr: up\n    for: 30s\n")}},
		{check: "window", name: "rate", files: files{"a.rules.yml": group("  - alert: A\n    expr: |\n      up\n      and rate(requests_total[59s]) > 1\n      and sum(increase(requests_total[30s])) > 1\n")}, want: []string{
			"a.rules.yml:7: warning: A: rate over 59s holds fewer than four scrapes, so that a lost one leaves a gap; use a window of at least 1m",
			"a.rules.yml:8: warning: A: increase over 30s holds fewer than four scrapes, so that a lost one leaves a gap; use a window of at least 1m",
		}},
		{check: "window", name: "long, or no rate", files: files{"a.rules.yml": group("  - alert: A\n    expr: rate(requests_total[1m]) > max_over_time(temperature[30s])\n")}},
		{check: "duplicate-alert", name: "two files", files: files{"a.rules.yml": group(alert("A", "info", "up")), "b.rules.yml": group(alert("A", "info", "up"))}, want: []string{
			"b.rules.yml:4: warning: alert A is also in a.rules.yml:4; give one of them another name: a runbook belongs to one name",
		}},
		{check: "duplicate-alert", name: "two severities", files: files{"a.rules.yml": group(alert("A", "info", "up"), alert("A", "critical", "up"))}, want: []string{
			"a.rules.yml:13: warning: alert A has severity critical, but info on line 4; give one of them another name: whoever reads it must know how urgent it is",
		}},
		{check: "duplicate-alert", name: "two conditions", files: files{"a.rules.yml": group(alert("A", "info", "up"), alert("A", "info", "up > 1"))}},
		{check: "runbook", name: "no page", files: files{"a.rules.yml": group(alert("A", "info", "up"), alert("B", "info", "up")), "runbooks/A.md": "# A"}, want: []string{
			"a.rules.yml:20: alert B has no runbook; write runbooks/B.md",
		}},
		{check: "runbook", name: "no link either", files: files{"a.rules.yml": group("  - alert: B\n    expr: up\n"), "books/A.md": "---\nalert: A\n---\n"}, want: []string{
			"a.rules.yml:4: alert B has no runbook; write books/B.md",
		}},
		{check: "runbook", name: "link to another page", files: files{"a.rules.yml": group(alert("A", "info", "up"), strings.ReplaceAll(alert("B", "info", "up"), "/B", "/A"), strings.ReplaceAll(alert("C", "info", "up"), "/C", "/D")), "runbooks/A.md": "# A"}, want: []string{
			"a.rules.yml:29: alert C links the runbook D, which does not exist; correct the link, or write runbooks/D.md",
		}},
		{check: "runbook", name: "a page", files: files{"a.rules.yml": group(alert("A", "info", "up")), "runbooks/A.md": "# A"}},
		{check: "runbook", name: "no runbooks at all", files: files{"a.rules.yml": group(alert("A", "info", "up"))}},
	}
	for _, check := range []string{"rules-parse", "alert-name", "record-name", "severity", "annotations", "value-label"} {
		list = append(list, testCase{check: check, name: "sound", files: sound})
	}
	return append(list, testCase{check: "alert-name", name: "acronym", files: files{"a.rules.yml": group(alert("KubeAPIDown", "info", "up"))}})
}

// sel is an alert on one expression, which is on line 6.
func sel(expr string) files {
	return files{"a.rules.yml": group("  - alert: A\n    expr: |\n      " + strings.ReplaceAll(expr, "\n", "\n      ") + "\n")}
}

func seriesCases() []testCase {
	series := func(name, expr string, want ...string) testCase {
		return testCase{check: "series", name: name, files: sel(expr), want: want}
	}
	match := func(name, expr string, want ...string) testCase {
		return testCase{check: "matchers", name: name, files: sel(expr), want: want}
	}
	lost := func(line, name string) string {
		return "a.rules.yml:" + line + ": A: no target exports " + name + " and no rule records it; correct the name, add the rule, or give what your targets export with --series=FILE"
	}
	recorded := func(rule, expr string) files {
		return files{"a.rules.yml": group("  - alert: A\n    expr: "+expr+"\n", "  - record: a:b:c\n    expr: "+rule+"\n    labels: {team: x}\n")}
	}
	return []testCase{
		series("unknown", "up\nand\nrate(nope[5m]) > 1", lost("8", "nope")),
		series("by its name label", `{__name__="nope"}`, lost("6", "nope")),
		series("no summary has buckets", "size_bytes_bucket", lost("6", "size_bytes_bucket")),
		series("unknown alert", `ALERTS{alertname="B"}`, `a.rules.yml:6: A: no alert has the name that ALERTS{alertname="B"} asks for; correct the name, or give the rule that has it`),
		series("exported", "up + temperature + size_bytes + size_bytes_sum + scrape_duration_seconds + requests_total"),
		series("histogram", "wait_seconds_bucket + wait_seconds_sum + wait_seconds_count and histogram_count(wait_seconds)"),
		series("alerts", `ALERTS{alertname=~"A|B"} and ALERTS_FOR_STATE and {job="x"}`),
		{check: "series", name: "recorded in another file", files: files{"a.rules.yml": sel("a:b:c")["a.rules.yml"], "b.rules.yml": group("  - record: a:b:c\n    expr: up\n")}},

		match("exported", `up and requests_total{servic="a",code="200"}`, "a.rules.yml:6: A: requests_total has no label servic; correct the matcher; its labels are code, instance, job, service, zone"),
		match("of another name", `wait_seconds_sum{le="1"}`, "a.rules.yml:6: A: wait_seconds_sum has no label le; correct the matcher; its labels are instance, job, route, zone"),
		match("of an alert", `up and ALERTS{alertname="A",code="1"}`, "a.rules.yml:6: A: ALERTS has no label code; correct the matcher; its labels are alertname, alertstate, instance, job, zone"),
		match("target labels", `up{zone="a",job="b",instance!=""} and requests_total{zone="a",code=~"2.."}`),
		match("buckets", `wait_seconds_bucket{le="1"} and size_bytes{quantile="0.5"}`),
		match("unknown series", `nope{x="1"}`),
		match("any name", `{x="1"}`),
		{check: "matchers", name: "aggregated away", files: recorded("sum by (service) (requests_total)", `a:b:c{service="a",team="x",code="200"}`), want: []string{
			"a.rules.yml:5: A: a:b:c has no label code; correct the matcher; its labels are service, team",
		}},
		{check: "matchers", name: "without", files: recorded("sum without (instance) (requests_total)", `a:b:c{instance="a",code="1"}`), want: []string{
			"a.rules.yml:5: A: a:b:c has no label instance; correct the matcher; its labels are code, job, service, team, zone",
		}},
		{check: "matchers", name: "joined", files: recorded("temperature * on (job) group_left (code) requests_total", `a:b:c{code="a",service="x"}`), want: []string{
			"a.rules.yml:5: A: a:b:c has no label service; correct the matcher; its labels are code, instance, job, team, zone",
		}},
		{check: "matchers", name: "matched on", files: recorded("temperature / on (job) sum by (job) (requests_total)", `a:b:c{zone="a",job="x"}`), want: []string{
			"a.rules.yml:5: A: a:b:c has no label zone; correct the matcher; its labels are job, team",
		}},
		{check: "matchers", name: "quantile", files: recorded("histogram_quantile(0.9, wait_seconds_bucket)", `a:b:c{le="1",route="x"}`), want: []string{
			"a.rules.yml:5: A: a:b:c has no label le; correct the matcher; its labels are instance, job, route, team, zone",
		}},
		{check: "matchers", name: "made labels", files: recorded(`label_replace(count_values("v", temperature), "w", "$1", "v", ".*")`, `a:b:c{v="1",w="1",job="x"}`), want: []string{
			"a.rules.yml:5: A: a:b:c has no label job; correct the matcher; its labels are team, v, w",
		}},
		{check: "matchers", name: "either side of or", files: recorded("sum by (code) (requests_total) or sum by (route) (wait_seconds_sum) unless vector(1)", `a:b:c{code="1",route="x"}`)},
		{check: "matchers", name: "absent", files: recorded(`absent(up{job="x"})`, `a:b:c{job="x"}`)},
		{check: "matchers", name: "made from itself", files: recorded("a:b:c or sum(up)", `a:b:c{x="y"}`)},
	}
}
