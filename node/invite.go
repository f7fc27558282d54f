package node

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/distribute/broker"
)

// invited returns the nodes that may connect, and whether some hold a token of a
// release before TLS.
func (n *node) invited(ctx context.Context) (users []broker.User, older bool, err error) {
	list, err := n.control.store.Nodes(ctx)
	if err != nil {
		return nil, false, err
	}
	users = make([]broker.User, len(list))
	for i, s := range list {
		users[i] = broker.User{PublicKey: s.PublicKey, Node: broker.Node{ID: s.ID, Roles: []string{s.Role}, Vantage: s.Vantage}}
		older = older || !s.TLS
	}
	return users, older, nil
}

// inviter admits nodes to the embedded server.
type inviter struct{ n *node }

var _ control.Inviter = inviter{}

func (i inviter) Invite(ctx context.Context, in control.Invitation, by string) (control.Invited, error) {
	n := i.n
	c := n.control
	servers, authorities, err := n.servers()
	if err != nil {
		return control.Invited{}, err
	}
	seed, public, err := broker.NewUser()
	if err != nil {
		return control.Invited{}, err
	}
	if in.Again {
		if err := i.asBefore(ctx, &in); err != nil {
			return control.Invited{}, err
		}
	}
	if in.Node == "" {
		in.Node = in.Role + "-" + strings.ToLower(public[len(public)-8:])
	}
	if in.Role == RoleProber && in.Vantage == "" {
		in.Vantage = in.Node
	}
	keys, err := i.Keys(ctx)
	if err != nil {
		return control.Invited{}, err
	}
	token, err := broker.Token{Servers: servers, Role: in.Role, NodeID: in.Node, Vantage: in.Vantage, Labels: in.Labels, Seed: seed, CA: authorities, Keys: keys.Trusted, KeySerial: keys.Serial}.Encode()
	if err != nil {
		return control.Invited{}, invalid(err.Error())
	}
	save := c.store.AddNode
	if in.Again {
		save = c.store.ReplaceNode
	}
	err = save(ctx, store.Node{ID: in.Node, Role: in.Role, Vantage: in.Vantage, Labels: in.Labels, PublicKey: public, TLS: true, CreatedBy: by, CreatedAt: time.Now()})
	if err != nil {
		return control.Invited{}, nodeError(in.Node, err)
	}
	return control.Invited{Node: in.Node, Role: in.Role, Token: token, Note: n.byHand()}, n.admit(ctx)
}

// asBefore fills what an invitation of a node that is there leaves open.
func (i inviter) asBefore(ctx context.Context, in *control.Invitation) error {
	list, err := i.n.control.store.Nodes(ctx)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.ID != in.Node {
			continue
		}
		if in.Role == "" {
			in.Role = s.Role
		}
		if in.Vantage == "" && in.Role == s.Role {
			in.Vantage = s.Vantage
		}
		if in.Labels == nil {
			in.Labels = s.Labels
		}
		return nil
	}
	return noNode(in.Node, control.ErrNotFound)
}

func nodeError(id string, err error) error {
	switch {
	case errors.Is(err, store.ErrExists):
		return noNode(id, control.ErrExists)
	case errors.Is(err, store.ErrNotFound):
		return noNode(id, control.ErrNotFound)
	}
	return err
}

func (i inviter) Remove(ctx context.Context, id string) (string, error) {
	if err := i.n.control.store.DeleteNode(ctx, id, time.Now()); err != nil {
		return "", nodeError(id, err)
	}
	if i.n.control.roster != nil {
		i.n.control.roster.Forget(id)
	}
	if err := i.n.admit(ctx); err != nil {
		return "", err
	}
	i.n.news()
	return i.n.byHand(), nil
}

func (i inviter) Label(ctx context.Context, id string, labels map[string]string) error {
	if err := i.n.control.store.LabelNode(ctx, id, labels); err != nil {
		return nodeError(id, err)
	}
	i.n.news()
	return nil
}

// news has nodes told at once what else would be told soon.
func (n *node) news() {
	select {
	case n.control.orders <- struct{}{}:
	default:
	}
}

// byHand says what control cannot do for an external server after a change of users.
func (n *node) byHand() string {
	if n.control.broker != nil {
		return ""
	}
	return "Put the output of 'meridian node nats-config' on the NATS servers and reload them; until then they know the users from before."
}

// admit tells the embedded server who may connect now.
func (n *node) admit(ctx context.Context) error {
	if n.control.broker == nil {
		return nil
	}
	users, _, err := n.invited(ctx)
	if err != nil {
		return err
	}
	return n.control.broker.SetUsers(users)
}
