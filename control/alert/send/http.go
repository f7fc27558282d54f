package send

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/meridian-gtm/meridian/internal/netguard"
)

// mostAnswer is how much of an answer is read: chat robots say some 100 bytes.
const mostAnswer = 4 << 10

// deniedError says that a channel leads where it must not.
type deniedError struct {
	addr netip.Addr
	what string
}

func (e *deniedError) Error() string {
	return fmt.Sprintf("%v is a %s address; start control with --alert-allow to send there", e.addr, e.what)
}

// dialer connects to allowed addresses only. It looks at the address of the socket, so
// that no name, however it resolves, leads past it.
func (s *Sender) dialer() *net.Dialer {
	return &net.Dialer{Timeout: attemptTime, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("address %q: %w", address, err)
		}
		if what := netguard.Refusal(ap.Addr(), s.allow, netguard.Private); what != "" {
			return &deniedError{ap.Addr().Unmap().WithZone(""), what}
		}
		return nil
	}}
}

func (c *Channel) tls() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(c.CA) > 0 {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(c.CA) {
			return nil, &Failure{Text: "the file of authorities holds no certificate in PEM form", Final: true}
		}
	}
	return conf, nil
}

// post sends JSON and returns the status and the beginning of the answer. Each attempt
// has a connection of its own: there are few, and none shall die between two.
func (s *Sender) post(ctx context.Context, c *Channel, target string, body any, head http.Header) (status int, answer []byte, after time.Duration, err error) {
	b, ok := body.([]byte)
	if !ok {
		if b, err = json.Marshal(body); err != nil {
			return 0, nil, 0, fmt.Errorf("encode message: %w", err)
		}
	}
	conf, err := c.tls()
	if err != nil {
		return 0, nil, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(b))
	if err != nil {
		return 0, nil, 0, &Failure{Text: "the channel's URL cannot be read", Final: true}
	}
	req.Header = http.Header{"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"meridian"}}
	for k, v := range head {
		req.Header[k] = v
	}
	transport := &http.Transport{DialContext: s.dialer().DialContext, TLSClientConfig: conf, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, 0, connection(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return 0, nil, 0, connection(err)
	}
	if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n > 0 {
		after = min(time.Duration(n)*time.Second, time.Hour)
	}
	return resp.StatusCode, answer, after, nil
}

// connection takes the URL out of an error.
func connection(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var denied *deniedError
	if errors.As(err, &denied) {
		return &Failure{Text: denied.Error()}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Failure{Text: fmt.Sprintf("no answer within %s", attemptTime)}
	}
	return &Failure{Text: err.Error()}
}

// refused is what a status other than success comes to.
func refused(status int, answer []byte, after time.Duration) error {
	f := &Failure{Text: fmt.Sprintf("status %d %s: %s", status, http.StatusText(status), answer), After: after}
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		f.Final = true
	}
	if status >= 300 && status < 400 {
		f.Text = fmt.Sprintf("status %d: it redirects, which is not followed; use the address that it leads to", status)
	}
	return f
}

// mostTold bounds what is kept of an answer.
const mostTold = 300

// tell makes one line of what came from elsewhere, without what the channel keeps secret.
func tell(s string, c *Channel) string {
	s = strings.ToValidUTF8(s, "�")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	for _, secret := range c.secrets() {
		s = strings.ReplaceAll(s, secret, "…")
	}
	return cut(strings.Join(strings.Fields(s), " "), mostTold)
}

// secrets are the texts that must not be told: an answer may echo them.
func (c *Channel) secrets() []string {
	var out []string
	add := func(s string) {
		if len(s) >= 6 { // shorter ones are words
			out = append(out, s)
		}
	}
	add(c.URL)
	if u, err := url.Parse(c.URL); err == nil {
		if p, ok := u.User.Password(); ok {
			add(p)
		}
		for _, values := range u.Query() {
			for _, v := range values {
				add(v)
				add(url.QueryEscape(v))
			}
		}
		for part := range strings.SplitSeq(u.Path, "/") {
			if len(part) >= 16 { // a token, not a word of the path
				add(part)
			}
		}
	}
	add(c.Secret)
	return out
}

// Redact shows where a URL leads without its tokens.
func Redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "…"
	}
	if u.Path == "" || u.Path == "/" {
		if u.RawQuery == "" && u.User == nil {
			return u.Scheme + "://" + u.Host
		}
	}
	return u.Scheme + "://" + u.Host + "/…"
}
