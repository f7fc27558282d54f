package pki

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func authority(t testing.TB) *Authority {
	t.Helper()
	a, err := NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// shake does one handshake and returns the server's certificate as the client saw it.
func shake(t *testing.T, server, client *tls.Config) (*x509.Certificate, error) {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	done := make(chan error, 1)
	go func() { done <- tls.Server(a, server).Handshake() }()
	c := tls.Client(b, client)
	err := c.Handshake()
	a.Close()
	b.Close()
	<-done
	if err != nil {
		return nil, err
	}
	return c.ConnectionState().PeerCertificates[0], nil
}

func client(t *testing.T, name string, ders ...[]byte) *tls.Config {
	t.Helper()
	c, err := Client(ders...)
	if err != nil {
		t.Fatal(err)
	}
	c.ServerName = name
	return c
}

func TestWhoTrustsTheAuthorityTrustsItsServersAndNoOthers(t *testing.T) {
	t.Parallel()
	a, other := authority(t), authority(t)
	s, err := NewServer(a, []string{"control.example.net", "192.0.2.1", "2001:db8::1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		says, name string
		trust      []byte
		want       string
	}{
		{"a host name of the certificate", "control.example.net", a.DER(), ""},
		{"an IPv4 address of it", "192.0.2.1", a.DER(), ""},
		{"an IPv6 address of it", "2001:db8::1", a.DER(), ""},
		{"another name", "evil.example.net", a.DER(), "not evil.example.net"},
		{"another address", "192.0.2.2", a.DER(), "not 192.0.2.2"},
		{"another installation's authority", "192.0.2.1", other.DER(), "unknown authority"},
	} {
		_, err := shake(t, s.TLS(), client(t, row.name, row.trust))
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.says, err, row.want)
		}
	}
	old := client(t, "192.0.2.1", a.DER())
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if _, err := shake(t, s.TLS(), old); err == nil {
		t.Error("a client of TLS 1.2 was taken")
	}
}

func TestAnAuthorityThatIsReadBackIsTheSame(t *testing.T) {
	t.Parallel()
	a := authority(t)
	b, err := a.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(again, []string{"x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shake(t, s.TLS(), client(t, "x", a.DER())); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(a.PEM(), again.PEM()) || bytes.Contains(a.PEM(), []byte("PRIVATE")) {
		t.Error("the public half is another, or not only public")
	}
	key := b[len(a.PEM()):]
	for says, bad := range map[string][]byte{
		"nothing": nil, "no key": a.PEM(), "no certificate": key, "another's key": append(authority(t).PEM(), key...),
		"a damaged certificate": pem.EncodeToMemory(&pem.Block{Type: certBlock, Bytes: []byte("x")}),
		"a damaged key":         append(a.PEM(), pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: []byte("x")})...),
	} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%s was read", says)
		}
	}
}

// A process that runs for three years always shows a certificate that is good for
// another month, also to a client whose clock is a day behind.
func TestCertificatesAreRenewedWithoutARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := authority(t)
		s, err := NewServer(a, []string{"x"})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for began := time.Now(); time.Since(began) < 3*365*24*time.Hour; time.Sleep(10 * 24 * time.Hour) {
			c := client(t, "x", a.DER())
			c.Time = func() time.Time { return time.Now().Add(-24 * time.Hour) }
			cert, err := shake(t, s.TLS(), c)
			if err != nil {
				t.Fatalf("after %s: %v", time.Since(began), err)
			}
			if left := time.Until(cert.NotAfter); left < 30*24*time.Hour {
				t.Fatalf("after %s the certificate has only %s left", time.Since(began), left)
			}
			seen[cert.SerialNumber.String()] = true
		}
		if len(seen) < 20 || len(seen) > 30 {
			t.Errorf("%d certificates in three years", len(seen))
		}
	})
}

func TestFilesAreReadAgainAndAFaultChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	put := func(a *Authority, at time.Time) {
		t.Helper()
		c, err := a.Issue(at, []string{"x"})
		if err != nil {
			t.Fatal(err)
		}
		b, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		for path, block := range map[string]*pem.Block{cert: {Type: certBlock, Bytes: c.Certificate[0]}, key: {Type: keyBlock, Bytes: b}} {
			if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	first, second := authority(t), authority(t)
	if _, err := FromFiles(cert, key); err == nil || !strings.Contains(err.Error(), cert) {
		t.Errorf("missing files: %v", err)
	}
	put(first, time.Now())
	s, err := FromFiles(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	trusts := func(a *Authority) {
		t.Helper()
		if _, err := shake(t, s.TLS(), client(t, "x", a.DER())); err != nil {
			t.Error(err)
		}
	}
	trusts(first)
	put(second, time.Now())
	trusts(first) // not before it is told
	if err := s.Reload(); err != nil {
		t.Error(err)
	}
	trusts(second)
	put(first, time.Now().Add(-2*serverLife))
	if err := s.Reload(); err == nil || !strings.Contains(err.Error(), "ended at") {
		t.Errorf("an ended certificate: %v", err)
	}
	if err := os.WriteFile(key, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err == nil {
		t.Error("a damaged key was taken")
	}
	trusts(second)

	if ders, err := ReadBundle(cert); err != nil || len(ders) != 1 {
		t.Errorf("bundle: %d, %v", len(ders), err)
	}
	if _, err := ReadBundle(key); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("a bundle without certificates: %v", err)
	}
	if _, err := Client([]byte("x")); err == nil {
		t.Error("a damaged authority was taken")
	}
}

func FuzzParse(f *testing.F) {
	b, err := authority(f).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Parse(b)
		if err != nil {
			return
		}
		again, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Parse(again); err != nil || !bytes.Equal(back.DER(), a.DER()) {
			t.Fatalf("what was read does not come back: %v", err)
		}
	})
}
