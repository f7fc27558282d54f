package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// expiredError and chainError tell the certificate's faults from the handshake's.
type expiredError struct{ text string }
type chainError struct{ err error }

func (e *expiredError) Error() string { return e.text }
func (e *chainError) Error() string   { return e.err.Error() }

// handshake does TLS. The certificate is checked by us after the handshake, so that
// an expired one is a fact to report and not just a failure.
func (p *Prober) handshake(ctx context.Context, raw net.Conn, name string, opt *traffic.HTTPOptions) (net.Conn, error) {
	conf := &tls.Config{
		ServerName: name,
		NextProtos: []string{"http/1.1"},
		// The post-quantum hello costs 60 % more processor time and is dropped on some
		// paths, where a probe must not report the site down (deps.md 2.3).
		CurvePreferences:       []tls.CurveID{tls.X25519, tls.CurveP256},
		SessionTicketsDisabled: true,
		InsecureSkipVerify:     true, // verified below, with words
		VerifyConnection: func(s tls.ConnectionState) error {
			return p.verify(s.PeerCertificates, name, opt, time.Now())
		},
	}
	if _, err := netip.ParseAddr(name); err == nil {
		conf.ServerName = "" // RFC 6066 §3: an address is not sent as a name
	}
	c := tls.Client(raw, conf)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

func (p *Prober) verify(certs []*x509.Certificate, name string, opt *traffic.HTTPOptions, now time.Time) error {
	if len(certs) == 0 {
		return &chainError{errors.New("the server shows no certificate")}
	}
	leaf := certs[0]
	left := leaf.NotAfter.Sub(now)
	day := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	if opt.VerifyTLS() {
		if left < 0 {
			return &expiredError{fmt.Sprintf("the certificate expired on %s", day(leaf.NotAfter))}
		}
		if now.Before(leaf.NotBefore) {
			return &expiredError{fmt.Sprintf("the certificate is valid only from %s", day(leaf.NotBefore))}
		}
		between := x509.NewCertPool()
		for _, c := range certs[1:] {
			between.AddCert(c)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: p.opt.Roots, Intermediates: between, CurrentTime: now}); err != nil {
			return &chainError{err}
		}
	}
	// Asked for by itself: a certificate of an own issuer has an end too.
	if opt.MinDaysLeft > 0 && left < time.Duration(opt.MinDaysLeft)*24*time.Hour {
		return &expiredError{fmt.Sprintf("the certificate ends on %s, in less than %d days", day(leaf.NotAfter), opt.MinDaysLeft)}
	}
	return nil
}

func tlsFailure(ctx context.Context, start time.Time, ex exchange, err error) Result {
	var expired *expiredError
	var chain *chainError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &expired):
		return bad(start, CodeExpired, "%v", expired)
	case errors.As(err, &chain):
		return bad(start, CodeTLS, "the certificate is not trusted for %s: %v", ex.name, chain)
	case errors.As(err, &alert):
		return bad(start, CodeTLS, "the server refuses the handshake: %v", alert)
	case errors.As(err, &record):
		return bad(start, CodeTLS, "%v does not speak TLS", ex.addr)
	}
	r := failure(ctx, start, ex.addr, "shaking hands", true, err)
	if r.Code == CodeProtocol {
		r.Code = CodeTLS
	}
	return r
}
