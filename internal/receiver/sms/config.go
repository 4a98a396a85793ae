package sms

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/prometheus/common/config"
	"golang.org/x/time/rate"

	"goldensignals/internal/receiver/outbound"
)

// ProviderConfig is one provider in the configuration: a name, what all have in
// common, and exactly one kind.
type ProviderConfig struct {
	Name          string                   `yaml:"name"`            // letters, digits, - and _: it is part of URLs
	RatePerSecond float64                  `yaml:"rate_per_second"` // messages; 0: no limit of ours
	HTTP          *config.HTTPClientConfig `yaml:"http"`            // proxy and TLS; not for smpp and phone

	Twilio  *Twilio      `yaml:"twilio"`
	Vonage  *Vonage      `yaml:"vonage"`
	Sinch   *Sinch       `yaml:"sinch"`
	Bird    *Bird        `yaml:"bird"`
	Kannel  *Kannel      `yaml:"kannel"`
	Gateway *Gateway     `yaml:"gateway"`
	SMPP    *SMPP        `yaml:"smpp"`
	Phone   *PhoneConfig `yaml:"phone"`
}

// kind is one way to send.
type kind interface {
	Validate() error
	open(opening) (Provider, error)
}

// opening is what a kind is opened with.
type opening struct {
	name string
	env  Env
	http *config.HTTPClientConfig
}

type given struct {
	field string
	kind  kind
}

// kinds lists the kinds that are given. A new kind is a field and a line here.
func (c *ProviderConfig) kinds() []given {
	var ks []given
	ks = add(ks, "twilio", c.Twilio)
	ks = add(ks, "vonage", c.Vonage)
	ks = add(ks, "sinch", c.Sinch)
	ks = add(ks, "bird", c.Bird)
	ks = add(ks, "kannel", c.Kannel)
	ks = add(ks, "gateway", c.Gateway)
	ks = add(ks, "smpp", c.SMPP)
	ks = add(ks, "phone", c.Phone)
	return ks
}

func add[T any, P interface {
	*T
	kind
}](ks []given, field string, p P) []given {
	if p == nil {
		return ks
	}
	return append(ks, given{field, p})
}

// Validate returns everything that is wrong with c, as joined errors of
// outbound.Field, or nil. It reads secrets to see that they are there.
func (c *ProviderConfig) Validate() error {
	var errs []error
	if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(c.Name) {
		errs = append(errs, outbound.Field("name", "%q is no name: use letters, digits, - and _", c.Name))
	}
	if c.RatePerSecond < 0 {
		errs = append(errs, outbound.Field("rate_per_second", "must not be negative: 0 means no limit"))
	}
	if c.HTTP != nil {
		if err := c.HTTP.Validate(); err != nil {
			errs = append(errs, outbound.Field("http", "%v", err))
		}
		if c.SMPP != nil || c.Phone != nil {
			errs = append(errs, outbound.Field("http", "is of no use here: remove it"))
		}
	}
	ks := c.kinds()
	if len(ks) != 1 {
		errs = append(errs, outbound.Field(kindField(ks), "give exactly one of twilio, vonage, sinch, bird, kannel, gateway, smpp, phone; there are %d", len(ks)))
	}
	for _, k := range ks {
		errs = append(errs, outbound.Below(k.field, k.kind.Validate()))
	}
	return errors.Join(errs...)
}

func kindField(ks []given) string {
	if len(ks) > 1 {
		return ks[1].field
	}
	return "name"
}

// Open returns the provider that c describes. It makes no connection yet.
func (c *ProviderConfig) Open(env Env) (Provider, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p, err := c.kinds()[0].kind.open(opening{c.Name, env, c.HTTP})
	if err != nil {
		return nil, fmt.Errorf("open sms provider %s: %w", c.Name, err)
	}
	return p, nil
}

// Limit returns how often the provider may be asked, or nil for any rate. All
// receivers that send through it share one.
func (c *ProviderConfig) Limit() *rate.Limiter {
	if c.RatePerSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(c.RatePerSecond), max(1, int(c.RatePerSecond)))
}

// client returns an HTTP client, and what closes its idle connections.
func (o opening) client() (*http.Client, error) {
	if o.env.Transport != nil {
		return outbound.Client(o.env.Transport), nil
	}
	var c config.HTTPClientConfig
	if o.http != nil {
		c = *o.http
	}
	rt, err := outbound.Transport(o.name, c)
	if err != nil {
		return nil, err
	}
	return outbound.Client(rt), nil
}

// CheckNumber wants a phone number as E.164 writes it: + and 7 to 15 digits.
func CheckNumber(field, s string) error {
	if !IsNumber(s) {
		return outbound.Field(field, "%q is no phone number: write + and the country code, 7 to 15 digits without spaces, such as +4915112345678", s)
	}
	return nil
}

// IsNumber reports whether s is a phone number as E.164, section 6, writes it: a
// country code, which does not begin with 0, and a number; the shortest have 7.
func IsNumber(s string) bool {
	d, plus := strings.CutPrefix(s, "+")
	return plus && len(d) >= 7 && len(d) <= 15 && d[0] != '0' && digits(d) == d
}

// digits returns the digits of s.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// number writes the phone number of a caller as E.164 does, if it is one. Many
// providers leave the + out; a short code is none.
func number(s string) string {
	s = strings.TrimSpace(s)
	if IsNumber("+" + s) {
		return "+" + s
	}
	return s
}

// checkFrom wants what a message may come from: a number, a short code, or up
// to eleven letters and digits (3GPP TS 23.040, section 9.1.2.5).
func checkFrom(s string) error {
	switch {
	case s == "":
		return outbound.Field("from", "is missing: a number such as +4915112345678, a short code, or a name of up to 11 letters")
	case s[0] == '+':
		return CheckNumber("from", s)
	case digits(s) == s && len(s) <= 15, len(s) <= 11:
		return nil
	}
	return outbound.Field("from", "%q is too long for a name: at most 11 letters", s)
}
