package referee

import "slices"

// maxChain bounds how many alerts that mute one another are followed.
const maxChain = 8

// inhibitors finds out who mutes whom, so that the same run always tells the
// same. Of several alerts that mute one, Alertmanager names whichever it comes
// across first.
type inhibitors struct{ byID map[string]gettable } // :: fingerprint -> alert

func newInhibitors(alerts []gettable) inhibitors {
	in := inhibitors{byID: map[string]gettable{}}
	for _, a := range alerts {
		in.byID[a.Fingerprint] = a
	}
	return in
}

// name returns the name of the alert that mutes a, which is inhibited. It is one
// that people hear of: whoever is muted itself gives way to who mutes it. Of
// those that are alike in service and severity it is the first by name.
func (in inhibitors) name(a gettable) string {
	source := a
	for range maxChain {
		if len(source.Status.InhibitedBy) == 0 {
			break
		}
		source = in.byID[source.Status.InhibitedBy[0]]
	}
	names := []string{source.Labels["alertname"]}
	for _, other := range in.byID {
		alike := other.Labels["service"] == source.Labels["service"] && other.Labels["severity"] == source.Labels["severity"]
		if alike && len(other.Status.InhibitedBy)+len(other.Status.SilencedBy) == 0 {
			names = append(names, other.Labels["alertname"])
		}
	}
	return slices.Min(names)
}
