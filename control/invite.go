package control

import "context"

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
}
