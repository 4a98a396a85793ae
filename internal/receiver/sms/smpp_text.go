package sms

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"goldensignals/internal/alert"
)

// encodeText returns the parts of a text as octets: one septet in each for the
// GSM alphabet (data_coding 0), UTF-16 otherwise (data_coding 8). A letter is
// never cut in two. With whole, there is one part however long it is. gosmpp
// splits after 134 letters where 153 fit, and counts some twice.
func encodeText(text string, whole bool) ([][]byte, data.Encoding) {
	coding := data.GSM7BIT
	single, part := 160, 153
	if _, ok := septets(text); !ok {
		coding, single, part = data.UCS2, 140, 134
	}
	var letters [][]byte
	total := 0
	for _, r := range text {
		b, err := coding.Encode(string(r))
		if err != nil {
			b, _ = coding.Encode("?")
		}
		letters = append(letters, b)
		total += len(b)
	}
	if whole || total <= single {
		part = total
	}
	var parts [][]byte
	var now []byte
	for _, b := range letters {
		if len(now)+len(b) > part {
			parts = append(parts, now)
			now = nil
		}
		now = append(now, b...)
	}
	return append(parts, now), coding
}

// smppAddress gives a number type of number and numbering plan (sections 5.2.5
// and 5.2.6): international, unknown for a short code, or alphanumeric.
func smppAddress(s string) pdu.Address {
	ton, npi := byte(5), byte(0)
	if d, plus := strings.CutPrefix(s, "+"); plus {
		ton, npi, s = 1, 1, d
	} else if digits(s) == s {
		ton, npi = 0, 1
	}
	a, err := pdu.NewAddressWithTonNpiAddr(ton, npi, s)
	if err != nil {
		return pdu.NewAddress() // too long: the SMSC refuses it as invalid
	}
	return a
}

// deliveredText returns the text of m, from message_payload where it is there.
func deliveredText(m *pdu.DeliverSM) string {
	coding := m.Message.Encoding()
	if coding == nil {
		coding = data.GSM7BIT
	}
	octets, _ := m.Message.GetMessageData()
	if payload, ok := m.OptionalParameters[pdu.TagMessagePayload]; ok && len(octets) == 0 {
		octets = payload.Data
	}
	text, err := coding.Decode(octets)
	if err != nil {
		text = string(octets)
	}
	return strings.ToValidUTF8(text, "?")
}

// parseReceipt reads a delivery receipt. The optional parameters count where
// they are there; otherwise the text does, whose form is the vendor's, usually
//
//	id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E Text: ...
//
// Source: SMPP v3.4, appendix B; message_state in section 5.2.28.
func parseReceipt(text string, params map[pdu.Tag]pdu.Field) (Reported, error) {
	r := Reported{Receipt: receiptField(text, "id"), Detail: strings.ToUpper(receiptField(text, "stat"))}
	if id, ok := params[pdu.TagReceiptedMessageID]; ok {
		if s := strings.TrimRight(string(id.Data), "\x00"); s != "" {
			r.Receipt = s
		}
	}
	if state, ok := params[pdu.TagMessageStateOption]; ok && len(state.Data) == 1 {
		states := []string{"", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"}
		if i := int(state.Data[0]); i > 0 && i < len(states) {
			r.Detail = states[i]
		}
	}
	if r.Receipt == "" || r.Detail == "" {
		return Reported{}, errors.New("a delivery receipt without id or stat")
	}
	switch r.Detail {
	case "DELIVRD":
		r.Report = alert.ReportDelivered
	case "UNDELIV", "EXPIRED", "DELETED", "REJECTD":
		r.Report = alert.ReportFailed
	default: // ENROUTE, ACCEPTD; and UNKNOWN, where the network does not say
		r.Report = alert.ReportExpected
	}
	if code := receiptField(text, "err"); code != "" && strings.Trim(code, "0") != "" {
		r.Detail += ", error " + code
	}
	return r, nil
}

// receiptField returns a field of the text in front of "Text:", which is the
// message's own.
func receiptField(text, name string) string {
	if i := strings.Index(strings.ToLower(text), "text:"); i >= 0 {
		text = text[:min(i, len(text))]
	}
	m := regexp.MustCompile(`(?i)(?:^|\s)` + name + `:([^\s]+)`).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

// hexToDecimal leaves alone what is not hexadecimal.
func hexToDecimal(id string) string {
	n, err := strconv.ParseUint(id, 16, 64)
	if err != nil {
		return id
	}
	return strconv.FormatUint(n, 10)
}
