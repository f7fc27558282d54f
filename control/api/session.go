package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
)

// signInRequest holds a secret: it is never logged, and errors do not quote it.
type signInRequest struct {
	Name     string `json:"name" doc:"Name of the user." minLength:"1" maxLength:"128"`
	Password string `json:"password" minLength:"1"`
	Token    string `json:"token,omitempty" doc:"While there is no user yet: an admin token, to make this one the first, with the role admin."`
}

type passwordRequest struct {
	Current  string `json:"current" doc:"The password until now."`
	Password string `json:"password" doc:"The new one: 12 characters or more."`
}

// whoAnswer is who asks and what they may do.
type whoAnswer struct {
	Kind string `json:"kind" enum:"user,token"`
	ID   string `json:"id"`
	Name string `json:"name"`
	Granted
	Session *sessionAnswer `json:"session,omitempty" doc:"Absent for a token."`
	// Password is told so that a page need not try.
	Password bool `json:"can_change_password,omitempty" doc:"It is a user with a password here, who has signed in."`
}

type sessionAnswer struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at" doc:"To the minute."`
	EndsAt    time.Time `json:"ends_at" doc:"In any case; earlier when it is not used."`
	Remote    string    `json:"remote" doc:"Address that signed in."`
	Agent     string    `json:"agent,omitempty" doc:"Program that signed in, as it called itself."`
	Current   bool      `json:"current,omitempty" doc:"The one that asks."`
}

type endedAnswer struct {
	Ended int `json:"ended" doc:"How many sessions."`
	// Elsewhere is not opened by itself: most people want to stay signed in there.
	Elsewhere string `json:"provider_sign_out,omitempty" doc:"Where to sign out at the identity provider too."`
}

func (s *server) sessionRoutes() {
	who := s.schemaOf(reflect.TypeFor[whoAnswer]())
	ended := s.schemaOf(reflect.TypeFor[endedAnswer]())
	s.route(route{method: "POST", path: "/session", id: "signIn", summary: "Sign in with a name and a password; the answer sets a cookie", tag: "Access", open: true,
		body: s.schemaOf(reflect.TypeFor[signInRequest]()), limit: signInLimit, status: http.StatusCreated, answer: who, handle: s.signIn})
	s.route(route{method: "GET", path: "/session", id: "whoAmI", summary: "Who asks, and what they may do", tag: "Access", answer: who, handle: s.whoAmI})
	s.route(route{method: "DELETE", path: "/session", id: "signOut", summary: "Sign out: end this session", tag: "Access", answer: ended, handle: s.signOut})
	s.route(route{method: "PUT", path: "/session/password", id: "changePassword", summary: "Change the own password; all other sessions end", tag: "Access",
		body: s.schemaOf(reflect.TypeFor[passwordRequest]()), limit: signInLimit, answer: who, handle: s.changePassword})
	s.route(route{method: "GET", path: "/sessions", id: "listSessions", summary: "List the own sessions", tag: "Access",
		answer: s.listOf("SessionList", s.schemaOf(reflect.TypeFor[sessionAnswer]())), handle: s.sessions})
	s.route(route{method: "DELETE", path: "/sessions", id: "endSessions", summary: "End all own sessions, this one too", tag: "Access", answer: ended, handle: s.endSessions})
	s.route(route{method: "DELETE", path: "/sessions/{id}", id: "endSession", summary: "End one own session", tag: "Access", answer: ended, handle: s.endSession})
}

// signInLimit is far more than a name and a password take: who has not signed in shall
// not make the server hold megabytes.
const signInLimit = 16 << 10

func (s *server) signIn(c *call) (answer, error) {
	in, err := decode[signInRequest](s, c)
	if err != nil {
		return answer{}, err
	}
	ctx, from := c.Context(), auth.Remote(c.Request)
	if in.Token != "" {
		if err := s.firstUser(c, in); err != nil {
			return answer{}, err
		}
	}
	cookie, v, p, err := s.Gate.SignIn(ctx, in.Name, in.Password, from, c.UserAgent())
	if err != nil {
		// Only names that exist are written down: people type passwords into the wrong field.
		if u, uerr := s.Store.User(ctx, in.Name); uerr == nil && u.Name == in.Name {
			c.deed.Who = u.Name
		}
		if errors.Is(err, auth.ErrDenied) {
			return answer{}, problem(http.StatusUnauthorized, "wrong_credentials", "Name or password are wrong, or the user is disabled.")
		}
		return answer{}, err
	}
	return s.signedIn(c, cookie, v, p)
}

// signedIn gives a session to the browser.
func (s *server) signedIn(c *call, cookie string, v store.Session, p auth.Principal) (answer, error) {
	c.deed.Kind, c.deed.Principal, c.deed.Who = p.Kind, p.ID, p.Name
	http.SetCookie(c.w, auth.Cookie(c.Request, cookie, v.EndsAt))
	session, own := sessionOf(v, v.ID), false
	if u, err := s.Store.User(c.Context(), p.ID); err == nil {
		own = u.Password != ""
	}
	return answer{body: whoAnswer{Kind: p.Kind, ID: p.ID, Name: p.Name, Granted: grantsOf(p.Grants), Session: &session, Password: own}}, nil
}

