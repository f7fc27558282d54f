package node

import (
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/codec"
)

// invited returns the nodes that may connect to the embedded server.
func (n *node) invited(ctx context.Context) ([]broker.User, error) {
	list, err := n.control.store.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	users := make([]broker.User, len(list))
	for i, s := range list {
		users[i] = broker.User{PublicKey: s.PublicKey, Node: broker.Node{ID: s.ID, Roles: []string{s.Role}, Vantage: s.Vantage}}
	}
	return users, nil
}

// inviter admits nodes to the embedded server.
type inviter struct{ n *node }

var _ control.Inviter = inviter{}

func (i inviter) Invite(ctx context.Context, in control.Invitation, by string) (string, string, error) {
	n := i.n
	c := n.control
	if c.broker == nil {
		return "", "", invalid("this control uses an external NATS server, whose operator makes the credentials")
	}
	servers := c.broker.URLs()
	if len(servers) == 0 {
		return "", "", invalid("control takes no nodes: start it with --nats-listen ADDR, and --nats-advertise HOST:PORT if they reach it under another address")
	}
	seed, public, err := broker.NewUser()
	if err != nil {
		return "", "", err
	}
	if in.Node == "" {
		in.Node = in.Role + "-" + strings.ToLower(public[len(public)-8:])
	}
	if in.Role == RoleProber && in.Vantage == "" {
		in.Vantage = in.Node
	}
	key := codec.FormatKey(c.signer.Public().(ed25519.PublicKey))
	token, err := broker.Token{Servers: servers, Role: in.Role, NodeID: in.Node, Vantage: in.Vantage, Labels: in.Labels, Seed: seed, Keys: []string{key}}.Encode()
	if err != nil {
		return "", "", invalid(err.Error())
	}
	err = c.store.AddNode(ctx, store.Node{ID: in.Node, Role: in.Role, Vantage: in.Vantage, Labels: in.Labels, PublicKey: public, CreatedBy: by, CreatedAt: time.Now()})
	if errors.Is(err, store.ErrExists) {
		return "", "", noNode(in.Node, control.ErrExists)
	}
	if err != nil {
		return "", "", err
	}
	return in.Node, token, n.admit(ctx)
}

func (i inviter) Remove(ctx context.Context, id string) error {
	err := i.n.control.store.DeleteNode(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return noNode(id, control.ErrNotFound)
	}
	if err != nil {
		return err
	}
	if i.n.control.roster != nil {
		i.n.control.roster.Forget(id)
	}
	return i.n.admit(ctx)
}

// admit tells the embedded server who may connect now.
func (n *node) admit(ctx context.Context) error {
	if n.control.broker == nil {
		return nil
	}
	users, err := n.invited(ctx)
	if err != nil {
		return err
	}
	return n.control.broker.SetUsers(users)
}
