package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// trusted are PEM files of authorities that `web` believes, read at each handshake:
// control writes its own when it starts.
var trusted struct {
	mu    sync.Mutex // guards the field below
	files []string
}

func trust(file string) {
	trusted.mu.Lock()
	defer trusted.mu.Unlock()
	trusted.files = append(trusted.files, file)
}

// verifying is a client's TLS configuration that believes trusted.
func verifying() *tls.Config {
	// Verification is done by our own hand because the files come late.
	return &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error {
		trusted.mu.Lock()
		defer trusted.mu.Unlock()
		pool := x509.NewCertPool()
		for _, f := range trusted.files {
			if b, err := os.ReadFile(f); err == nil {
				pool.AppendCertsFromPEM(b)
			}
		}
		if len(s.PeerCertificates) == 0 {
			return errors.New("no certificate")
		}
		between := x509.NewCertPool()
		for _, c := range s.PeerCertificates[1:] {
			between.AddCert(c)
		}
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: between, DNSName: s.ServerName})
		return err
	}}
}

// company is an authority of the users' own, as they have for their servers.
type company struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCompany(t *testing.T) *company {
	t.Helper()
	c := &company{t: t, dir: t.TempDir()}
	c.key, c.cert = c.issue(&x509.Certificate{Subject: pkix.Name{CommonName: "Company CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	c.write(c.ca(), "CERTIFICATE", c.cert.Raw)
	return c
}

// ca is the path of the authority's certificate.
func (c *company) ca() string { return filepath.Join(c.dir, "ca.pem") }

// pair writes a certificate for an address, and its key. Servers of a cluster show it
// to each other as clients too.
func (c *company) pair(ip string) (cert, key string) {
	c.t.Helper()
	k, x := c.issue(&x509.Certificate{Subject: pkix.Name{CommonName: ip}, IPAddresses: []net.IP{net.ParseIP(ip)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}})
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		c.t.Fatal(err)
	}
	cert, key = filepath.Join(c.dir, ip+".pem"), filepath.Join(c.dir, ip+".key")
	c.write(cert, "CERTIFICATE", x.Raw)
	c.write(key, "PRIVATE KEY", der)
	return cert, key
}

func (c *company) issue(t *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	t.SerialNumber, t.NotBefore, t.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	parent, signer := c.cert, c.key
	if parent == nil {
		parent, signer = t, key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, key.Public(), signer)
	if err != nil {
		c.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		c.t.Fatal(err)
	}
	return key, cert
}

func (c *company) write(path, kind string, der []byte) {
	c.t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		c.t.Fatal(err)
	}
}
