package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Server is the certificate of one listener: from an Authority, or from files that
// somebody else renews. Safe for concurrent use.
type Server struct {
	authority *Authority
	names     []string
	certFile  string
	keyFile   string

	mu   sync.Mutex // guards the fields below
	cert *tls.Certificate
	made time.Time
}

// NewServer has certificates from an authority, for the given names.
func NewServer(a *Authority, names []string) (*Server, error) {
	s := &Server{authority: a, names: names}
	_, err := s.current()
	return s, err
}

// FromFiles has the certificate of PEM files; Reload reads them again.
func FromFiles(cert, key string) (*Server, error) {
	s := &Server{certFile: cert, keyFile: key}
	return s, s.Reload()
}

// Reload reads the files again. What cannot be used leaves the certificate as it was.
func (s *Server) Reload() error {
	if s.authority != nil {
		return nil
	}
	c, err := tls.LoadX509KeyPair(s.certFile, s.keyFile)
	if err != nil {
		// Not wrapped further: the error names the file, and never holds the key.
		return fmt.Errorf("read TLS certificate %s with key %s: %w", s.certFile, s.keyFile, err)
	}
	if time.Now().After(c.Leaf.NotAfter) {
		return fmt.Errorf("TLS certificate %s ended at %s; put a new one there", s.certFile, c.Leaf.NotAfter.UTC().Format(time.DateTime))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cert = &c
	return nil
}

func (s *Server) current() (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.authority == nil {
		return s.cert, nil
	}
	now := time.Now()
	// Also after a clock that was set: a certificate of the future, or of long ago.
	if age := now.Sub(s.made); s.cert == nil || age > renewAt || age < -backdate/2 {
		c, err := s.authority.Issue(now, s.names)
		if err != nil {
			return nil, err
		}
		s.cert, s.made = c, now.Round(0) // the wall clock's age is what counts
	}
	return s.cert, nil
}

// Ends tells which file the certificate is from and when it ends; "" for one that renews
// itself.
func (s *Server) Ends() (file string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.authority != nil || s.cert == nil || s.cert.Leaf == nil {
		return "", time.Time{}
	}
	return s.certFile, s.cert.Leaf.NotAfter
}

// TLS is the configuration of the listener.
func (s *Server) TLS() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.current() },
	}
}

// Client is the configuration of a client that trusts the given authorities and no
// others; of the system's when there are none.
func Client(authorities ...[]byte) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS13}
	if len(authorities) == 0 {
		return c, nil
	}
	c.RootCAs = x509.NewCertPool()
	for _, der := range authorities {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("read certificate authority: %w", err)
		}
		c.RootCAs.AddCert(cert)
	}
	return c, nil
}

// ReadBundle reads the certificates of a PEM file.
func ReadBundle(path string) (ders [][]byte, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read certificate authorities: %w", err)
	}
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		if block.Type != certBlock {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, fmt.Errorf("read certificate authorities: %s: %w", path, err)
		}
		ders = append(ders, block.Bytes)
	}
	if len(ders) == 0 {
		return nil, fmt.Errorf("read certificate authorities: %s: %w", path, errors.New("it holds no certificate in PEM form"))
	}
	return ders, nil
}
