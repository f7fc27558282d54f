package node

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/meridian-gtm/meridian/control/auth/oidc"
	"github.com/meridian-gtm/meridian/control/store"
)

// startProvider looks for the identity provider in the background: control starts and
// local users sign in while it is down.
func (n *node) startProvider(ctx context.Context) error {
	if n.o.OIDC == nil {
		return nil
	}
	// Shared by all processes on the store: a browser may come back to another.
	key, err := n.control.store.Secret(ctx, store.SecretSignIn, func() ([]byte, error) {
		b := make([]byte, 32)
		_, err := rand.Read(b)
		return b, err
	})
	if err != nil {
		return err
	}
	n.control.oidc = oidc.New(*n.o.OIDC, key, time.Now, n.log)
	n.run("identity provider", n.control.oidc.Run)
	return nil
}
