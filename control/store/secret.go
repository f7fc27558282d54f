package store

import (
	"context"
	"errors"
	"fmt"
)

// Names of secrets that all control processes of one store share.
const (
	// SecretAuthority is the certificate authority, pki.Authority.Marshal.
	SecretAuthority = "certificate_authority"
	// SecretNATS is the nkey seed by which control signs in to an external NATS server.
	SecretNATS = "nats_control_seed"
	// SecretSignIn seals what a browser carries while it signs in at an identity provider.
	SecretSignIn = "sign_in"
)

// Secret returns the secret of a name; the first to ask makes it. It lives in the
// store so that a second control process and a restored one have the same.
func (s *Store) Secret(ctx context.Context, name string, make func() ([]byte, error)) ([]byte, error) {
	get := func() (value []byte, err error) {
		err = s.read.QueryRowContext(ctx, `SELECT value FROM secret WHERE name = $1`, name).Scan(&value)
		return value, classify(err)
	}
	value, err := get()
	if err == nil || !errors.Is(err, ErrNotFound) {
		return value, wrapSecret(name, err)
	}
	if value, err = make(); err != nil {
		return nil, wrapSecret(name, err)
	}
	if _, err := s.write.ExecContext(ctx, `INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value); err != nil {
		return nil, wrapSecret(name, classify(err))
	}
	value, err = get() // another process may have been faster
	return value, wrapSecret(name, err)
}

func wrapSecret(name string, err error) error {
	if err != nil {
		return fmt.Errorf("read secret %s: %w", name, err)
	}
	return nil
}
