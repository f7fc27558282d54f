package auth

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// userFresh is how long tokens of a user from an identity provider work after the last
// sign-in: only then is it known whether the provider still lets the user in.
const userFresh = 30 * 24 * time.Hour

var userName = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,63}$`)

// CheckUserName says what is wrong with the name of a user.
func CheckUserName(name string) error {
	switch {
	case !userName.MatchString(name):
		return errors.New("must have 1 to 64 of a-z, 0-9 and . _ @ + -, and begin with a letter or a digit")
	case strings.HasPrefix(name, "user-"):
		return errors.New("must not begin with user-, as ids do")
	}
	return nil
}

// NewUser returns a local user.
func NewUser(name, password string, grants Grants, by string, now time.Time) store.User {
	id := store.NewID("user")
	_, text := grants.Columns()
	return store.User{ID: id, Name: name, Subject: id, Password: password, Grants: text, CreatedBy: by, CreatedAt: now, PasswordAt: now}
}

// UserGrants are what a user may do, whether or not let in.
func UserGrants(u store.User) Grants { return ReadGrants("", u.Grants) }

func userPrincipal(u store.User) Principal {
	return Principal{Kind: KindUser, ID: u.ID, Name: u.Name, Grants: UserGrants(u)}
}

// AdminRemains refuses a change after which nobody could administer: there must be a
// token of nobody's that never expires, or a local user who is let in. Users of an
// identity provider do not count, since the provider can be gone.
func AdminRemains(users []store.User, tokens []store.Token) error {
	for _, u := range users {
		if !u.Disabled && u.Password != "" && UserGrants(u).Whole(Admin) {
			return nil
		}
	}
	for _, t := range tokens {
		if t.Owner == "" && t.ExpiresAt.IsZero() && ReadGrants(t.Role, t.Grants).Whole(Admin) {
			return nil
		}
	}
	return fmt.Errorf("%w: no token without an end and no local user has the role admin", store.ErrLastAdmin)
}
