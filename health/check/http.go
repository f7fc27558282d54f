package check

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
)

const (
	maxBody      = 64 << 10 // how much of the body is searched for the expected text
	maxHeader    = 64 << 10 // of a response; more is no answer that a client would like
	maxRedirects = 5
	maxValue     = 8 << 10 // of a header value read from a file
)

// userAgent lets the owners of targets recognise probes in their logs.
const userAgent = "meridian-health/1"

// exchange is one request: Host header, server name and address are three separate
// things, since a probe asks one machine for a name that may live on many.
type exchange struct {
	tls     bool
	addr    netip.AddrPort
	host    string // Host header
	name    string // of the certificate; also sent as SNI unless it is an IP address
	path    string
	method  string
	headers http.Header
}

// http runs an http or https probe. An own HTTP/1.1 client and not http.Transport:
// that one may send a request twice and costs twice the processor time.
func (p *Prober) http(ctx context.Context, start time.Time, t health.Task, ip netip.Addr) Result {
	opt := t.Template.Options()
	headers, err := readHeaders(opt.Headers)
	if err != nil {
		return local(CodeConfig, "%v", err)
	}
	ex := exchange{tls: t.Template.Protocol == traffic.HTTPS, addr: netip.AddrPortFrom(ip, uint16(t.Key.Port)),
		host: opt.Host, path: opt.Path, method: opt.Method, headers: headers}
	if ex.host == "" {
		ex.host = hostHeader(t.Target, t.Key.Port, ex.tls)
	}
	ex.name = opt.SNI
	if ex.name == "" {
		ex.name = hostName(ex.host)
	}
	for hop := 0; ; hop++ {
		resp, body, r := p.roundTrip(ctx, start, ex, opt)
		if resp == nil {
			if hop > 0 && r.Code == CodeDenied {
				// The target answered and sent clients to where no client should be sent:
				// that is its own fault, not this prober's.
				r.Local, r.Reached = false, true
				r.Reason = "is redirected to a forbidden target: " + r.Reason
			}
			return r
		}
		location := resp.Header.Get("Location")
		if !opt.FollowRedirects || !isRedirect(resp.StatusCode) || location == "" {
			return judge(start, opt, resp, body)
		}
		if hop == maxRedirects {
			return bad(start, CodeRedirect, "redirects more than %d times", maxRedirects)
		}
		if r := p.follow(ctx, start, &ex, resp.StatusCode, location, t.Template.IPVersion); r.Code != "" {
			return r
		}
	}
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow turns the exchange into the one that a redirect asks for.
func (p *Prober) follow(ctx context.Context, start time.Time, ex *exchange, status int, location, version string) Result {
	base := url.URL{Scheme: "http", Host: ex.host}
	if ex.tls {
		base.Scheme = "https"
	}
	if path, err := url.Parse(ex.path); err == nil {
		base.Path, base.RawPath, base.RawQuery = path.Path, path.RawPath, path.RawQuery
	}
	u, err := base.Parse(location)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return bad(start, CodeRedirect, "redirects to %q, which cannot be followed", location)
	}
	// RFC 9110 §15.4: clients change POST to GET on 301 and 302, everything but HEAD on 303.
	if status == http.StatusSeeOther && ex.method != http.MethodHead || ex.method == http.MethodPost && status <= http.StatusFound {
		ex.method = http.MethodGet
	}
	ex.path = u.RequestURI()
	if u.Scheme == base.Scheme && u.Host == base.Host {
		return Result{} // the same place, also where the probed port is not the one in its name
	}
	port := 80
	if u.Scheme == "https" {
		port = 443
	}
	if s := u.Port(); s != "" {
		if port, err = strconv.Atoi(s); err != nil || port < 1 || port > 65535 {
			return bad(start, CodeRedirect, "redirects to %q, which has a bad port", location)
		}
	}
	addr := ex.addr.Addr()
	if !strings.EqualFold(u.Hostname(), hostName(ex.host)) {
		if addr, err = netip.ParseAddr(u.Hostname()); err != nil {
			found, r := p.resolve(ctx, start, u.Hostname(), version)
			if found == nil {
				return r
			}
			addr = found[0]
		}
		addr = addr.Unmap()
		ex.name = u.Hostname()
	}
	// A redirect to the same name stays at the address under probe: asking DNS would
	// probe whatever the name answers now, perhaps by this very verdict.
	ex.tls, ex.host, ex.addr = u.Scheme == "https", u.Host, netip.AddrPortFrom(addr, uint16(port))
	ex.headers = nil // they may be secrets of the first target
	return Result{}
}

