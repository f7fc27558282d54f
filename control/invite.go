package control

import (
	"context"
	"time"
)

// Invitation asks for a join token.
type Invitation struct {
	Node    string            `json:"node,omitempty" doc:"Id of the node: letters, digits, - and _. Default is made up."`
	Role    string            `json:"role,omitempty" enum:"resolver,prober" doc:"What the node may do; with again, default is as before."`
	Vantage string            `json:"vantage,omitempty" doc:"For a prober: id of its vantage; default the node's."`
	Labels  map[string]string `json:"labels,omitempty" doc:"Labels of the node and its vantage, like country=CN."`
	Again   bool              `json:"again,omitempty" doc:"Give an invited node another credential. The one before ends at once; what is not said stays."`
}

// Invited is an invitation's answer.
type Invited struct {
	Node  string `json:"node"`
	Role  string `json:"role"`
	Token string `json:"token" doc:"For meridian serve --join. It holds a secret and is shown this once."`
	Note  string `json:"note,omitempty" doc:"What is still to be done by hand."`
}

// Inviter admits nodes to the message bus. Errors: *traffic.Invalid for a request
// that makes no sense, ErrExists for an id that is taken, ErrNotFound.
type Inviter interface {
	// Invite returns the join token. It holds a secret and is stored nowhere.
	Invite(ctx context.Context, in Invitation, by string) (Invited, error)
	// Label replaces an invited node's labels; the node takes them over.
	Label(ctx context.Context, node string, labels map[string]string) error
	// Remove takes a node's credential back; its connections are closed at once. The
	// note says what is still to be done by hand.
	Remove(ctx context.Context, node string) (note string, err error)
	// NATSConfig is the list of users for the configuration of an external NATS server.
	NATSConfig(ctx context.Context) (string, error)
	// Keys are the keys that sign configuration.
	Keys(ctx context.Context) (SigningKeys, error)
	// RotateKeys puts a new signing key in force.
	RotateKeys(ctx context.Context, in KeyChange, by string) (SigningKeys, error)
}

// SigningKeys are the keys by which nodes know that configuration is control's.
type SigningKeys struct {
	Serial    uint64        `json:"serial" doc:"Number of the last rotation; 0 before the first."`
	Trusted   []string      `json:"trusted" doc:"Public keys that nodes trust, the signing one first."`
	Rotations []KeyRotation `json:"rotations" doc:"All rotations, the oldest first."`
}

// KeyRotation is one change of the signing key.
type KeyRotation struct {
	Serial uint64    `json:"serial"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// KeyChange asks for a rotation.
type KeyChange struct {
	Revoke bool `json:"revoke,omitempty" doc:"Distrust the key before at once: it was stolen. Otherwise it stays trusted until the next rotation."`
}
