package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"
)

const (
	// authorityLife is longer than an installation lives unattended: nodes hold the
	// authority in their join tokens, and there is no way to bring them another.
	authorityLife = 30 * 365 * 24 * time.Hour
	// serverLife and renewAt: a certificate is replaced when half of its life is gone, so
	// a process that runs for years always has one for a month and a half.
	serverLife = 90 * 24 * time.Hour
	renewAt    = serverLife / 2
	// backdate is for clients whose clock is behind.
	backdate = 48 * time.Hour
)

// Authority signs server certificates. It holds a secret.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority. P-256, not Ed25519: browsers and curl read the
// console and the API with it.
func NewAuthority(now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial,
		// The serial tells two installations apart for whoever trusts both.
		Subject:               pkix.Name{CommonName: fmt.Sprintf("Meridian %x", serial.Bytes()[:4])},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, &x509.Certificate{Subject: pkix.Name{CommonName: fmt.Sprintf("Meridian %x", serial.Bytes()[:4])}}, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	return &Authority{cert, key}, nil
}

func newSerial() (*big.Int, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	b[0] = b[0]&0x7f | 0x40 // RFC 5280 section 4.1.2.2: positive; and never short
	return new(big.Int).SetBytes(b), nil
}

const (
	certBlock = "CERTIFICATE"
	keyBlock  = "PRIVATE KEY"
)

// Marshal writes certificate and key, for a place that keeps secrets.
func (a *Authority) Marshal() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("write certificate authority: %w", err)
	}
	return append(a.PEM(), pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: key})...), nil
}

// Parse reads what Marshal wrote.
func Parse(b []byte) (*Authority, error) {
	fail := func(text string) (*Authority, error) {
		return nil, errors.New("read certificate authority: " + text)
	}
	var a Authority
	for {
		var block *pem.Block
		block, b = pem.Decode(b)
		if block == nil {
			break
		}
		switch block.Type {
		case certBlock:
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return fail(err.Error())
			}
			a.cert = cert
		case keyBlock:
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return fail("its key is damaged") // not echoed: it is a secret
			}
			var ok bool
			if a.key, ok = key.(*ecdsa.PrivateKey); !ok {
				return fail("its key is of another kind")
			}
		}
	}
	if a.cert == nil || a.key == nil {
		return fail("the certificate or its key is missing")
	}
	if !a.key.PublicKey.Equal(a.cert.PublicKey) {
		return fail("the key is not that of the certificate")
	}
	return &a, nil
}

// PEM is the public half.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certBlock, Bytes: a.cert.Raw})
}

// DER is the public half, as join tokens carry it.
func (a *Authority) DER() []byte { return slices.Clone(a.cert.Raw) }

// Pool is the pool of this authority alone.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// Issue makes a server certificate for names: host names and IP addresses.
func (a *Authority) Issue(now time.Time, names []string) (*tls.Certificate, error) {
	fail := func(err error) (*tls.Certificate, error) { return nil, fmt.Errorf("make server certificate: %w", err) }
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fail(err)
	}
	serial, err := newSerial()
	if err != nil {
		return fail(err)
	}
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Meridian control"},
		NotBefore:    now.Add(-backdate),
		NotAfter:     now.Add(serverLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return fail(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return fail(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}
