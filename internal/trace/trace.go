// Package trace is the words of tracing: the W3C trace context that services
// hand on, the spans that they tell of, and what a trace says as a whole.
// Services, users, whoever keeps traces and whoever shows them speak it. It
// has no clock and draws no random numbers: ids follow from what it is given,
// so that the same request has the same ids in every run.
package trace

import (
	"encoding/binary"
	"encoding/hex"
	"time"
)

// ID names a trace. The zero value names none.
type ID [16]byte

// NewID makes an ID of two numbers, which need not be random; it is never zero.
func NewID(high, low uint64) ID {
	var id ID
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low|1)
	return id
}

// ParseID reads 32 lower-case hex digits; ok is false for anything else, and
// for zeros.
func ParseID(s string) (id ID, ok bool) {
	if len(s) != 2*len(id) || !isHex(s) {
		return ID{}, false
	}
	_, err := hex.Decode(id[:], []byte(s))
	return id, err == nil && id != ID{}
}

// String renders the ID as 32 lower-case hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// SpanID names a span within its trace. Zero names none.
type SpanID uint64

// String renders the SpanID as 16 lower-case hex digits.
func (s SpanID) String() string {
	b := s.Bytes()
	return hex.EncodeToString(b[:])
}

// Bytes are the SpanID as it travels.
func (s SpanID) Bytes() (b [8]byte) {
	binary.BigEndian.PutUint64(b[:], uint64(s))
	return b
}

// Kind is the side of a request that a span is of.
type Kind uint8

// The kinds of spans.
const (
	Server Kind = iota + 1 // a service, from the arrival of a request to its answer
	Client                 // whoever calls, from sending a request to having the answer
)

// String names the kind: server or client.
func (k Kind) String() string {
	switch k {
	case Server:
		return "server"
	case Client:
		return "client"
	default:
		return "unknown"
	}
}

// The reasons why a request got no answer, as Span.Error has them.
const (
	Timeout    = "timeout"    // it took longer than the caller waits
	Connection = "connection" // nobody was there, or the connection broke
	Canceled   = "canceled"   // the caller's own caller went away
)

// Span is one side of one request. It is a value: copy it freely.
type Span struct {
	Trace   ID
	ID      SpanID
	Parent  SpanID // zero: the trace begins here
	Kind    Kind
	Service string // whose span it is
	Name    string // method and route, such as "POST /checkout"
	Peer    string // the service that a client calls; empty for a server
	Start   time.Time
	Took    time.Duration
	Status  int    // of the HTTP answer; zero: there was none
	Error   string // why there was no answer: timeout, connection or canceled
	Failed  bool   // it was not served
}

// End is when the span ended.
func (s Span) End() time.Time { return s.Start.Add(s.Took) }

// Culprit is the service that a failed span speaks of: a client tells of the
// service that it called, a server of itself.
func (s Span) Culprit() string {
	if s.Kind == Client {
		return s.Peer
	}
	return s.Service
}
