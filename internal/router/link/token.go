package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"time"
)

// ErrForged is returned for what this key did not make: guessed, damaged, cut
// off by a phone, or signed with an earlier key.
var ErrForged = errors.New("the link is not valid: open it again from the message, in full")

// ErrExpired is returned for what this key made and is too old.
var ErrExpired = errors.New("the link has expired: open the incident from the router's page, or from a newer message")

// What a signature is for. Without these, a form's token could be tried as a
// link.
const (
	linkDomain = "goldensignals link 1\x00"
	formDomain = "goldensignals form 1\x00"
)

// The parts of a token, in bytes. A guess at 9 bytes succeeds once in 2^72: it
// has to be made over the network, and one by one.
const (
	idSize    = 8
	timeSize  = 4
	linkMAC   = 9
	formMAC   = 16
	linkSize  = idSize + timeSize + linkMAC // 21, so that base64 is 28 characters without a rest
	formSize  = timeSize + formMAC
	formValid = time.Hour
)

// Claim is what a link says: whoever holds it may see and act on the incident
// until it expires.
type Claim struct {
	Incident string    // 16 hexadecimal digits, lower case
	Expires  time.Time // whole seconds, until the year 2106
}

// Sign returns the token for c: 28 characters that need no escaping in a URL. It
// is "" where there is no key or where c names no incident of the router, since
// such a link would open nothing.
func (k Key) Sign(c Claim) string {
	id, err := hex.DecodeString(c.Incident)
	if err != nil || len(id) != idSize || k.IsZero() {
		return ""
	}
	claim := binary.BigEndian.AppendUint32(id, seconds(c.Expires))
	return encoding().EncodeToString(append(claim, k.mac(linkDomain, claim)[:linkMAC]...))
}

// Open returns what the token says. The error is ErrForged, or ErrExpired from
// the moment it expires; with ErrExpired the claim is returned, too, so that the
// page can say what the link was for.
func (k Key) Open(token string, now time.Time) (Claim, error) {
	raw, ok := decode(token, linkSize)
	if !ok || k.IsZero() {
		return Claim{}, ErrForged
	}
	claim, sum := raw[:idSize+timeSize], raw[idSize+timeSize:]
	if !hmac.Equal(sum, k.mac(linkDomain, claim)[:linkMAC]) {
		return Claim{}, ErrForged
	}
	c := Claim{Incident: hex.EncodeToString(claim[:idSize]), Expires: instant(claim[idSize:])}
	if !now.Before(c.Expires) {
		return c, ErrExpired
	}
	return c, nil
}

// FormToken returns a token for a form about subject, such as the link's token
// and the action, valid for one hour. It is "" where there is no key.
func (k Key) FormToken(subject string, now time.Time) string {
	if k.IsZero() {
		return ""
	}
	expires := binary.BigEndian.AppendUint32(nil, seconds(now.Add(formValid)))
	return encoding().EncodeToString(append(expires, k.formSum(expires, subject)...))
}

// CheckForm returns ErrForged unless FormToken made the token for the same
// subject, and ErrExpired if that was an hour ago.
func (k Key) CheckForm(token, subject string, now time.Time) error {
	raw, ok := decode(token, formSize)
	if !ok || k.IsZero() {
		return ErrForged
	}
	expires, sum := raw[:timeSize], raw[timeSize:]
	if !hmac.Equal(sum, k.formSum(expires, subject)) {
		return ErrForged
	}
	if !now.Before(instant(expires)) {
		return ErrExpired
	}
	return nil
}

// formSum signs the time, whose length is fixed, and then the subject, whose
// length is not: no two pairs are the same bytes.
func (k Key) formSum(expires []byte, subject string) []byte {
	return k.mac(formDomain, append(append([]byte(nil), expires...), subject...))[:formMAC]
}

func (k Key) mac(domain string, data []byte) []byte {
	h := hmac.New(sha256.New, k.secret[:])
	h.Write([]byte(domain))
	h.Write(data)
	return h.Sum(nil)
}

func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

// decode wants exactly the characters that size bytes take: the decoder passes
// over line breaks, and one token must not have two spellings.
func decode(token string, size int) ([]byte, bool) {
	if len(token) != encoding().EncodedLen(size) {
		return nil, false
	}
	raw, err := encoding().DecodeString(token)
	return raw, err == nil && len(raw) == size
}

// seconds are those of t since 1970, rounded down, within what four bytes hold.
func seconds(t time.Time) uint32 {
	return uint32(min(max(t.Unix(), 0), math.MaxUint32)) //nolint:gosec // within the bounds
}

func instant(b []byte) time.Time { return time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC() }
