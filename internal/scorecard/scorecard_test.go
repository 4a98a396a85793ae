package scorecard_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"goldensignals/internal/drill"
	"goldensignals/internal/scorecard"
)

// full is a result with more than the record keeps.
func full() drill.Result {
	after := 55.4
	return drill.Result{
		Drill: "shop-down", Title: "The <whole> shop fails", Seed: 1, WallSeconds: 3, Requests: 7, Problems: []string{"a"},
		Incidents:     []drill.IncidentResult{{Name: "all", Verdict: drill.Detected, TimeToDetectSeconds: &after}},
		Notifications: []drill.NotificationResult{{Receiver: "oncall"}}, Alerts: []drill.AlertResult{{AlertName: "A"}},
		Score: drill.Score{Pages: 2, FalsePageAtSeconds: []float64{1}},
	}
}

// kept is what of it the record keeps.
func kept() drill.Result {
	r := full()
	r.Seed, r.WallSeconds, r.Requests, r.Notifications, r.Alerts = 0, 0, 0, nil, nil
	return r
}

func TestRecordKeepsWhatTablesShow(t *testing.T) {
	t.Parallel()
	other := full()
	other.Drill, other.Problems = "blip", []string{}
	record := scorecard.Record{scorecard.Of(scorecard.Shipped, full()), scorecard.Of("naive", other), scorecard.Of("naive", full())}
	var file bytes.Buffer
	if err := record.Write(&file); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(file.String(), "\n"); lines != len(record) || strings.Contains(file.String(), "oncall") {
		t.Errorf("the file has %d lines, want one for each of %d entries, without messages:\n%s", lines, len(record), &file)
	}
	got, err := scorecard.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(record, got); diff != "" {
		t.Errorf("record (-written +read):\n%s", diff)
	}
	otherKept := kept()
	otherKept.Drill, otherKept.Problems, otherKept.Passed = "blip", []string{}, true
	if diff := cmp.Diff([]drill.Result{otherKept, kept()}, got.Results("naive")); diff != "" {
		t.Errorf("results of naive (-want +got):\n%s", diff)
	}
	if e, ok := got.Find("naive", "blip"); !ok || e.Drill != "blip" || e.Design != "naive" {
		t.Errorf("Find = %+v, %v", e, ok)
	}
	if e, ok := got.Find("static", "blip"); ok {
		t.Errorf("Find of what is not there = %+v", e)
	}
}

func TestReadRefusesWhatIsNoRecord(t *testing.T) {
	t.Parallel()
	if r, err := scorecard.Read(strings.NewReader(`{"design":"alerts"}` + "\n<<<<<<< main\n")); err == nil {
		t.Errorf("Read = %v, want an error", r)
	}
}
