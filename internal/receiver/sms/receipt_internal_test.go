package sms

// Inside the package: receipts are read from a session, which is too slow to
// fuzz.

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/linxGnu/gosmpp/pdu"

	"goldensignals/internal/alert"
)

func TestParseReceipt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Reported{
		"id:1 stat:DELIVRD": {Receipt: "1", Report: alert.ReportDelivered, Detail: "DELIVRD"},
		"ID:ab-c sub:001 STAT:undeliv err:00a text:id:9": {Receipt: "ab-c", Report: alert.ReportFailed, Detail: "UNDELIV, error 00a"},
		"id:1 stat:EXPIRED": {Receipt: "1", Report: alert.ReportFailed, Detail: "EXPIRED"},
		"id:1 stat:ACCEPTD": {Receipt: "1", Report: alert.ReportExpected, Detail: "ACCEPTD"},
		"id:1 stat:UNKNOWN": {Receipt: "1", Report: alert.ReportExpected, Detail: "UNKNOWN"},
		"id:1 submit date:2611242100 done date:2611242101 stat:REJECTD err:000": {Receipt: "1", Report: alert.ReportFailed, Detail: "REJECTD"},
	} {
		got, err := parseReceipt(text, nil)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("parseReceipt(%q): %v (-want +got)\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"", "id:1", "stat:DELIVRD", "text:id:1 stat:DELIVRD", "hello"} {
		if got, err := parseReceipt(text, nil); err == nil {
			t.Errorf("parseReceipt(%q) = %+v, want an error", text, got)
		}
	}
}

func FuzzParseReceipt(f *testing.F) {
	f.Add("id:1 sub:001 dlvrd:001 submit date:2611242100 done date:2611242101 stat:DELIVRD err:000 text:x", []byte("1\x00"), []byte{2})
	f.Add("İİİ Text: id:1", []byte{}, []byte{0})
	f.Add("id: stat:", []byte{0}, []byte{255})
	f.Fuzz(func(t *testing.T, text string, id, state []byte) {
		r, err := parseReceipt(text, map[pdu.Tag]pdu.Field{
			pdu.TagReceiptedMessageID: {Tag: pdu.TagReceiptedMessageID, Data: id}, pdu.TagMessageStateOption: {Tag: pdu.TagMessageStateOption, Data: state},
		})
		if err == nil && (r.Receipt == "" || r.Report == "" || r.Detail == "") {
			t.Errorf("%+v without an error", r)
		}
	})
}

// FuzzEncodeText splits any text and puts it together again.
func FuzzEncodeText(f *testing.F) {
	f.Add("hello", false)
	f.Add("€€€€ {}", true)
	f.Add("медленно 😀", false)
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		parts, coding := encodeText(text, whole)
		got := ""
		for _, p := range parts {
			s, err := coding.Decode(p)
			if err != nil {
				t.Fatal(err)
			}
			got += s
			if !whole && (len(p) > 160 || len(parts) > 1 && len(p) > 153) {
				t.Errorf("a part has %d octets", len(p))
			}
		}
		if utf8.ValidString(text) && got != text {
			t.Errorf("%q became %q", text, got)
		}
	})
}
