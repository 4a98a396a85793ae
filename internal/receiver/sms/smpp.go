package sms

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
	"github.com/prometheus/common/config"

	"goldensignals/internal/alert"
	"goldensignals/internal/receiver/outbound"
)

// SMPP sends over a session with an SMSC that stays open, version 3.4. Its
// provider needs Run. Reports and replies come over the session; see Env.
// Source: SMPP Protocol Specification v3.4, issue 1.2.
type SMPP struct {
	Address    string            `yaml:"address"` // host:port
	TLS        *config.TLSConfig `yaml:"tls"`     // plain TCP if absent
	SystemID   string            `yaml:"system_id"`
	Password   outbound.Secret   `yaml:"password"`
	SystemType string            `yaml:"system_type"`
	From       string            `yaml:"from"`

	// LongText says how a text goes that needs two messages: "udh" (if empty) as
	// two submit_sm with a header that joins them, "payload" as one with
	// message_payload.
	LongText string `yaml:"long_text"`

	// ReportIDs is "decimal" for an SMSC that gives message ids in hexadecimal and
	// reports them in decimal. Empty: they are the same.
	ReportIDs string `yaml:"report_ids"`

	EnquireLink time.Duration `yaml:"enquire_link"` // 30 s if 0; a session that says nothing for twice as long is dropped
	Rebind      time.Duration `yaml:"rebind"`       // the first wait before a new session, doubled up to a minute; 1 s if 0
}

// Validate returns everything that is wrong with s.
func (s *SMPP) Validate() error {
	var errs []error
	if host, port, err := net.SplitHostPort(s.Address); err != nil || host == "" || port == "" {
		errs = append(errs, outbound.Field("address", "%q is no address: write HOST:PORT, such as smsc.example.org:2775", s.Address))
	}
	if s.TLS != nil {
		if err := s.TLS.Validate(); err != nil {
			errs = append(errs, outbound.Field("tls", "%v", err))
		}
	}
	if s.SystemID == "" || len(s.SystemID) > 15 {
		errs = append(errs, outbound.Field("system_id", "%q must have 1 to 15 letters", s.SystemID))
	}
	errs = append(errs, outbound.CheckSecret("password", s.Password), checkFrom(s.From))
	if s.LongText != "" && s.LongText != "udh" && s.LongText != "payload" {
		errs = append(errs, outbound.Field("long_text", "%q is neither udh nor payload", s.LongText))
	}
	if s.ReportIDs != "" && s.ReportIDs != "decimal" {
		errs = append(errs, outbound.Field("report_ids", "%q: leave it out, or write decimal", s.ReportIDs))
	}
	if s.EnquireLink < 0 {
		errs = append(errs, outbound.Field("enquire_link", "must not be negative"))
	}
	if s.Rebind < 0 {
		errs = append(errs, outbound.Field("rebind", "must not be negative"))
	}
	return errors.Join(errs...)
}

func (s *SMPP) open(o opening) (Provider, error) {
	p := &smpp{SMPP: *s, name: o.name, env: o.env, log: o.env.log().With("provider", o.name)}
	if p.EnquireLink == 0 {
		p.EnquireLink = 30 * time.Second
	}
	if p.Rebind == 0 {
		p.Rebind = time.Second
	}
	if s.TLS != nil {
		var err error
		if p.tls, err = config.NewTLSConfig(s.TLS); err != nil {
			return nil, err
		}
		if host, _, _ := net.SplitHostPort(s.Address); p.tls.ServerName == "" {
			p.tls.ServerName = host
		}
	}
	p.unbound.Store("not yet bound")
	return p, nil
}

const (
	maxRebind     = time.Minute
	bindTimeout   = 10 * time.Second
	tellTimeout   = 10 * time.Second // for Reported and Replied
	smppThrottled = 2 * time.Second  // ESME_RTHROTTLED does not say for how long
)

type smpp struct {
	SMPP
	name string
	env  Env
	log  *slog.Logger
	tls  *tls.Config

	mu      sync.Mutex
	current *session // nil while unbound

	unbound atomic.Value // string: why there is no session
	parts   partsSent
	ref     atomic.Uint32 // joins the parts of a long text
}

func (s *smpp) Name() string { return s.name }

// Idempotent is false: submit_sm has no key.
func (s *smpp) Idempotent() bool { return false }

// Run keeps a session until ctx ends. It returns nil then.
func (s *smpp) Run(ctx context.Context) error {
	wait := s.Rebind
	for ctx.Err() == nil {
		bound, err := s.serve(ctx)
		if ctx.Err() != nil {
			break
		}
		if bound {
			wait = s.Rebind
		}
		s.unbound.Store(err.Error())
		s.log.Warn("SMPP session is down", "err", err, "rebind_in", wait)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, maxRebind)
	}
	s.unbound.Store("stopped")
	return nil
}

// serve binds and stays bound until the session breaks or ctx ends.
func (s *smpp) serve(ctx context.Context) (bound bool, err error) {
	conn, err := s.bind(ctx)
	if err != nil {
		return false, err
	}
	sess := newSession(conn, s)
	s.setCurrent(sess)
	defer s.setCurrent(nil)
	s.log.Info("SMPP session is bound")
	return true, sess.run(ctx)
}

func (s *smpp) setCurrent(sess *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = sess
}

