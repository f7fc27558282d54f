package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
)

type userRequest struct {
	Name     string `json:"name" doc:"What the user signs in with: small letters, digits and . _ @ + -" minLength:"1" maxLength:"64"`
	Password string `json:"password" doc:"12 characters or more, without the name."`
	Granting
}

type resetRequest struct {
	Password string `json:"password" doc:"12 characters or more, without the name."`
}

type userAnswer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Granted
	Issuer     string    `json:"issuer,omitempty" doc:"Identity provider that the user comes from; absent for a local user."`
	Subject    string    `json:"subject,omitempty" doc:"Who the user is there."`
	Disabled   bool      `json:"disabled" doc:"May not sign in; tokens of the user do not work."`
	CreatedBy  string    `json:"created_by"`
	CreatedAt  time.Time `json:"created_at"`
	PasswordAt time.Time `json:"password_at,omitzero" doc:"When the password was set."`
	SignedInAt time.Time `json:"signed_in_at,omitzero" doc:"Absent: never."`
}

func (s *server) userRoutes() {
	item, ended := s.schemaOf(reflect.TypeFor[userAnswer]()), s.schemaOf(reflect.TypeFor[endedAnswer]())
	one := "/users/{name}"
	s.route(route{method: "GET", path: "/users", id: "listUsers", summary: "List users", tag: "Access", need: auth.Admin,
		params: append([]*huma.Param{query("role", huma.TypeString, "Only those with this role as the highest."), query("q", huma.TypeString, "Text in the name, any case.")}, pageParams...),
		answer: s.listOf("UserList", item), handle: s.users})
	s.route(route{method: "POST", path: "/users", id: "createUser", summary: "Make a local user", tag: "Access", need: auth.Admin,
		body: s.schemaOf(reflect.TypeFor[userRequest]()), limit: signInLimit, status: http.StatusCreated, answer: item, handle: s.createUser})
	s.route(route{method: "GET", path: one, id: "getUser", summary: "Read one", tag: "Access", need: auth.Admin,
		answer: item, handle: s.onUser(func(c *call, u store.User) error { return nil })})
	s.route(route{method: "DELETE", path: one, id: "deleteUser", summary: "Delete a user with all sessions and tokens", tag: "Access", need: auth.Admin, answer: item,
		handle: s.onUser(func(c *call, u store.User) error { return s.Store.DeleteUser(c.Context(), auth.AdminRemains, u.ID) })})
	s.route(route{method: "PUT", path: one + "/grants", id: "grantUser", summary: "Say what a local user may do, in place of what was", tag: "Access", need: auth.Admin,
		body: s.schemaOf(reflect.TypeFor[Granting]()), answer: item, handle: s.onUser(s.grantUser)})
	s.route(route{method: "PUT", path: one + "/password", id: "resetPassword", summary: "Give a local user a new password; all sessions of the user end", tag: "Access", need: auth.Admin,
		body: s.schemaOf(reflect.TypeFor[resetRequest]()), limit: signInLimit, answer: item, handle: s.onUser(s.resetPassword)})
	s.route(route{method: "POST", path: one + "/disable", id: "disableUser", summary: "Shut a user out, at once", tag: "Access", need: auth.Admin, answer: item,
		handle: s.onUser(func(c *call, u store.User) error {
			return s.Store.SetDisabled(c.Context(), auth.AdminRemains, u.ID, true)
		})})
	s.route(route{method: "POST", path: one + "/enable", id: "enableUser", summary: "Let a user in again", tag: "Access", need: auth.Admin, answer: item,
		handle: s.onUser(func(c *call, u store.User) error { return s.Store.SetDisabled(c.Context(), nil, u.ID, false) })})
	s.route(route{method: "GET", path: one + "/sessions", id: "listSessionsOfUser", summary: "List a user's sessions", tag: "Access", need: auth.Admin,
		answer: s.listOf("SessionList", s.schemaOf(reflect.TypeFor[sessionAnswer]())), handle: func(c *call) (answer, error) {
			u, err := s.user(c)
			if err != nil {
				return answer{}, err
			}
			return s.sessionsOf(c.Context(), u.ID, c.who.Session)
		}})
	s.route(route{method: "DELETE", path: one + "/sessions", id: "endSessionsOfUser", summary: "End all sessions of a user", tag: "Access", need: auth.Admin, answer: ended,
		handle: func(c *call) (answer, error) {
			u, err := s.user(c)
			if err != nil {
				return answer{}, err
			}
			n, err := s.Store.DeleteSessions(c.Context(), u.ID)
			return answer{body: endedAnswer{Ended: n}}, err
		}})
}

