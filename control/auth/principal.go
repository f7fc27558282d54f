package auth

import "time"

// Kinds of principals.
const (
	KindUser  = "user"  // a person, by a session or by a token of their own
	KindToken = "token" // a program, by a token that belongs to nobody
)

// Principal is who asks.
type Principal struct {
	Kind   string
	ID     string // of the user or the token; ids are never given again, names are
	Name   string
	Grants Grants

	Token   string // id of the token that was shown, "" for a session
	Session string // id of the session, "" for a token

	ends time.Time // of the credential, zero for never
}
