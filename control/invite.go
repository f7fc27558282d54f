package control

import "context"

// Invitation asks for a join token.
type Invitation struct {
	Node    string            `json:"node,omitempty" doc:"Id of the node: letters, digits, - and _. Default is made up."`
	Role    string            `json:"role" enum:"resolver,prober" doc:"What the node may do."`
	Vantage string            `json:"vantage,omitempty" doc:"For a prober: id of its vantage; default the node's."`
	Labels  map[string]string `json:"labels,omitempty" doc:"Labels of the node and its vantage, like country=CN."`
}

// Inviter admits nodes to the message bus. Errors: *traffic.Invalid for a request
// that makes no sense, ErrExists for an id that is taken, ErrNotFound.
type Inviter interface {
	// Invite returns the join token. It holds a secret and is stored nowhere.
	Invite(ctx context.Context, in Invitation, by string) (node, token string, err error)
	// Remove takes a node's credential back; its connections are closed at once.
	Remove(ctx context.Context, node string) error
}