func userOf(u store.User) userAnswer {
	a := userAnswer{ID: u.ID, Name: u.Name, Granted: grantsOf(auth.UserGrants(u)), Issuer: u.Issuer, Disabled: u.Disabled, CreatedBy: u.CreatedBy, CreatedAt: u.CreatedAt,
		PasswordAt: u.PasswordAt, SignedInAt: u.SignedInAt}
	if u.Issuer != "" {
		a.Subject = u.Subject
	}
	return a
}

func (s *server) user(c *call) (store.User, error) {
	name := withoutSecrets(c.PathValue("name"))
	c.deed.Object = "user " + name
	u, err := s.Store.User(c.Context(), c.PathValue("name"))
	return u, named(err, "User "+name)
}

// onUser does something to the user in the path and answers the user as it stands then,
// or stood before it was deleted.
func (s *server) onUser(f func(*call, store.User) error) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		u, err := s.user(c)
		if err != nil {
			return answer{}, err
		}
		if err := f(c, u); err != nil {
			return answer{}, err
		}
		if now, err := s.Store.User(c.Context(), u.ID); err == nil {
			u = now
		} else if !errors.Is(err, store.ErrNotFound) {
			return answer{}, err
		}
		return answer{body: userOf(u)}, nil
	}
}

func (s *server) users(c *call) (answer, error) {
	rows, err := s.Store.Users(c.Context())
	if err != nil {
		return answer{}, err
	}
	list := make([]userAnswer, len(rows))
	for i, u := range rows {
		list[i] = userOf(u)
	}
	role, has := wants(c, "role"), contains(c)
	return filtered(c, list, func(u userAnswer) string { return u.Name }, func(u userAnswer) bool { return role(string(u.Role)) && has(u.Name) })
}

func (s *server) newUser(ctx context.Context, name, password string, grants auth.Grants, by string) (store.User, error) {
	if err := auth.CheckUserName(name); err != nil {
		return store.User{}, invalidField("name", "invalid_name", err.Error())
	}
	text, err := s.Gate.NewPassword(ctx, name, password)
	if err != nil {
		return store.User{}, err
	}
	return auth.NewUser(name, text, grants, by, s.Now()), nil
}

func (s *server) createUser(c *call) (answer, error) {
	in, err := decode[userRequest](s, c)
	if err != nil {
		return answer{}, err
	}
	grants, err := in.grants(c.who)
	if err != nil {
		return answer{}, err
	}
	u, err := s.newUser(c.Context(), in.Name, in.Password, grants, c.who.Name)
	if err != nil {
		return answer{}, err
	}
	c.deed.Object = "user " + u.Name
	if err := s.Store.AddUser(c.Context(), u); err != nil {
		if errors.Is(err, store.ErrExists) {
			return answer{}, problem(http.StatusConflict, "exists", "A user with this name exists already; choose another name.")
		}
		return answer{}, err
	}
	return answer{body: userOf(u), location: "/api/v1/users/" + u.Name}, nil
}

func (s *server) grantUser(c *call, u store.User) error {
	in, err := decode[Granting](s, c)
	if err != nil {
		return err
	}
	if u.Issuer != "" {
		return problem(http.StatusConflict, "not_local", fmt.Sprintf("What %s may do follows from groups at the identity provider; change them there, or their mapping in the node file.", u.Name))
	}
	grants, err := in.grants(c.who)
	if err != nil {
		return err
	}
	_, text := grants.Columns()
	return s.Store.SetGrants(c.Context(), auth.AdminRemains, u.ID, text)
}

func (s *server) resetPassword(c *call, u store.User) error {
	in, err := decode[resetRequest](s, c)
	if err != nil {
		return err
	}
	if u.Issuer != "" {
		return problem(http.StatusConflict, "not_local", u.Name+" signs in at the identity provider and has no password here.")
	}
	text, err := s.Gate.NewPassword(c.Context(), u.Name, in.Password)
	if err != nil {
		return err
	}
	return s.Store.SetPassword(c.Context(), u.ID, text, s.Now(), "")
}