// firstUser makes the first user with an admin token: the way into an installation
// that has only the token in its data folder.
func (s *server) firstUser(c *call, in signInRequest) error {
	r := c.Request.Clone(c.Context())
	r.Header = http.Header{"Authorization": {"Bearer " + in.Token}}
	p, err := s.Gate.Authenticate(r)
	if err == nil && (p.Kind != auth.KindToken || !p.Grants.Whole(auth.Admin)) {
		err = auth.ErrDenied
	}
	if errors.Is(err, auth.ErrDenied) {
		return problem(http.StatusUnauthorized, "wrong_credentials", "The token is not a valid one with the role admin. The first stands in the file admin.token of the data folder.")
	}
	if err != nil {
		return err
	}
	list, err := s.Store.Users(c.Context())
	if err == nil && len(list) > 0 {
		err = store.ErrExists
	}
	if err == nil {
		var u store.User
		if u, err = s.newUser(c.Context(), in.Name, in.Password, auth.Grants{{Role: auth.Admin}}, p.Name); err == nil {
			err = s.Store.AddFirstUser(c.Context(), u)
		}
	}
	if errors.Is(err, store.ErrExists) {
		return problem(http.StatusConflict, "users_exist", "There are users already: sign in as one of them, without a token.")
	}
	return err
}

func (s *server) whoAmI(c *call) (answer, error) {
	out := whoAnswer{Kind: c.who.Kind, ID: c.who.ID, Name: c.who.Name, Granted: grantsOf(c.who.Grants)}
	if c.who.Session == "" {
		return answer{body: out}, nil
	}
	list, err := s.Store.Sessions(c.Context(), c.who.ID)
	if err != nil {
		return answer{}, err
	}
	for _, v := range list {
		if v.ID == c.who.Session {
			session := sessionOf(v, c.who.Session)
			out.Session = &session
		}
	}
	u, err := s.Store.User(c.Context(), c.who.ID)
	if err != nil {
		return answer{}, err
	}
	out.Password = u.Password != ""
	return answer{body: out}, nil
}

func sessionOf(v store.Session, current string) sessionAnswer {
	return sessionAnswer{ID: v.ID, CreatedAt: v.CreatedAt, SeenAt: v.SeenAt, EndsAt: v.EndsAt, Remote: v.Remote, Agent: v.Agent, Current: v.ID == current}
}

// noSession refuses what only somebody who has signed in can do.
func noSession() error {
	return problem(http.StatusConflict, "no_session", "This is for a session, and a token asks: sign in with POST /api/v1/session.")
}

func (s *server) signOut(c *call) (answer, error) {
	if c.who.Session == "" {
		return answer{}, noSession()
	}
	if err := s.Store.DeleteSession(c.Context(), c.who.ID, c.who.Session); err != nil {
		return answer{}, err
	}
	http.SetCookie(c.w, auth.Cookie(c.Request, "", time.Time{}))
	out := endedAnswer{Ended: 1}
	if s.OIDC != nil {
		u, err := s.Store.User(c.Context(), c.who.ID)
		if err != nil {
			return answer{}, err
		}
		if u.Issuer == s.OIDC.Issuer() {
			out.Elsewhere = s.OIDC.SignOutURL()
		}
	}
	return answer{body: out}, nil
}

func (s *server) changePassword(c *call) (answer, error) {
	if c.who.Session == "" {
		return answer{}, noSession()
	}
	in, err := decode[passwordRequest](s, c)
	if err != nil {
		return answer{}, err
	}
	u, err := s.Gate.CheckPassword(c.Context(), c.who.Name, in.Current, auth.Remote(c.Request))
	if errors.Is(err, auth.ErrDenied) {
		return answer{}, problem(http.StatusForbidden, "wrong_credentials", "The current password is wrong.")
	}
	if err != nil {
		return answer{}, err
	}
	text, err := s.Gate.NewPassword(c.Context(), u.Name, in.Password)
	if err != nil {
		return answer{}, err
	}
	if err := s.Store.SetPassword(c.Context(), u.ID, text, s.Now(), c.who.Session); err != nil {
		return answer{}, err
	}
	return s.whoAmI(c)
}

func (s *server) sessions(c *call) (answer, error) {
	return s.sessionsOf(c.Context(), c.who.ID, c.who.Session)
}

func (s *server) sessionsOf(ctx context.Context, userID, current string) (answer, error) {
	list, err := s.Store.Sessions(ctx, userID)
	if err != nil {
		return answer{}, err
	}
	out, now := []sessionAnswer{}, s.Now()
	for _, v := range list {
		if auth.SessionAlive(v, now) {
			out = append(out, sessionOf(v, current))
		}
	}
	total := len(out)
	return answer{body: page{Items: out, Total: &total}}, nil
}

func (s *server) endSessions(c *call) (answer, error) {
	n, err := s.Store.DeleteSessions(c.Context(), c.who.ID)
	if err != nil {
		return answer{}, err
	}
	if c.who.Session != "" {
		http.SetCookie(c.w, auth.Cookie(c.Request, "", time.Time{}))
	}
	return answer{body: endedAnswer{Ended: n}}, nil
}

func (s *server) endSession(c *call) (answer, error) {
	err := s.Store.DeleteSession(c.Context(), c.who.ID, c.PathValue("id"))
	if err != nil {
		return answer{}, named(err, "Session "+withoutSecrets(c.PathValue("id")))
	}
	return answer{body: endedAnswer{Ended: 1}}, nil
}
