package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
)

func (s *server) inviteRoutes() {
	s.route(route{method: "POST", path: "/nodes", id: "inviteNode", summary: "Admit a node and make its join token", tag: "Access", need: auth.Admin,
		body: s.schemaOf(reflect.TypeFor[control.Invitation]()), status: http.StatusCreated, secret: true, answer: s.schemaOf(reflect.TypeFor[control.Invited]()), handle: s.inviteNode})
	s.route(route{method: "DELETE", path: "/nodes/{id}", id: "removeNode", summary: "Take a node's credential back, at once", tag: "Access", need: auth.Admin,
		answer: s.schemaOf(reflect.TypeFor[removedNode]()), handle: s.removeNode})
	s.route(route{method: "GET", path: "/nats-config", id: "readNATSConfig", summary: "Users for the configuration file of an external NATS server", tag: "Access", need: auth.Admin,
		answer: &huma.Schema{Type: huma.TypeString}, answerType: "text/plain", handle: s.natsConfig})
}

type removedNode struct {
	Node string `json:"node"`
	Note string `json:"note,omitempty" doc:"What is still to be done by hand."`
}

var errNoNodes = problem(http.StatusServiceUnavailable, "unavailable", "This process admits no nodes.")

func (s *server) natsConfig(c *call) (answer, error) {
	if s.Invite == nil {
		return answer{}, errNoNodes
	}
	text, err := s.Invite.NATSConfig(c.Context())
	return answer{raw: []byte(text)}, err
}

func (s *server) inviteNode(c *call) (answer, error) {
	in, err := decode[control.Invitation](s, c)
	if err != nil {
		return answer{}, err
	}
	if s.Invite == nil {
		return answer{}, errNoNodes
	}
	if in.Role == "" && !in.Again {
		return answer{}, invalidField("role", "required", "is missing; use resolver or prober")
	}
	if in.Again && in.Node == "" {
		return answer{}, invalidField("node", "required", "is missing; say which node is to have another credential")
	}
	out, err := s.Invite.Invite(c.Context(), in, c.who.Name)
	if err != nil {
		return answer{}, err
	}
	c.deed.Object = "node " + out.Node
	act := "invited"
	if in.Again {
		act = "invited again"
	}
	s.nodeEvent(c, out.Node, fmt.Sprintf("%s as %s by %s", act, out.Role, c.who.Name))
	return answer{body: out, location: "/api/v1/nodes/" + out.Node}, nil
}

func (s *server) removeNode(c *call) (answer, error) {
	if s.Invite == nil {
		return answer{}, errNoNodes
	}
	id := c.PathValue("id")
	c.deed.Object = "node " + id
	note, err := s.Invite.Remove(c.Context(), id)
	if err != nil {
		if errors.Is(err, control.ErrNotFound) || errors.Is(err, store.ErrNotFound) {
			// It may well be in the list: control's own node, and one removed a moment ago.
			return answer{}, problem(http.StatusNotFound, "not_found", "Node "+id+" holds no credential to take back: it was not invited, or was removed before.")
		}
		return answer{}, err
	}
	s.nodeEvent(c, id, "removed by "+c.who.Name)
	return answer{body: removedNode{Node: id, Note: note}}, nil
}

func (s *server) nodeEvent(c *call, id, text string) {
	if err := s.control.Record(c.Context(), control.Event{Kind: "node", Subject: id, Severity: "info", Text: text}); err != nil {
		s.log.Error("event not kept", "request_id", requestID(c.Request), "subject", id, "text", text, "err", err)
	}
}
