package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

type tokenRequest struct {
	Name string `json:"name" doc:"What it is for." minLength:"1" maxLength:"128"`
	Granting
	ExpiresIn traffic.Duration `json:"expires_in,omitempty" doc:"Like 720h; absent means never."`
	Personal  bool             `json:"personal,omitempty" doc:"A token of the user who asks: it never allows more than the user, and ends with the user. Without role and grants it allows what the user may."`
}

type tokenAnswer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Granted
	Token     string    `json:"token,omitempty" doc:"The token itself: only in the answer to its creation."`
	Owner     string    `json:"owner,omitempty" doc:"Id of the user whose token it is; absent for a program's."`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero" doc:"Absent: never."`
	UsedAt    time.Time `json:"used_at,omitzero" doc:"To the minute; absent: never."`
}

func (s *server) tokenRoutes() {
	item := s.schemaOf(reflect.TypeFor[tokenAnswer]())
	const own = "Needs the role admin; users may handle tokens of their own."
	s.route(route{method: "GET", path: "/tokens", id: "listTokens", summary: "List tokens; without the role admin, the own ones", tag: "Access", need: auth.Viewer, needs: own,
		params: append([]*huma.Param{query("role", huma.TypeString, "Only those with this role as the highest."), query("q", huma.TypeString, "Text in the name, any case.")}, pageParams...),
		answer: s.listOf("TokenList", item), handle: s.tokens})
	s.route(route{method: "POST", path: "/tokens", id: "createToken", summary: "Make a token; it is shown once", tag: "Access", need: auth.Viewer, secret: true,
		needs: "Needs the role admin; users who have signed in may make personal ones.",
		body:  s.schemaOf(reflect.TypeFor[tokenRequest]()), status: http.StatusCreated, answer: item, handle: s.createToken})
	s.route(route{method: "DELETE", path: "/tokens/{name}", id: "revokeToken", summary: "Revoke a token, at once", tag: "Access", need: auth.Viewer, writes: true, needs: own,
		answer: item, handle: s.revokeToken})
}

func tokenOf(t store.Token) tokenAnswer {
	return tokenAnswer{ID: t.ID, Name: t.Name, Granted: grantsOf(auth.ReadGrants(t.Role, t.Grants)), Owner: t.Owner, CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, UsedAt: t.UsedAt}
}

// ownTokens refuses callers who have no tokens of their own and may not see others'.
func ownTokens(who auth.Principal) error {
	if who.Kind == auth.KindUser || who.Grants.Whole(auth.Admin) {
		return nil
	}
	return problem(http.StatusForbidden, "forbidden", fmt.Sprintf("This needs the role admin, or a user who handles tokens of their own; %q is a token with the role %s.", who.Name, who.Grants.Role()))
}

func (s *server) tokens(c *call) (answer, error) {
	if err := ownTokens(c.who); err != nil {
		return answer{}, err
	}
	rows, err := s.Store.Tokens(c.Context())
	if err != nil {
		return answer{}, err
	}
	list := []tokenAnswer{}
	for _, t := range rows {
		if t.Owner == c.who.ID || c.who.Grants.Whole(auth.Admin) {
			list = append(list, tokenOf(t))
		}
	}
	role, has := wants(c, "role"), contains(c)
	return filtered(c, list, func(t tokenAnswer) string { return t.Name }, func(t tokenAnswer) bool { return role(string(t.Role)) && has(t.Name) })
}

func (s *server) createToken(c *call) (answer, error) {
	// A token makes no tokens unless it is an admin's: one that leaks must not outlive
	// its revocation.
	admin := c.who.Grants.Whole(auth.Admin)
	if !admin && c.who.Session == "" {
		return answer{}, problem(http.StatusForbidden, "forbidden", fmt.Sprintf("This needs the role admin, or a user who has signed in; %q is a token with the role %s.", c.who.Name, c.who.Grants.Role()))
	}
	in, err := decode[tokenRequest](s, c)
	if err != nil {
		return answer{}, err
	}
	c.deed.Object = "token " + in.Name
	if err := auth.CheckTokenName(in.Name); err != nil {
		return answer{}, invalidField("name", "invalid_name", err.Error())
	}
	switch {
	case in.Personal && c.who.Session == "":
		return answer{}, noSession()
	case !in.Personal && !admin:
		return answer{}, problem(http.StatusForbidden, "forbidden", "A token of nobody's needs the role admin; give personal: true for one of your own.")
	}
	grants := c.who.Grants
	if !in.Personal || in.given() {
		if grants, err = in.grants(c.who); err != nil {
			return answer{}, err
		}
	}
	now := s.Now()
	var expires time.Time
	if in.ExpiresIn != 0 {
		if in.ExpiresIn < 0 {
			return answer{}, invalidField("expires_in", "out_of_range", "must be more than 0")
		}
		expires = now.Add(time.Duration(in.ExpiresIn))
	}
	text, t := auth.NewToken(in.Name, grants, c.who.Name, now, expires)
	if in.Personal {
		text, t = auth.NewPersonalToken(in.Name, grants, c.who, now, expires)
	}
	if err := s.Store.AddToken(c.Context(), t); err != nil {
		if errors.Is(err, store.ErrExists) {
			return answer{}, problem(http.StatusConflict, "exists", "A token with this name exists already; choose another name or revoke it first.")
		}
		return answer{}, err
	}
	s.tokenEvent(fmt.Sprintf("made with the role %s by %s", grants, c.who.Name), t)
	a := tokenOf(t)
	a.Token = text
	return answer{body: a, location: "/api/v1/tokens/" + t.ID}, nil
}

func (s *server) revokeToken(c *call) (answer, error) {
	name := c.PathValue("name")
	c.deed.Object = "token " + withoutSecrets(name)
	if err := ownTokens(c.who); err != nil {
		return answer{}, err
	}
	t, err := s.Store.Token(c.Context(), name)
	if err == nil && t.Owner != c.who.ID && !c.who.Grants.Whole(auth.Admin) {
		err = store.ErrNotFound // others' tokens are nobody's business
	}
	if err == nil {
		t, err = s.Store.DeleteToken(c.Context(), auth.AdminRemains, t.ID)
	}
	if err != nil {
		return answer{}, named(err, "Token "+withoutSecrets(name))
	}
	s.tokenEvent("revoked by "+c.who.Name, t)
	return answer{body: tokenOf(t)}, nil
}

// tokenEvent notes what happened to a token. The deed stands even if the note cannot be kept.
func (s *server) tokenEvent(text string, t store.Token) {
	s.control.Record(control.Event{Kind: "token", Subject: t.Name, Severity: "info", Text: text})
}