// roundTrip returns the response with the start of its body, or a nil response and
// the result that says why there is none.
func (p *Prober) roundTrip(ctx context.Context, start time.Time, ex exchange, opt *traffic.HTTPOptions) (*http.Response, []byte, Result) {
	raw, err := p.dial(ctx, ex.addr)
	if err != nil {
		return nil, nil, failure(ctx, start, ex.addr, "connecting", false, err)
	}
	defer raw.Close()
	defer breakOff(ctx, raw)()
	conn := raw
	if ex.tls {
		if conn, err = p.handshake(ctx, raw, ex.name, opt); err != nil {
			return nil, nil, tlsFailure(ctx, start, ex, err)
		}
	}
	if _, err := conn.Write(ex.request()); err != nil {
		return nil, nil, failure(ctx, start, ex.addr, "sending the request", true, err)
	}
	seen := &recorder{r: conn}
	limited := &io.LimitedReader{R: seen, N: maxHeader + 2*maxBody}
	in := bufio.NewReader(limited)
	req := &http.Request{Method: ex.method}
	for interim := 0; ; interim++ {
		resp, err := http.ReadResponse(in, req)
		if err != nil && limited.N <= 0 {
			return nil, nil, bad(start, CodeProtocol, "the response has more than %d bytes before its body", maxHeader+2*maxBody)
		}
		if err != nil {
			return nil, nil, failure(ctx, start, ex.addr, "waiting for the response", true, seen.cause(err))
		}
		// RFC 9110 §15.2: any number of 1xx responses may come first; we take a few.
		if resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols && interim < 5 {
			continue
		}
		var body []byte
		if opt.ExpectBody != "" && !(opt.FollowRedirects && isRedirect(resp.StatusCode)) {
			body, err = readBody(resp.Body, opt.ExpectBody)
			if err != nil {
				return nil, nil, failure(ctx, start, ex.addr, "reading the body", true, seen.cause(err))
			}
		}
		return resp, body, Result{}
	}
}

// recorder keeps the connection's error: the parser's, of a response cut in half, is
// about the half.
type recorder struct {
	r   io.Reader
	err error
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	if err != nil {
		r.err = err
	}
	return n, err
}

func (r *recorder) cause(err error) error {
	if r.err != nil {
		return r.err
	}
	return err
}

// readBody reads until the expected text is there, at most maxBody.
func readBody(r io.Reader, expect string) ([]byte, error) {
	body := make([]byte, 0, 4<<10)
	for len(body) < maxBody {
		body = slices.Grow(body, 1)
		n, err := r.Read(body[len(body):min(cap(body), maxBody)])
		body = body[:len(body)+n]
		if n > 0 && bytes.Contains(body, []byte(expect)) || errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return body, err
		}
	}
	return body, nil
}

// request writes the request once and whole. The server is told to close, so the end
// of the body is where the connection ends, whatever its headers say.
func (ex *exchange) request() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", ex.method, ex.path, ex.host)
	set := func(k, v string) {
		if ex.headers.Get(k) == "" {
			fmt.Fprintf(&b, "%s: %s\r\n", k, v)
		}
	}
	set("User-Agent", userAgent)
	set("Accept", "*/*")
	set("Accept-Encoding", "identity") // the expected text must be readable
	if ex.method == http.MethodPost {
		set("Content-Length", "0")
	}
	for _, k := range slices.Sorted(maps.Keys(ex.headers)) {
		for _, v := range ex.headers[k] {
			fmt.Fprintf(&b, "%s: %s\r\n", k, v)
		}
	}
	b.WriteString("Connection: close\r\n\r\n")
	return b.Bytes()
}

func judge(start time.Time, opt *traffic.HTTPOptions, resp *http.Response, body []byte) Result {
	expected := slices.ContainsFunc(opt.ExpectStatus, func(s string) bool {
		from, to, err := traffic.ParseStatus(s)
		return err == nil && resp.StatusCode >= from && resp.StatusCode <= to
	})
	if !expected {
		return bad(start, CodeStatus, "answers with status %d, expected is %s", resp.StatusCode, strings.Join(opt.ExpectStatus, ", "))
	}
	if opt.ExpectBody != "" && !bytes.Contains(body, []byte(opt.ExpectBody)) {
		return bad(start, CodeBody, "the first %d bytes of the body do not contain %q", len(body), opt.ExpectBody)
	}
	return good(start)
}

// hopHeaders are ours: a template that set them would break the framing.
var hopHeaders = map[string]bool{"Host": true, "Connection": true, "Content-Length": true, "Transfer-Encoding": true}

// readHeaders reads values from files at every probe, so that a rotated secret is
// used without a restart. The error never shows a value.
func readHeaders(in map[string]traffic.Value) (http.Header, error) {
	out := make(http.Header, len(in))
	for k, v := range in {
		text := v.Text
		if v.File != "" {
			b, err := readFile(v.File)
			if err != nil {
				return nil, fmt.Errorf("read header %s: %w", k, err)
			}
			text = strings.TrimRight(string(b), "\r\n")
		}
		if strings.ContainsAny(text, "\r\n\x00") {
			return nil, fmt.Errorf("read header %s: the value has more than one line", k)
		}
		if k = http.CanonicalHeaderKey(k); !hopHeaders[k] {
			out[k] = []string{text}
		}
	}
	return out, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxValue+1))
	if err == nil && len(b) > maxValue {
		err = fmt.Errorf("%s has more than %d bytes", name, maxValue)
	}
	return b, err
}

// hostHeader writes a target as a Host header: RFC 9110 §7.2 leaves the scheme's own
// port out, RFC 3986 §3.2.2 puts IPv6 addresses in brackets.
func hostHeader(target string, port int, tls bool) string {
	standard := 80
	if tls {
		standard = 443
	}
	if port != standard {
		return net.JoinHostPort(target, strconv.Itoa(port))
	}
	if strings.Contains(target, ":") {
		return "[" + target + "]"
	}
	return target
}

// hostName is a Host header without port and brackets.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}
