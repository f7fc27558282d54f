package check

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// site is a real server that remembers what it was asked.
type site struct {
	*httptest.Server
	host string
	port int

	mu   sync.Mutex
	reqs []*http.Request
	snis []string
}

func newSite(t testing.TB, h http.HandlerFunc, conf *tls.Config) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.reqs = append(s.reqs, r)
		if r.TLS != nil {
			s.snis = append(s.snis, r.TLS.ServerName)
		}
		s.mu.Unlock()
		h(w, r)
	}))
	s.Config.ErrorLog = discardLog
	if conf != nil {
		s.TLS = conf
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.host = u.Hostname()
	s.port, _ = strconv.Atoi(u.Port())
	return s
}

func (s *site) last(t *testing.T) *http.Request {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.reqs) == 0 {
		t.Fatal("no request came")
	}
	return s.reqs[len(s.reqs)-1]
}

func (s *site) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.reqs)
}

func web(o traffic.HTTPOptions) func(*traffic.Template) {
	return func(t *traffic.Template) { t.Protocol, t.HTTP = traffic.HTTP, &o }
}

func webTLS(o traffic.HTTPOptions) func(*traffic.Template) {
	return func(t *traffic.Template) { t.Protocol, t.HTTPS = traffic.HTTPS, &o }
}

