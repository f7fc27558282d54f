package auth

import "slices"

// Role says what somebody may do.
type Role string

// The roles, each including the ones below it.
const (
	Admin    Role = "admin"    // users, tokens and nodes, and all below
	Operator Role = "operator" // change the configuration, and all below
	Viewer   Role = "viewer"   // read
)

// Roles lists the roles, most powerful first.
var Roles = []Role{Admin, Operator, Viewer}

// Allows reports whether r includes need. An unknown role allows nothing.
func (r Role) Allows(need Role) bool {
	have, want := slices.Index(Roles, r), slices.Index(Roles, need)
	return have >= 0 && want >= 0 && have <= want
}
