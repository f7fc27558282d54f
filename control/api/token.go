package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
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
}

type tokenAnswer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Granted
	Token     string    `json:"token,omitempty" doc:"The token itself: only in the answer to its creation."`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero" doc:"Absent: never."`
	UsedAt    time.Time `json:"used_at,omitzero" doc:"To the minute; absent: never."`
}

func (s *server) tokenRoutes() {
	item := s.schemaOf(reflect.TypeFor[tokenAnswer]())
	s.route(route{method: "GET", path: "/tokens", id: "listTokens", summary: "List tokens", tag: "Access", need: auth.Admin,
		params: append([]*huma.Param{query("role", huma.TypeString, "Only those with this role."), query("q", huma.TypeString, "Text in the name, any case.")}, pageParams...),
		answer: s.listOf("TokenList", item), handle: s.tokens})
	s.route(route{method: "POST", path: "/tokens", id: "createToken", summary: "Make a token; it is shown once", tag: "Access", need: auth.Admin,
		body: s.schemaOf(reflect.TypeFor[tokenRequest]()), status: http.StatusCreated, secret: true, answer: item, handle: s.createToken})
	s.route(route{method: "DELETE", path: "/tokens/{name}", id: "revokeToken", summary: "Revoke a token, at once", tag: "Access", need: auth.Admin,
		answer: item, handle: s.revokeToken})
}

func tokenOf(t store.Token) tokenAnswer {
	return tokenAnswer{ID: t.ID, Name: t.Name, Granted: grantsOf(auth.ReadGrants(t.Role, t.Grants)), CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, UsedAt: t.UsedAt}
}

func (s *server) tokens(c *call) (answer, error) {
	rows, err := s.Store.Tokens(c.Context())
	if err != nil {
		return answer{}, err
	}
	list := make([]tokenAnswer, len(rows))
	for i, t := range rows {
		list[i] = tokenOf(t)
	}
	role, has := wants(c, "role"), contains(c)
	return filtered(c, list, func(t tokenAnswer) string { return t.Name }, func(t tokenAnswer) bool { return role(string(t.Role)) && has(t.Name) })
}

func (s *server) createToken(c *call) (answer, error) {
	in, err := decode[tokenRequest](s, c)
	if err != nil {
		return answer{}, err
	}
	grants, err := in.grants()
	if err != nil {
		return answer{}, err
	}
	c.deed.Object = "token " + in.Name
	now := s.Now()
	var expires time.Time
	if in.ExpiresIn != 0 {
		if in.ExpiresIn < 0 {
			return answer{}, invalidField("expires_in", "out_of_range", "must be more than 0")
		}
		expires = now.Add(time.Duration(in.ExpiresIn))
	}
	text, t := auth.NewToken(in.Name, grants, c.who.Name, now, expires)
	if err := s.Store.AddToken(c.Context(), t); err != nil {
		if errors.Is(err, store.ErrExists) {
			return answer{}, problem(http.StatusConflict, "exists", "A token with this name exists already; choose another name or revoke it first.")
		}
		return answer{}, err
	}
	s.tokenEvent(c, fmt.Sprintf("made with the role %s by %s", grants, c.who.Name), t)
	a := tokenOf(t)
	a.Token = text
	return answer{body: a, location: "/api/v1/tokens/" + t.ID}, nil
}

func (s *server) revokeToken(c *call) (answer, error) {
	name := c.PathValue("name")
	c.deed.Object = "token " + withoutSecrets(name)
	rows, err := s.Store.Tokens(c.Context())
	if err != nil {
		return answer{}, err
	}
	if last := lastAdmin(rows); last.ID != "" && (last.ID == name || last.Name == name) {
		return answer{}, problem(http.StatusConflict, "last_admin", "This is the last admin token; make another before you revoke it, or nobody could sign in.")
	}
	t, err := s.Store.DeleteToken(c.Context(), name)
	if err != nil {
		return answer{}, named(err, "Token "+withoutSecrets(name))
	}
	s.tokenEvent(c, "revoked by "+c.who.Name, t)
	return answer{body: tokenOf(t)}, nil
}

// lastAdmin returns the only admin token that is valid for ever, if there is one
// only: revoking it would lock everyone out.
func lastAdmin(rows []store.Token) store.Token {
	rows = slices.DeleteFunc(slices.Clone(rows), func(t store.Token) bool {
		return !auth.ReadGrants(t.Role, t.Grants).Whole(auth.Admin) || !t.ExpiresAt.IsZero()
	})
	if len(rows) == 1 {
		return rows[0]
	}
	return store.Token{}
}

// tokenEvent notes what happened to a token. The deed stands even if the note cannot be kept.
func (s *server) tokenEvent(c *call, text string, t store.Token) {
	err := s.control.Record(c.Context(), control.Event{Kind: "token", Subject: t.Name, Severity: "info", Text: text})
	if err != nil {
		s.log.Error("event not kept", "request_id", requestID(c.Request), "subject", t.Name, "text", text, "err", err)
	}
}