// bind connects and binds as a transceiver. gosmpp does the exchange; it knows
// no deadline, so the connection gets one.
func (s *smpp) bind(ctx context.Context) (*gosmpp.Connection, error) {
	password, err := s.Password.Read()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, bindTimeout)
	defer cancel()
	stop := func() bool { return true }
	connector := gosmpp.TRXConnector(func(address string) (net.Conn, error) {
		conn, err := s.env.dial(ctx, address)
		if err != nil {
			return nil, err
		}
		if s.tls != nil {
			conn = tls.Client(conn, s.tls)
		}
		stop = context.AfterFunc(ctx, func() { conn.Close() })
		return conn, nil
	}, gosmpp.Auth{SMSC: s.Address, SystemID: s.SystemID, Password: password, SystemType: s.SystemType})
	conn, err := connector.Connect()
	if err != nil {
		stop()
		return nil, fmt.Errorf("bind: %w", err)
	}
	if !stop() {
		return nil, fmt.Errorf("bind: %w", ctx.Err())
	}
	return conn, nil
}

// Send submits o. While there is no session it fails at once. The receipt's ID
// is the SMSC's name for the last part of the text.
func (s *smpp) Send(ctx context.Context, o Outgoing) (alert.Receipt, error) {
	s.mu.Lock()
	sess := s.current
	s.mu.Unlock()
	if sess == nil {
		return alert.Receipt{}, fmt.Errorf("no session with the SMSC: %s", s.unbound.Load())
	}
	messages, err := s.messages(o)
	if err != nil {
		return alert.Receipt{}, alert.Permanent(err)
	}
	var ids []string
	for _, m := range messages {
		id, err := sess.submit(ctx, m)
		if err != nil && len(ids) > 0 {
			// The next attempt sends all parts again.
			return alert.Receipt{}, alert.Unsure(fmt.Errorf("part %d of %d: %w", len(ids)+1, len(messages), err))
		}
		if err != nil {
			return alert.Receipt{}, err
		}
		ids = append(ids, s.messageID(id))
	}
	receipt := ids[len(ids)-1]
	s.parts.add(ids, sent{receipt, o.ID})
	return alert.Receipt{ID: receipt, Reported: s.env.Reported != nil}, nil
}

// messages returns the submit_sm for o. Reports are asked for the last part; of
// the others, only failures are reported (section 5.2.17).
func (s *smpp) messages(o Outgoing) ([]*pdu.SubmitSM, error) {
	parts, coding := encodeText(o.Text, s.LongText == "payload")
	if len(parts) > 255 {
		return nil, fmt.Errorf("the text needs %d messages, which is too long", len(parts))
	}
	ref := byte(s.ref.Add(1))
	var out []*pdu.SubmitSM
	for i, part := range parts {
		m := pdu.NewSubmitSM().(*pdu.SubmitSM)
		m.SourceAddr, m.DestAddr = smppAddress(s.From), smppAddress(o.To)
		m.RegisteredDelivery = 1
		if i < len(parts)-1 {
			m.RegisteredDelivery = 2
		}
		if len(parts) == 1 && len(part) > 160 {
			// Data coding stands in the message, which is empty (section 4.4.1).
			if err := m.Message.SetMessageDataWithEncoding(nil, coding); err != nil {
				return nil, err
			}
			m.RegisterOptionalParam(pdu.Field{Tag: pdu.TagMessagePayload, Data: part})
		} else if err := m.Message.SetMessageDataWithEncoding(part, coding); err != nil {
			return nil, err
		}
		if len(parts) > 1 {
			m.EsmClass |= data.SM_UDH_GSM
			m.Message.SetUDH(pdu.UDH{pdu.NewIEConcatMessage(byte(len(parts)), byte(i+1), ref)})
		}
		out = append(out, m)
	}
	return out, nil
}

// messageID writes an id of a submit_sm_resp as reports write it.
func (s *smpp) messageID(id string) string {
	if s.ReportIDs == "decimal" {
		return hexToDecimal(id)
	}
	return id
}

// refusal marks a command_status that is not ESME_ROK (section 5.1.3).
func refusal(status data.CommandStatusType) error {
	err := fmt.Errorf("SMSC refused: %s (%s)", status.Desc(), status)
	switch status {
	case data.ESME_RTHROTTLED, data.ESME_RMSGQFUL:
		return alert.After(err, smppThrottled)
	case data.ESME_RINVDSTADR, data.ESME_RINVDSTTON, data.ESME_RINVDSTNPI, data.ESME_RINVMSGLEN:
		return alert.Permanent(err)
	default: // also a sender or an account that is not allowed: a person can mend that
		return err
	}
}

// sent is the message that a part belongs to.
type sent struct{ receipt, notification string }

// partsSent remembers which message the latest parts belong to. After a restart
// reports are still known by their receipt, apart from the failures of first
// parts. The zero value is ready.
type partsSent struct {
	mu    sync.Mutex
	of    map[string]sent
	order []string // oldest first
}

const maxParts = 4096

func (p *partsSent) add(ids []string, m sent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[string]sent{}
	}
	for _, id := range ids {
		p.of[id] = m
		p.order = append(p.order, id)
	}
	for len(p.order) > maxParts {
		delete(p.of, p.order[0])
		p.order = p.order[1:]
	}
}

func (p *partsSent) find(id string) sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m, ok := p.of[id]; ok {
		return m
	}
	return sent{receipt: id}
}
