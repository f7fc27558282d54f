package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
)

type inviteAnswer struct {
	Node  string `json:"node"`
	Role  string `json:"role"`
	Token string `json:"token" doc:"For meridian serve --join. It holds a secret and is shown this once."`
}

func (s *server) inviteRoutes() {
	s.route(route{method: "POST", path: "/nodes", id: "inviteNode", summary: "Admit a node and make its join token", tag: "Access", need: auth.Admin,
		body: s.schemaOf(reflect.TypeFor[control.Invitation]()), status: http.StatusCreated, secret: true, answer: s.schemaOf(reflect.TypeFor[inviteAnswer]()), handle: s.inviteNode})
	s.route(route{method: "DELETE", path: "/nodes/{id}", id: "removeNode", summary: "Take a node's credential back, at once", tag: "Access", need: auth.Admin,
		answer: s.schemaOf(reflect.TypeFor[removedNode]()), handle: s.removeNode})
}

type removedNode struct {
	Node string `json:"node"`
}

func (s *server) inviteNode(c *call) (answer, error) {
	in, err := decode[control.Invitation](s, c)
	if err != nil {
		return answer{}, err
	}
	if s.Invite == nil {
		return answer{}, problem(http.StatusServiceUnavailable, "unavailable", "This process admits no nodes.")
	}
	id, token, err := s.Invite.Invite(c.Context(), in, c.who.Name)
	if err != nil {
		return answer{}, err
	}
	c.deed.Object = "node " + id
	s.nodeEvent(c, id, fmt.Sprintf("invited as %s by %s", in.Role, c.who.Name))
	return answer{body: inviteAnswer{Node: id, Role: in.Role, Token: token}, location: "/api/v1/nodes/" + id}, nil
}

func (s *server) removeNode(c *call) (answer, error) {
	if s.Invite == nil {
		return answer{}, problem(http.StatusServiceUnavailable, "unavailable", "This process admits no nodes.")
	}
	id := c.PathValue("id")
	c.deed.Object = "node " + id
	if err := s.Invite.Remove(c.Context(), id); err != nil {
		if errors.Is(err, control.ErrNotFound) || errors.Is(err, store.ErrNotFound) {
			// It may well be in the list: control's own node, and one removed a moment ago.
			return answer{}, problem(http.StatusNotFound, "not_found", "Node "+id+" holds no credential to take back: it was not invited, or was removed before.")
		}
		return answer{}, err
	}
	s.nodeEvent(c, id, "removed by "+c.who.Name)
	return answer{body: removedNode{Node: id}}, nil
}

func (s *server) nodeEvent(c *call, id, text string) {
	if err := s.control.Record(c.Context(), control.Event{Kind: "node", Subject: id, Severity: "info", Text: text}); err != nil {
		s.log.Error("event not kept", "request_id", requestID(c.Request), "subject", id, "text", text, "err", err)
	}
}
