package sms_test

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// smsc is a small SMSC on the loopback.
type smsc struct {
	t        testing.TB
	listener net.Listener
	wg       sync.WaitGroup

	bound     chan struct{}           // one for each session
	submitted chan *pdu.SubmitSM      // what arrived
	responses chan *pdu.DeliverSMResp // to deliver

	silent atomic.Bool // answers binds only

	mu      sync.Mutex
	conn    net.Conn                    // of the latest session
	respond func(*pdu.SubmitSM) pdu.PDU // nil: taken; it may return nil for silence
}

func newSMSC(t testing.TB, address string) *smsc {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &smsc{
		t: t, listener: l, bound: make(chan struct{}, 16),
		submitted: make(chan *pdu.SubmitSM, 64), responses: make(chan *pdu.DeliverSMResp, 64),
	}
	s.wg.Go(s.accept)
	t.Cleanup(func() {
		l.Close()
		s.hangUp()
		s.wg.Wait()
	})
	return s
}

func (s *smsc) address() string { return s.listener.Addr().String() }

func (s *smsc) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conn = conn
		s.mu.Unlock()
		s.wg.Go(func() { s.serve(conn) })
	}
}

func (s *smsc) serve(conn net.Conn) {
	defer conn.Close()
	for {
		p, err := pdu.Parse(conn)
		if err != nil {
			return
		}
		switch p := p.(type) {
		case *pdu.BindRequest:
			r := p.GetResponse().(*pdu.BindResp)
			if p.Password != "s3cret" {
				r.CommandStatus = data.ESME_RINVPASWD
			}
			s.put(conn, r)
			if r.CommandStatus == data.ESME_ROK {
				s.bound <- struct{}{}
			}
		case *pdu.SubmitSM:
			s.submitted <- p
			s.mu.Lock()
			respond := s.respond
			s.mu.Unlock()
			if respond == nil {
				respond = func(p *pdu.SubmitSM) pdu.PDU { return taken(p, "A7") }
			}
			if r := respond(p); r != nil {
				s.put(conn, r)
			}
		case *pdu.DeliverSMResp:
			s.responses <- p
		case *pdu.Unbind:
			s.put(conn, p.GetResponse())
			return
		default:
			if p.CanResponse() && !s.silent.Load() {
				s.put(conn, p.GetResponse())
			}
		}
	}
}

// put does not mind a client that has gone: the test says what it expects.
func (s *smsc) put(conn net.Conn, p pdu.PDU) {
	b := pdu.NewBuffer(nil)
	p.Marshal(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = conn.Write(b.Bytes())
}

func (s *smsc) answer(f func(*pdu.SubmitSM) pdu.PDU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.respond = f
}

// hangUp ends the session without a word.
func (s *smsc) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		s.conn.Close()
	}
}

// deliver sends a deliver_sm on the latest session.
func (s *smsc) deliver(esmClass byte, from, text string, params ...pdu.Field) {
	s.t.Helper()
	m := pdu.NewDeliverSM().(*pdu.DeliverSM)
	m.EsmClass = esmClass
	_ = m.SourceAddr.SetAddress(from)
	_ = m.DestAddr.SetAddress("12345")
	coding := data.GSM7BIT
	if strings.ContainsFunc(text, func(r rune) bool { return r > 127 }) {
		coding = data.UCS2
	}
	if err := m.Message.SetMessageWithEncoding(text, coding); err != nil {
		s.t.Fatal(err)
	}
	for _, f := range params {
		m.RegisterOptionalParam(f)
	}
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	s.put(conn, m)
}

func taken(p *pdu.SubmitSM, id string) pdu.PDU {
	r := p.GetResponse().(*pdu.SubmitSMResp)
	r.MessageID = id
	return r
}

func refused(status data.CommandStatusType) func(*pdu.SubmitSM) pdu.PDU {
	return func(p *pdu.SubmitSM) pdu.PDU {
		r := p.GetResponse().(*pdu.SubmitSMResp)
		r.CommandStatus = status
		return r
	}
}
