package broker

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/internal/pki"
)

// Token is what a new node needs to join: where to connect, as whom, and whose
// signatures to believe. It holds a secret: never log it.
type Token struct {
	V       int               `json:"v"`
	Cluster string            `json:"cluster,omitempty"` // for people; names the installation
	Servers []string          `json:"servers"`           // nats:// or tls:// URLs, two or more in production
	Role    string            `json:"role"`              // control, resolver or prober
	NodeID  string            `json:"node"`
	Vantage string            `json:"vantage,omitempty"` // for probers
	Labels  map[string]string `json:"labels,omitempty"`
	Seed    string            `json:"seed"` // nkey seed of the user
	Keys    []string          `json:"keys"` // ed25519 keys that sign configuration, codec.FormatKey form
	// CA are the certificate authorities (DER) of the servers; no others are believed.
	// Without any the connection is plain, as in tokens of releases before TLS, unless the
	// servers' scheme is tls; then those of the system are.
	CA [][]byte `json:"ca,omitempty"`
	// KeySerial is the rotation that Keys belong to, 0 before the first.
	KeySerial uint64 `json:"key_serial,omitempty"`
}

const (
	tokenPrefix = "mrd1."
	// maxToken is far above any real token (about 1,200 bytes) and far below what could
	// hurt the reader.
	maxToken = 16 << 10
)

// Encode writes the token in one word.
func (t Token) Encode() (string, error) {
	t.V = 1
	if err := t.check(); err != nil {
		return "", fmt.Errorf("make join token: %w", err)
	}
	b, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("make join token: %w", err)
	}
	s := tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
	if len(s) > maxToken {
		return "", fmt.Errorf("make join token: %d bytes are more than the limit of %d; use fewer labels", len(s), maxToken)
	}
	return s, nil
}

// DecodeToken reads what Encode wrote; surrounding white space is fine. Errors never
// repeat the token.
func DecodeToken(s string) (Token, error) {
	fail := func(err error) (Token, error) { return Token{}, fmt.Errorf("read join token: %w", err) }
	s = strings.TrimSpace(s)
	body, ok := strings.CutPrefix(s, tokenPrefix)
	switch {
	case s == "":
		return fail(errors.New("it is empty"))
	case !ok:
		return fail(fmt.Errorf("it does not begin with %s; copy it whole from 'meridian node invite'", tokenPrefix))
	case len(s) > maxToken:
		return fail(fmt.Errorf("%d bytes are more than the limit of %d", len(s), maxToken))
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return fail(errors.New("it is cut or changed; copy it whole from 'meridian node invite'"))
	}
	var t Token
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&t); err != nil {
		return fail(errors.New("it is cut or changed; copy it whole from 'meridian node invite'"))
	}
	if _, err := d.Token(); err != io.EOF {
		return fail(errors.New("something follows its end; copy it alone from 'meridian node invite'"))
	}
	if t.V != 1 {
		return fail(fmt.Errorf("version %d is newer than this release; upgrade the node first", t.V))
	}
	if err := t.check(); err != nil {
		return fail(err)
	}
	return t, nil
}

func (t Token) check() error {
	if len(t.Servers) == 0 {
		return errors.New("it names no server")
	}
	for _, s := range t.Servers {
		if u, err := url.Parse(s); err != nil || u.Host == "" || (u.Scheme != "nats" && u.Scheme != "tls") {
			return fmt.Errorf("server %q is no nats:// or tls:// address", s)
		}
	}
	if _, err := Permissions(t.Node()); err != nil {
		return err
	}
	if _, err := t.TLS(); err != nil {
		return err
	}
	if _, err := PublicOf(t.Seed); err != nil {
		return err
	}
	if len(t.Keys) == 0 {
		return errors.New("it holds no signing key")
	}
	for _, k := range t.Keys {
		if _, err := codec.ParseKey(k); err != nil {
			return fmt.Errorf("signing key: %w", err)
		}
	}
	return nil
}

// Node is who the token speaks for.
func (t Token) Node() Node {
	return Node{ID: t.NodeID, Roles: []string{t.Role}, Vantage: t.Vantage}
}

// TLS is how to connect to the servers; nil for plain connections.
func (t Token) TLS() (*tls.Config, error) {
	secure := func(s string) bool { return strings.HasPrefix(s, "tls://") }
	if len(t.CA) == 0 && !slices.ContainsFunc(t.Servers, secure) {
		return nil, nil
	}
	return pki.Client(t.CA...)
}

// String hides the secret.
func (t Token) String() string {
	return fmt.Sprintf("join token of %s %q", t.Role, t.NodeID)
}

// LogValue hides the secret from slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// GoString hides the secret.
func (t Token) GoString() string { return t.String() }
