package node

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/publish"
)

// keysEvery is how soon a control process sees a rotation that another one made.
const keysEvery = 2 * time.Second

// openSigning reads the signing key and the rotations that led to it.
func (n *node) openSigning(ctx context.Context) error {
	s, err := n.control.store.Signing(ctx)
	if err != nil {
		return err
	}
	signing, err := signingOf(s)
	if err != nil {
		return err
	}
	n.control.signing.Store(&signing)
	return nil
}

func signingOf(s store.Signing) (publish.Signing, error) {
	out := publish.Signing{Signer: ed25519.NewKeyFromSeed(s.Seed)}
	own := out.Signer.Public().(ed25519.PublicKey)
	out.Trusted = []ed25519.PublicKey{own}
	for _, r := range s.Rotations {
		out.Rotations = append(out.Rotations, r.Rotation)
	}
	if len(s.Rotations) == 0 {
		return out, nil
	}
	list, err := codec.RotationKeys(s.Rotations[len(s.Rotations)-1].Rotation)
	if err != nil {
		return out, fmt.Errorf("read signing key: %w", err)
	}
	if !list[0].Equal(own) {
		return out, errors.New("read signing key: the last rotation brings in another key than the one in the store")
	}
	out.Trusted = list
	return out, nil
}

// watchKeys puts rotations of other control processes in force.
func (n *node) watchKeys(ctx context.Context) error {
	t := time.NewTicker(keysEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		serial, err := n.control.store.SigningSerial(ctx)
		if err == nil && serial != uint64(len(n.control.signing.Load().Rotations)) {
			err = n.useKeys(ctx)
		}
		if err != nil && ctx.Err() == nil {
			n.log.Warn("look for another signing key", "error", err)
		}
	}
}

// currentSigning reads the key in force, for the publisher.
func (n *node) currentSigning(ctx context.Context) (publish.Signing, error) {
	if err := n.openSigning(ctx); err != nil {
		return publish.Signing{}, err
	}
	return *n.control.signing.Load(), nil
}

func (n *node) useKeys(ctx context.Context) error {
	if err := n.openSigning(ctx); err != nil {
		return err
	}
	s := *n.control.signing.Load()
	n.control.pub.SetSigning(s)
	n.log.Info("signing key in force", "serial", len(s.Rotations))
	return nil
}

// Keys implements control.Inviter.
func (i inviter) Keys(ctx context.Context) (control.SigningKeys, error) {
	s, err := i.n.control.store.Signing(ctx)
	if err != nil {
		return control.SigningKeys{}, err
	}
	signing, err := signingOf(s)
	if err != nil {
		return control.SigningKeys{}, err
	}
	out := control.SigningKeys{Serial: s.Serial(), Rotations: []control.KeyRotation{}}
	for _, k := range signing.Trusted {
		out.Trusted = append(out.Trusted, codec.FormatKey(k))
	}
	for _, r := range s.Rotations {
		out.Rotations = append(out.Rotations, control.KeyRotation{Serial: r.Serial, By: r.CreatedBy, At: r.CreatedAt})
	}
	return out, nil
}

// RotateKeys implements control.Inviter. The key before signs the list of those that
// are trusted from now on: the new one, and itself until the next rotation, for what
// nodes hold is signed by it.
func (i inviter) RotateKeys(ctx context.Context, in control.KeyChange, by string) (control.SigningKeys, error) {
	c := i.n.control
	before, err := c.store.Signing(ctx)
	if err != nil {
		return control.SigningKeys{}, err
	}
	public, next, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return control.SigningKeys{}, fmt.Errorf("make signing key: %w", err)
	}
	old := ed25519.NewKeyFromSeed(before.Seed)
	r := codec.Rotation{Serial: before.Serial() + 1, Keys: []string{codec.FormatKey(public)}}
	if !in.Revoke {
		r.Keys = append(r.Keys, codec.FormatKey(old.Public().(ed25519.PublicKey)))
	}
	err = c.store.Rotate(ctx, next.Seed(), store.KeyRotation{Serial: r.Serial, Rotation: codec.SealRotation(r, old), CreatedBy: by, CreatedAt: time.Now()})
	if errors.Is(err, store.ErrMoved) {
		return control.SigningKeys{}, invalid("another rotation came first; look at the keys, and rotate again if that is still what you want")
	}
	if err != nil {
		return control.SigningKeys{}, err
	}
	if err := i.n.useKeys(ctx); err != nil {
		return control.SigningKeys{}, err
	}
	return i.Keys(ctx)
}
