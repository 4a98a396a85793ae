package referee // internal: what Alertmanager answers can be had in one order only

import (
	"testing"

	"goldensignals/internal/alert"
)

func TestInhibitorIsTheSameWhoeverIsNamed(t *testing.T) {
	t.Parallel()
	one := func(id, name, severity, by string) gettable {
		a := gettable{Fingerprint: id, Labels: alert.Labels{"alertname": name, "service": "shop", "severity": severity}}
		if by != "" {
			a.Status.InhibitedBy = []string{by}
		}
		return a
	}
	errors, unreachable := one("1", "ShopErrorsFastBurn", "critical", ""), one("2", "ShopUnreachable", "critical", "")
	latency := one("3", "ShopLatencyFastBurn", "critical", "1")
	other := gettable{Fingerprint: "4", Labels: alert.Labels{"alertname": "AAA", "service": "auth", "severity": "critical"}}
	for _, by := range []string{"1", "2", "3"} {
		line := one("5", "ServiceErrors", "info", by)
		got := newInhibitors([]gettable{errors, unreachable, latency, other, line}).name(line)
		if got != "ShopErrorsFastBurn" {
			t.Errorf("muted by %s: name = %q, want ShopErrorsFastBurn", by, got)
		}
	}
	loop := []gettable{one("1", "A", "info", "2"), one("2", "B", "info", "1")}
	if got := newInhibitors(loop).name(loop[0]); got == "" {
		t.Error("alerts that mute each other have no name")
	}
}
