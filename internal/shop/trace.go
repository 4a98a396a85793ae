package shop

import (
	"encoding/binary"
	"encoding/hex"
)

// trace is the W3C trace context of one request: which trace it belongs to,
// and this service's own span in it. Span ids are hashes, not random numbers:
// the same request gives the same ids in every run.
type trace struct {
	id   string // 32 lower-case hex digits
	key  uint64 // hash of the id
	span uint64
}

// parentHeader is the canonical form of the traceparent header.
const parentHeader = "Traceparent"

// parentLen is the length of "00-<32 hex>-<16 hex>-<2 hex>".
const parentLen = 55

// parseTrace reads a traceparent header; ok is false where it is absent or
// malformed. The salt names the service and route that the span is of.
func parseTrace(header string, salt uint64) (t trace, ok bool) {
	if len(header) != parentLen || header[:3] != "00-" || header[35] != '-' || header[52] != '-' {
		return trace{}, false
	}
	id, parent := header[3:35], header[36:52]
	if !isHex(id) || !isHex(parent) || !isHex(header[53:]) || isZero(id) || isZero(parent) {
		return trace{}, false
	}
	key := hash(id)
	return trace{id: id, key: key, span: mix(key ^ hash(parent) ^ salt)}, true
}

// newTrace starts the trace of the nth request that came without one.
func newTrace(seed, n, salt uint64) trace {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], mix(seed^salt))
	binary.BigEndian.PutUint64(b[8:], mix(n)|1) // never all zero
	id := hex.EncodeToString(b[:])
	key := hash(id)
	return trace{id: id, key: key, span: mix(key ^ salt)}
}

// parent renders the header for this service's nth call.
func (t trace) parent(n int) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], mix(t.span+uint64(n))|1)
	var out [parentLen]byte
	copy(out[:], "00-")
	copy(out[3:], t.id)
	out[35] = '-'
	hex.Encode(out[36:52], b[:])
	copy(out[52:], "-01")
	return string(out[:])
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isZero(s string) bool {
	for i := range len(s) {
		if s[i] != '0' {
			return false
		}
	}
	return true
}

// mix is the finaliser of SplitMix64: close inputs give unrelated outputs.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash is FNV-1a, without the allocation of hash/fnv.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
