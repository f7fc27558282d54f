package broker

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nkeys"
)

// Config is the list of users for the configuration file of a NATS server that
// somebody else runs: control (by its public key, "" if it signs in by other means) and
// the given nodes, each with what it may do and nothing else. It holds no secret.
func Config(control string, users []User) (string, error) {
	var b strings.Builder
	b.WriteString("# Users of Meridian, written by \"meridian node nats-config\". Include this file in an\n" +
		"# authorization or account block of every server, and reload the servers.\n" +
		"users = [\n")
	if control != "" {
		if !nkeys.IsValidPublicUserKey(control) {
			return "", fmt.Errorf("write NATS users: control's public key is not one of a user")
		}
		fmt.Fprintf(&b, "  # control\n  {nkey: %s}\n", control)
	}
	list := slices.Clone(users)
	slices.SortFunc(list, func(a, b User) int { return strings.Compare(a.Node.ID, b.Node.ID) })
	for _, u := range list {
		if !nkeys.IsValidPublicUserKey(u.PublicKey) {
			return "", fmt.Errorf("write NATS users: user %q: its public key is not one of a user", u.Node.ID)
		}
		p, err := Permissions(u.Node)
		if err != nil {
			return "", fmt.Errorf("write NATS users: %w", err)
		}
		if p == nil {
			return "", fmt.Errorf("write NATS users: node %q has the role control", u.Node.ID)
		}
		fmt.Fprintf(&b, "  # %s %s\n  {nkey: %s, permissions: {\n    publish: {allow: %s}\n    subscribe: {allow: %s}\n  }}\n",
			strings.Join(u.Node.Roles, " "), u.Node.ID, u.PublicKey, quoted(p.Publish.Allow), quoted(p.Subscribe.Allow))
	}
	b.WriteString("]\n")
	return b.String(), nil
}

// quoted writes subjects as a list; $ means a variable only outside quotes.
func quoted(subjects []string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // ">" stays readable
	if err := enc.Encode(subjects); err != nil {
		panic(fmt.Sprintf("encode subjects: %v", err)) // strings always encode
	}
	return strings.TrimSpace(b.String())
}