func page(w http.ResponseWriter, r *http.Request) {
	if s, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/status/")); err == nil {
		w.WriteHeader(s)
		return
	}
	switch r.URL.Path {
	case "/long":
		io.WriteString(w, strings.Repeat("x", 64<<10)+"needle")
	case "/chunks":
		for _, c := range []string{"the nee", "dle is", " here"} {
			io.WriteString(w, c)
			w.(http.Flusher).Flush()
		}
	case "/early":
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "ok")
	default:
		io.WriteString(w, "all is ok")
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	p := prober(t)
	s := newSite(t, page, nil)
	for _, c := range []struct {
		sentence     string
		opt          traffic.HTTPOptions
		code, reason string
	}{
		{"200 is good by default", traffic.HTTPOptions{}, "", ""},
		{"302 is good by default, not followed", traffic.HTTPOptions{Path: "/status/302"}, "", ""},
		{"404 is bad by default", traffic.HTTPOptions{Path: "/status/404"}, CodeStatus, "status 404, expected is 200-399"},
		{"404 is good when it is expected", traffic.HTTPOptions{Path: "/status/404", ExpectStatus: []string{"200", "404"}}, "", ""},
		{"200 is bad when only 204 is expected", traffic.HTTPOptions{ExpectStatus: []string{"204"}}, CodeStatus, "expected is 204"},
		{"the expected text is found", traffic.HTTPOptions{ExpectBody: "is ok"}, "", ""},
		{"the expected text is missing", traffic.HTTPOptions{ExpectBody: "fine"}, CodeBody, `do not contain "fine"`},
		{"a text over chunks is found", traffic.HTTPOptions{Path: "/chunks", ExpectBody: "needle"}, "", ""},
		{"a text after the first 64 KiB is not seen", traffic.HTTPOptions{Path: "/long", ExpectBody: "needle"}, CodeBody, "first 65536 bytes"},
		{"HEAD has no body", traffic.HTTPOptions{Method: "HEAD"}, "", ""},
		{"POST is sent with an empty body", traffic.HTTPOptions{Method: "POST"}, "", ""},
		{"OPTIONS is sent", traffic.HTTPOptions{Method: "OPTIONS"}, "", ""},
		{"early hints come before the answer", traffic.HTTPOptions{Path: "/early", ExpectBody: "ok"}, "", ""},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			r := p.Probe(t.Context(), job(s.host, s.port, web(c.opt)))
			expect(t, r, c.code, c.reason)
			if !r.Reached {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestHTTPRequest(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte("Bearer s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, page, nil)
	p := prober(t)
	r := p.Probe(t.Context(), job(s.host, s.port, web(traffic.HTTPOptions{Host: "www.example.com", Path: "/healthz?full=1", Method: "POST",
		Headers: map[string]traffic.Value{"x-probe": {Text: "yes"}, "authorization": {File: secret}, "User-Agent": {Text: "mine"},
			"Connection": {Text: "keep-alive"}, "Host": {Text: "evil"}, "Transfer-Encoding": {Text: "chunked"}}})))
	expect(t, r, "", "")
	q := s.last(t)
	got := fmt.Sprintf("%s %s %s %s|%s|%s|%d", q.Method, q.RequestURI, q.Host, q.Header.Get("X-Probe"), q.Header.Get("Authorization"), q.Header.Get("User-Agent"), q.ContentLength)
	if want := "POST /healthz?full=1 www.example.com yes|Bearer s3cret|mine|0"; got != want || !q.Close {
		t.Errorf("sent %s close=%v, want %s", got, q.Close, want)
	}
	// Without a host the target is the host, without a user agent ours is.
	expect(t, p.Probe(t.Context(), job(s.host, s.port, web(traffic.HTTPOptions{}))), "", "")
	if q := s.last(t); q.Host != fmt.Sprintf("127.0.0.1:%d", s.port) || q.UserAgent() != userAgent {
		t.Errorf("host %q, user agent %q", q.Host, q.UserAgent())
	}
	// A value is read for each probe, and one that is missing is not the target's fault.
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	n := s.count()
	r = p.Probe(t.Context(), job(s.host, s.port, web(traffic.HTTPOptions{Headers: map[string]traffic.Value{"A": {File: secret}}})))
	expect(t, r, CodeConfig, "read header A")
	if !r.Local || s.count() != n {
		t.Errorf("%+v, %d requests", r, s.count()-n)
	}
	if err := os.WriteFile(secret, []byte("a\r\nX-Evil: 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = p.Probe(t.Context(), job(s.host, s.port, web(traffic.HTTPOptions{Headers: map[string]traffic.Value{"A": {File: secret}}})))
	expect(t, r, CodeConfig, "more than one line")
	if strings.Contains(r.Reason, "Evil") {
		t.Errorf("the reason shows the value: %s", r.Reason)
	}
}

func TestHostHeader(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target string
		port   int
		tls    bool
		want   string
	}{
		{"192.0.2.1", 80, false, "192.0.2.1"}, {"192.0.2.1", 80, true, "192.0.2.1:80"}, {"192.0.2.1", 443, true, "192.0.2.1"},
		{"2001:db8::1", 80, false, "[2001:db8::1]"}, {"2001:db8::1", 81, false, "[2001:db8::1]:81"}, {"www.example.com", 8080, false, "www.example.com:8080"},
	} {
		got := hostHeader(c.target, c.port, c.tls)
		if got != c.want || hostName(got) != c.target {
			t.Errorf("hostHeader(%q, %d, %v) = %q of %q, want %q", c.target, c.port, c.tls, got, hostName(got), c.want)
		}
	}
}

func TestHTTPPeersThatMisbehave(t *testing.T) {
	t.Parallel()
	p := prober(t)
	var asked atomic.Int32
	read := func(c net.Conn) {
		asked.Add(1)
		b := make([]byte, 4096)
		c.Read(b)
	}
	for _, c := range []struct {
		sentence     string
		serve        func(net.Conn)
		edit         func(*traffic.Template)
		code, reason string
		silent       bool
	}{
		{"no answer runs into the time limit", hang, quick, CodeTimeout, "no answer within the time limit of 150ms while waiting for the response", true},
		{"half an answer runs into the time limit", func(c net.Conn) { read(c); io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le"); hang(c) }, quick, CodeTimeout, "waiting for the response", true},
		{"a body that never ends runs into the time limit", func(c net.Conn) { read(c); io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nx"); hang(c) },
			func(t *traffic.Template) { quick(t); t.HTTP.ExpectBody = "y" }, CodeTimeout, "reading the body", true},
		{"a body that nobody asked for is not waited for", func(c net.Conn) { read(c); io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nx"); hang(c) }, nil, "", "", false},
		{"a connection that closes is bad, and is not tried again", read, nil, CodeClosed, "closed the connection", false},
		{"a reset is bad", func(c net.Conn) { read(c); c.(*net.TCPConn).SetLinger(0) }, nil, CodeReset, "broke the connection", false},
		{"another protocol is bad", func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n"); read(c) }, nil, CodeProtocol, "malformed HTTP", false},
		{"a header without end is bad", func(c net.Conn) {
			read(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for range 20 << 10 {
				if _, err := io.WriteString(c, "X-Filler: 0123456789\r\n"); err != nil {
					return
				}
			}
		}, nil, CodeProtocol, "more than 196608 bytes", false},
		{"half an answer and then the end is bad", func(c net.Conn) { read(c); io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le") }, nil, CodeClosed, "closed the connection", false},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			host, port := peer(t, "tcp4", "127.0.0.1:0", c.serve)
			asked.Store(0)
			r := p.Probe(t.Context(), job(host, port, func(t *traffic.Template) {
				t.Protocol, t.HTTP = traffic.HTTP, &traffic.HTTPOptions{}
				if c.edit != nil {
					c.edit(t)
				}
			}))
			expect(t, r, c.code, c.reason)
			if r.Silent != c.silent || !r.Reached {
				t.Errorf("%+v", r)
			}
			if asked.Load() > 1 {
				t.Errorf("%d requests for one probe", asked.Load())
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	var other *site
	hops := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		to := func(u string) { w.Header().Set("Location", u); w.WriteHeader(http.StatusFound) }
		switch r.URL.Path {
		case "/end":
			io.WriteString(w, "the end")
		case "/relative":
			to("end")
		case "/loop":
			to("/loop")
		case "/elsewhere":
			to(other.URL + "/x")
		case "/name":
			to(fmt.Sprintf("http://other.example.com:%d/x", other.port))
		case "/same":
			to(fmt.Sprintf("http://www.example.com:%d/end", other.port))
		case "/metadata":
			to("http://169.254.169.254/latest/meta-data/")
		case "/mapped":
			to("http://[::ffff:169.254.169.254]/")
		case "/inside":
			to("http://inside.example.com/")
		case "/file":
			to("file:///etc/passwd")
		case "/count/5":
			to("/end")
		default:
			n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/count/"))
			to(fmt.Sprintf("/count/%d", n+1))
		}
	}, nil)
	other = newSite(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "other") }, nil)
	p := prober(t, func(o *Options) {
		o.Lookup = func(_ context.Context, _, host string) ([]netip.Addr, error) {
			switch host {
			case "other.example.com.":
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			case "inside.example.com.":
				return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
			}
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		}
	})
	for _, c := range []struct {
		sentence, path, body string
		code, reason         string
	}{
		{"a relative redirect is followed", "/relative", "the end", "", ""},
		{"five redirects are followed", "/count/1", "the end", "", ""},
		{"a sixth is not", "/count/0", "the end", CodeRedirect, "more than 5 times"},
		{"a loop ends", "/loop", "x", CodeRedirect, "more than 5 times"},
		{"another address is followed", "/elsewhere", "other", "", ""},
		{"another name is resolved and followed", "/name", "other", "", ""},
		{"the same name stays at the probed address", "/same", "other", "", ""},
		{"a redirect to cloud metadata is the target's fault", "/metadata", "x", CodeDenied, "redirected to a forbidden target"},
		{"so it is in IPv6 form", "/mapped", "x", CodeDenied, "cloud metadata"},
		{"so it is behind a name", "/inside", "x", CodeDenied, "cloud metadata"},
		{"another scheme cannot be followed", "/file", "x", CodeRedirect, "cannot be followed"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			r := p.Probe(t.Context(), job(hops.host, hops.port, web(traffic.HTTPOptions{Host: "www.example.com", Path: c.path, ExpectBody: c.body,
				ExpectStatus: []string{"200"}, FollowRedirects: true, Headers: map[string]traffic.Value{"X-Secret": {Text: "s"}}})))
			expect(t, r, c.code, c.reason)
			if r.Local {
				t.Errorf("%+v: the target answered, this is its own fault", r)
			}
		})
	}
	other.mu.Lock()
	defer other.mu.Unlock()
	for _, q := range other.reqs {
		if q.Header.Get("X-Secret") != "" {
			t.Errorf("a header of the template went to another target: %s", q.Host)
		}
	}
}

// issuer makes certificates.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test issuer"}, NotBefore: time.Now().Add(-1000 * time.Hour),
		NotAfter: time.Now().Add(10000 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	is := &issuer{cert, key, x509.NewCertPool()}
	is.pool.AddCert(cert)
	return is
}

func (is *issuer) config(t testing.TB, left time.Duration, names ...string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-900 * time.Hour), NotAfter: time.Now().Add(left),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			tpl.IPAddresses = append(tpl.IPAddresses, ip)
		} else {
			tpl.DNSNames = append(tpl.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, is.cert, &key.PublicKey, is.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	is := newIssuer(t)
	p := prober(t, func(o *Options) { o.Roots = is.pool })
	const day = 24 * time.Hour
	valid := newSite(t, page, is.config(t, 40*day, "www.example.com", "127.0.0.1"))
	expired := newSite(t, page, is.config(t, -day, "www.example.com"))
	stranger := newSite(t, page, newIssuer(t).config(t, 40*day, "www.example.com"))
	plain := newSite(t, page, nil)
	no := false
	for _, c := range []struct {
		sentence     string
		at           *site
		opt          traffic.HTTPOptions
		code, reason string
		sni          string
	}{
		{"a valid certificate is good", valid, traffic.HTTPOptions{Host: "www.example.com"}, "", "", "www.example.com"},
		{"the expected text is found", valid, traffic.HTTPOptions{Host: "www.example.com", ExpectBody: "ok"}, "", "", "www.example.com"},
		{"a port in the host is no part of the name", valid, traffic.HTTPOptions{Host: "www.example.com:8443"}, "", "", "www.example.com"},
		{"the server name is its own thing", valid, traffic.HTTPOptions{Host: "other.example.com", SNI: "www.example.com"}, "", "", "www.example.com"},
		{"an address is checked but not sent as a name", valid, traffic.HTTPOptions{}, "", "", ""},
		{"another name is bad", valid, traffic.HTTPOptions{Host: "other.example.com"}, CodeTLS, "not trusted for other.example.com", ""},
		{"another name is good when nothing is verified", valid, traffic.HTTPOptions{Host: "other.example.com", Verify: &no}, "", "", "other.example.com"},
		{"an expired certificate is a fact of its own", expired, traffic.HTTPOptions{Host: "www.example.com"}, CodeExpired, "expired on ", ""},
		{"an expired certificate is good when nothing is verified", expired, traffic.HTTPOptions{Host: "www.example.com", Verify: &no}, "", "", "www.example.com"},
		{"enough days are left", valid, traffic.HTTPOptions{Host: "www.example.com", MinDaysLeft: 39}, "", "", "www.example.com"},
		{"too few days are left", valid, traffic.HTTPOptions{Host: "www.example.com", MinDaysLeft: 41}, CodeExpired, "in less than 41 days", ""},
		{"days are counted also when nothing is verified", stranger, traffic.HTTPOptions{Host: "www.example.com", MinDaysLeft: 41, Verify: &no}, CodeExpired, "41 days", ""},
		{"an unknown issuer is bad", stranger, traffic.HTTPOptions{Host: "www.example.com"}, CodeTLS, "unknown authority", ""},
		{"a server without TLS is bad", plain, traffic.HTTPOptions{Host: "www.example.com"}, CodeTLS, "does not speak TLS", ""},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			n := c.at.count()
			r := p.Probe(t.Context(), job(c.at.host, c.at.port, webTLS(c.opt)))
			expect(t, r, c.code, c.reason)
			if c.code == "" && (c.at.snis[n] != c.sni || c.at.count() != n+1) {
				t.Errorf("server name %q, want %q", c.at.snis[n], c.sni)
			}
			if r.Local || r.Silent {
				t.Errorf("%+v", r)
			}
		})
	}
	t.Run("a handshake that hangs runs into the time limit", func(t *testing.T) {
		host, port := peer(t, "tcp4", "127.0.0.1:0", hang)
		r := p.Probe(t.Context(), job(host, port, func(t *traffic.Template) { webTLS(traffic.HTTPOptions{})(t); quick(t) }))
		expect(t, r, CodeTimeout, "while shaking hands")
	})
	t.Run("a redirect to https at the same name stays at the probed address", func(t *testing.T) {
		up := newSite(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, fmt.Sprintf("https://www.example.com:%d/", valid.port), http.StatusMovedPermanently)
		}, nil)
		r := p.Probe(t.Context(), job(up.host, up.port, web(traffic.HTTPOptions{Host: "www.example.com", FollowRedirects: true, ExpectBody: "ok"})))
		expect(t, r, "", "")
	})
}

func TestHelloIsSmall(t *testing.T) {
	t.Parallel()
	var curves []tls.CurveID
	conf := newIssuer(t).config(t, time.Hour, "www.example.com")
	conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		curves = h.SupportedCurves
		return nil, nil
	}
	s := newSite(t, page, conf)
	no := false
	expect(t, prober(t).Probe(t.Context(), job(s.host, s.port, webTLS(traffic.HTTPOptions{Verify: &no}))), "", "")
	if !slices.Equal(curves, []tls.CurveID{tls.X25519, tls.CurveP256}) {
		t.Errorf("the hello offers %v", curves)
	}
}

func TestProxySettingsAreIgnored(t *testing.T) {
	proxied := newSite(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) }, nil)
	t.Setenv("HTTP_PROXY", proxied.URL)
	t.Setenv("http_proxy", proxied.URL)
	s := newSite(t, page, nil)
	expect(t, prober(t).Probe(t.Context(), job(s.host, s.port, web(traffic.HTTPOptions{Host: "www.example.com"}))), "", "")
	if proxied.count() != 0 {
		t.Error("the probe went through a proxy")
	}
}

// FuzzHTTPResponse: whatever a peer sends, a probe ends with one clear result.
func FuzzHTTPResponse(f *testing.F) {
	for _, s := range []string{"HTTP/1.1 200 OK\r\n\r\nok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.0 999", "", "\x00\x01\x02",
		"HTTP/1.1 301 Moved\r\nLocation: //169.254.169.254/\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nok"} {
		f.Add([]byte(s))
	}
	var answer atomic.Pointer[[]byte]
	host, port := peer(f, "tcp4", "127.0.0.1:0", func(c net.Conn) {
		b := make([]byte, 4096)
		c.Read(b)
		c.Write(*answer.Load())
	})
	p := prober(f, func(o *Options) {
		o.Lookup = func(context.Context, string, string) ([]netip.Addr, error) {
			return nil, &net.DNSError{IsNotFound: true}
		}
	})
	j := job(host, port, web(traffic.HTTPOptions{Host: "www.example.com", ExpectBody: "ok", FollowRedirects: true}))
	f.Fuzz(func(t *testing.T, b []byte) {
		answer.Store(&b)
		r := p.Probe(t.Context(), j)
		if r.OK == (r.Code != "") || r.OK != (r.Reason == "") || r.Code == CodePanic {
			t.Fatalf("%q gives %+v", b, r)
		}
		if r.OK && !strings.Contains(string(b), "ok") && !strings.Contains(string(b), "\n") {
			t.Fatalf("%q is good", b)
		}
	})
}
