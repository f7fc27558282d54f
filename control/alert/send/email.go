package send

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/wneessen/go-mail"
)

// How mail is protected on its way. Opportunistic encryption is not among them: whoever
// sits between could strip it.
const (
	StartTLS = "starttls" // and nothing without
	Implicit = "tls"
	NoTLS    = "none"
)

// mostMail bounds a mail; one of 500 alerts has some 200 KB.
const mostMail = 256 << 10

func (s *Sender) email(ctx context.Context, c *Channel, m *Message) (string, error) {
	msg, err := c.mail(m)
	if err != nil {
		return "", err
	}
	conf, err := c.tls()
	if err != nil {
		return "", err
	}
	conf.ServerName = c.Host
	opts := []mail.Option{mail.WithTimeout(attemptTime), mail.WithTLSConfig(conf)}
	dial := s.dialer().DialContext
	port := c.Port
	switch c.TLS {
	case Implicit:
		opts = append(opts, mail.WithSSL())
		dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			return (&tls.Dialer{NetDialer: s.dialer(), Config: conf}).DialContext(ctx, network, addr)
		}
		if port == 0 {
			port = 465
		}
	case NoTLS:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
		if port == 0 {
			port = 25
		}
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
		if port == 0 {
			port = 587
		}
	}
	// The library leaves the connection open when the server is not to its liking.
	var conn net.Conn
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	opts = append(opts, mail.WithPort(port), mail.WithDialContextFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		conn = c
		return c, err
	}))
	if c.Username != "" {
		opts = append(opts, mail.WithUsername(c.Username), mail.WithPassword(c.Secret))
		switch c.TLS {
		case Implicit: // the library does not see that its connection is encrypted
			opts = append(opts, mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthCramMD5, mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc))
		case NoTLS: // never a password in the clear
			opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthCramMD5))
		default:
			opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover))
		}
	}
	host := c.Host
	if strings.Contains(host, ":") { // the library puts the port behind it as it is
		host = "[" + host + "]"
	}
	client, err := mail.NewClient(host, opts...)
	if err != nil {
		return "", &Failure{Text: err.Error(), Final: true}
	}
	if err := client.DialWithContext(ctx); err != nil {
		var denied *deniedError
		if errors.As(err, &denied) {
			err = denied
		}
		return "", &Failure{Text: err.Error()}
	}
	err = client.Send(msg)
	if cerr := client.Close(); cerr != nil && err == nil {
		// The server has the mail; that it did not say goodbye changes nothing.
		return "accepted; the connection was not closed properly", nil
	}
	if err != nil {
		var refused *mail.SendError
		f := &Failure{Text: err.Error()}
		if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
			f.Final = refused.ErrorCode() == 552 // the mail is too large, RFC 5321 §4.2.3; other refusals are of accounts, which people repair
		}
		return "", f
	}
	return "accepted: " + strings.TrimSpace(msg.ServerResponse()), nil
}

func (c *Channel) mail(m *Message) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if err := msg.From(c.From); err != nil {
		return nil, &Failure{Text: fmt.Sprintf("sender %q: %v", c.From, err), Final: true}
	}
	if err := msg.To(c.To...); err != nil {
		return nil, &Failure{Text: fmt.Sprintf("recipients: %v", err), Final: true}
	}
	msg.Subject(m.Title)
	domain := "meridian"
	if _, d, ok := strings.Cut(strings.TrimSuffix(c.From, ">"), "@"); ok {
		domain = d
	}
	// Sent again it is the same mail (RFC 5322 §3.6.4), and a bundle is one thread.
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	thread := "<" + m.Bundle + "@" + domain + ">"
	msg.SetGenHeader(mail.HeaderInReplyTo, thread)
	msg.SetGenHeader(mail.HeaderReferences, thread)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence is to answer
	msg.SetDateWithValue(m.At)
	msg.SetUserAgent("Meridian")
	text := m.body(mostMail, plain, moreText(c.Language))
	if m.Link != "" {
		text += "\n" + linkText(c.Language) + ": " + m.Link + "\n"
	}
	msg.SetBodyString(mail.TypeTextPlain, text)
	return msg, nil
}
