package sms

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"goldensignals/internal/alert"
)

// session is one bound connection. gosmpp's own Session is not used: it rebinds
// in goroutines that nobody waits for, and does not tell whether a message left.
type session struct {
	conn *gosmpp.Connection
	smpp *smpp

	write   sync.Mutex // one PDU at a time
	mu      sync.Mutex
	waiting map[int32]chan pdu.PDU // sequence number -> who waits for the response
	done    chan struct{}          // closed when the session has ended
	inbound chan *pdu.DeliverSM
}

func newSession(conn *gosmpp.Connection, s *smpp) *session {
	return &session{conn: conn, smpp: s, waiting: map[int32]chan pdu.PDU{}, done: make(chan struct{}), inbound: make(chan *pdu.DeliverSM, 64)}
}

// run serves the session until it breaks or ctx ends; its goroutines have ended
// when it returns.
func (s *session) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { cancel(s.read()) })
	wg.Go(func() { s.enquire(ctx, cancel) })
	wg.Go(func() { s.tell(ctx) })
	<-ctx.Done()
	close(s.done)
	_ = s.put(pdu.NewUnbind()) // a courtesy; the connection may be gone
	_ = s.conn.Close()
	wg.Wait()
	return context.Cause(ctx)
}

// read takes what the SMSC sends until the connection breaks.
func (s *session) read() error {
	for {
		if err := s.conn.SetReadTimeout(2 * s.smpp.EnquireLink); err != nil {
			return err
		}
		frame, err := readFrame(s.conn)
		if err != nil {
			return fmt.Errorf("read from SMSC: %w", err)
		}
		p, err := pdu.Parse(bytes.NewReader(frame))
		if err != nil { // the next one may be better; the session is not at fault
			nack := pdu.NewGenericNack()
			nack.SetSequenceNumber(int32(binary.BigEndian.Uint32(frame[12:]))) //nolint:gosec // a number of 31 bits
			_ = s.put(nack)
			continue
		}
		switch p := p.(type) {
		case *pdu.DeliverSM:
			s.queue(p)
		case *pdu.Unbind:
			_ = s.put(p.GetResponse())
			return errors.New("the SMSC has unbound the session")
		default:
			if p.CanResponse() {
				_ = s.put(p.GetResponse())
			} else {
				s.answer(p)
			}
		}
	}
}

// readFrame reads one PDU by its length (section 3.2).
func readFrame(r io.Reader) ([]byte, error) {
	frame := make([]byte, 16, 256)
	if _, err := io.ReadFull(r, frame); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(frame)
	if length < 16 || length > data.MAX_PDU_LEN {
		return nil, fmt.Errorf("a PDU of %d octets", length)
	}
	frame = append(frame, make([]byte, length-16)...)
	_, err := io.ReadFull(r, frame[16:])
	return frame, err
}

func (s *session) answer(p pdu.PDU) {
	s.mu.Lock()
	c := s.waiting[p.GetSequenceNumber()]
	delete(s.waiting, p.GetSequenceNumber())
	s.mu.Unlock()
	if c != nil {
		c <- p // has room
	}
}

// put writes one PDU. An error means that the SMSC did not get all of it.
func (s *session) put(p pdu.PDU) error {
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.conn.SetWriteTimeout(bindTimeout); err != nil {
		return err
	}
	_, err := s.conn.WritePDU(p)
	return err
}

// enquire shows the SMSC that we are there, and makes it show the same; read
// notices if it does not.
func (s *session) enquire(ctx context.Context, broken context.CancelCauseFunc) {
	tick := time.NewTicker(s.smpp.EnquireLink)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.put(pdu.NewEnquireLink()); err != nil {
				broken(fmt.Errorf("write to SMSC: %w", err))
				return
			}
		}
	}
}

// submit sends m and waits for the SMSC's name for it.
func (s *session) submit(ctx context.Context, m *pdu.SubmitSM) (string, error) {
	c := make(chan pdu.PDU, 1)
	s.mu.Lock()
	s.waiting[m.GetSequenceNumber()] = c
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, m.GetSequenceNumber())
		s.mu.Unlock()
	}()
	if err := s.put(m); err != nil {
		_ = s.conn.Close() // half a PDU may have gone: what follows could not be read
		return "", fmt.Errorf("write to SMSC: %w", err)
	}
	select {
	case p := <-c:
		return submitted(p)
	case <-ctx.Done():
		return "", alert.Unsure(fmt.Errorf("no response from the SMSC: %w", ctx.Err()))
	case <-s.done:
		return "", alert.Unsure(errors.New("the session broke before the response came"))
	}
}

func submitted(p pdu.PDU) (string, error) {
	if status := p.GetHeader().CommandStatus; status != data.ESME_ROK {
		return "", refusal(status)
	}
	if r, ok := p.(*pdu.SubmitSMResp); ok {
		return r.MessageID, nil
	}
	return "", alert.Unsure(errors.New("the SMSC answered something else than submit_sm_resp"))
}

// queue hands m to the goroutine that tells the router, so that reading goes on.
// Where too much waits, the SMSC keeps it for later.
func (s *session) queue(m *pdu.DeliverSM) {
	select {
	case s.inbound <- m:
	default:
		s.respond(m, errors.New("busy"))
	}
}

func (s *session) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return // without a response, the SMSC tells it again
		case m := <-s.inbound:
			limited, cancel := context.WithTimeout(ctx, tellTimeout)
			err := s.smpp.told(limited, m)
			cancel()
			if err != nil {
				s.smpp.log.Warn("SMPP message is refused for now", "err", err)
			}
			s.respond(m, err)
		}
	}
}

func (s *session) respond(m *pdu.DeliverSM, err error) {
	r := m.GetResponse().(*pdu.DeliverSMResp)
	if err != nil {
		r.CommandStatus = data.ESME_RX_T_APPN // try again later
	}
	_ = s.put(r) // read notices a broken connection
}

// told tells the router what m says.
func (s *smpp) told(ctx context.Context, m *pdu.DeliverSM) error {
	// esm_class, bits 5 to 2: 0001 is a receipt, 1000 a state on the way; section 5.2.12.
	if kind := m.EsmClass & 0x3c; kind == 0x04 || kind == 0x20 {
		r, err := parseReceipt(deliveredText(m), m.OptionalParameters)
		if err != nil || s.env.Reported == nil {
			return nil //nolint:nilerr // it would be no better the next time
		}
		message := s.parts.find(r.Receipt)
		r.Provider, r.Receipt, r.NotificationID = s.name, message.receipt, message.notification
		return s.env.Reported(ctx, r)
	}
	if s.env.Replied == nil {
		return nil
	}
	// deliver_sm has no id of its own; sender and text are the best there is.
	return s.env.Replied(ctx, Reply{Provider: s.name, From: number(m.SourceAddr.Address()), Text: deliveredText(m)})
}
