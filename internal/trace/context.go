package trace

import "encoding/hex"

// HeaderName is the canonical form of the header that carries the context.
const HeaderName = "Traceparent"

// headerLen is the length of "00-<32 hex>-<16 hex>-<2 hex>".
const headerLen = 55

// Context is the W3C trace context of one request in one service: which trace
// it belongs to, and the service's own span in it. Span ids are hashes of the
// trace, the caller's span and a salt that tells services and routes apart.
type Context struct {
	id     string // 32 lower-case hex digits
	parent string // the caller's span, 16 lower-case hex digits; empty: the trace begins here
	key    uint64 // hash of the id
	span   uint64
}

// Parse reads a traceparent header; ok is false where it is absent or
// malformed. The Context keeps the header's memory.
func Parse(header string, salt uint64) (c Context, ok bool) {
	if len(header) != headerLen || header[:3] != "00-" || header[35] != '-' || header[52] != '-' {
		return Context{}, false
	}
	id, parent := header[3:35], header[36:52]
	if !isHex(id) || !isHex(parent) || !isHex(header[53:]) || isZero(id) || isZero(parent) {
		return Context{}, false
	}
	key := Hash(id)
	return Context{id: id, parent: parent, key: key, span: Mix(key ^ Hash(parent) ^ salt)}, true
}

// New starts the trace of the nth request that came without one.
func New(seed, n, salt uint64) Context {
	id := NewID(Mix(seed^salt), Mix(n)).String()
	key := Hash(id)
	return Context{id: id, key: key, span: Mix(key ^ salt)}
}

// ID renders the trace's id, without making a string.
func (c Context) ID() string { return c.id }

// Key is a number that follows from the trace's id.
func (c Context) Key() uint64 { return c.key }

// Trace is the trace's id.
func (c Context) Trace() ID {
	id, _ := ParseID(c.id) // well formed: Parse and New see to that
	return id
}

// Span is the service's own span. It is never zero.
func (c Context) Span() SpanID { return SpanID(c.span | 1) }

// Parent is the caller's span; zero: the trace begins here.
func (c Context) Parent() SpanID {
	var n uint64
	for i := range len(c.parent) {
		digit := uint64(c.parent[i] - '0')
		if digit > 9 {
			digit = uint64(c.parent[i]-'a') + 10
		}
		n = n<<4 | digit
	}
	return SpanID(n)
}

// Call is the span of the service's nth call. It is never zero.
func (c Context) Call(n int) SpanID { return SpanID(Mix(c.span+uint64(n)) | 1) }

// Header renders the header of the service's nth call.
func (c Context) Header(n int) string {
	var out [headerLen]byte
	copy(out[3:35], c.id)
	return render(&out, c.Call(n))
}

// Header renders the header of a request that is sent in a span.
func Header(id ID, span SpanID) string {
	var out [headerLen]byte
	hex.Encode(out[3:35], id[:])
	return render(&out, span)
}

// render completes a header that has its trace's id.
func render(out *[headerLen]byte, span SpanID) string {
	copy(out[:], "00-")
	out[35] = '-'
	b := span.Bytes()
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

// Mix is the finaliser of SplitMix64: close inputs give unrelated outputs.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Hash is FNV-1a, without the allocation of hash/fnv.
func Hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
