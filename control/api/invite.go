package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
)

func (s *server) inviteRoutes() {
	s.route(route{method: "POST", path: "/nodes", id: "inviteNode", summary: "Admit a node and make its join token", tag: "Access", need: auth.Admin,
		body: s.schemaOf(reflect.TypeFor[control.Invitation]()), status: http.StatusCreated, secret: true, answer: s.schemaOf(reflect.TypeFor[control.Invited]()), handle: s.inviteNode})
	s.route(route{method: "PATCH", path: "/nodes/{id}", id: "labelNode", summary: "Replace a node's labels", tag: "Access", need: auth.Admin,
		body: s.schemaOf(reflect.TypeFor[nodeLabels]()), answer: s.schemaOf(reflect.TypeFor[labelledNode]()), handle: s.labelNode})
	s.route(route{method: "DELETE", path: "/nodes/{id}", id: "removeNode", summary: "Take a node's credential back, at once", tag: "Access", need: auth.Admin,
		answer: s.schemaOf(reflect.TypeFor[removedNode]()), handle: s.removeNode})
	s.route(route{method: "GET", path: "/keys", id: "readKeys", summary: "Read which keys sign configuration", tag: "Access", need: auth.Viewer,
		answer: s.schemaOf(reflect.TypeFor[control.SigningKeys]()), handle: func(c *call) (answer, error) {
			if s.Invite == nil {
				return answer{}, errNoNodes
			}
			k, err := s.Invite.Keys(c.Context())
			return answer{body: k}, err
		}})
	s.route(route{method: "POST", path: "/keys/rotate", id: "rotateKeys", summary: "Put a new key in force that signs configuration", tag: "Access", need: auth.Admin,
		body: s.schemaOf(reflect.TypeFor[control.KeyChange]()), answer: s.schemaOf(reflect.TypeFor[control.SigningKeys]()), handle: s.rotateKeys})
	s.route(route{method: "GET", path: "/nats-config", id: "readNATSConfig", summary: "Users for the configuration file of an external NATS server", tag: "Access", need: auth.Admin,
		answer: &huma.Schema{Type: huma.TypeString}, answerType: "text/plain", handle: s.natsConfig})
}

type nodeLabels struct {
	Labels map[string]string `json:"labels" doc:"All labels of the node and its vantage from now on."`
}

type labelledNode struct {
	Node   string            `json:"node"`
	Labels map[string]string `json:"labels"`
}

// maxLabels and labelForm keep labels what selectors can name (country=CN,isp=telecom).
const maxLabels = 64

var labelForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$`)

func (s *server) labelNode(c *call) (answer, error) {
	in, err := decode[nodeLabels](s, c)
	if err != nil {
		return answer{}, err
	}
	if s.Invite == nil {
		return answer{}, errNoNodes
	}
	if len(in.Labels) > maxLabels {
		return answer{}, invalidField("labels", "too_many", fmt.Sprintf("are %d; a node has at most %d", len(in.Labels), maxLabels))
	}
	for k, v := range in.Labels {
		if !labelForm.MatchString(k) || v != "" && !labelForm.MatchString(v) {
			return answer{}, invalidField("labels."+k, "invalid_value", "is no label; use up to 63 letters, digits, ., _, / or - for name and value, like country=CN")
		}
	}
	id := c.PathValue("id")
	c.deed.Object = "node " + id
	if err := s.Invite.Label(c.Context(), id, in.Labels); err != nil {
		if errors.Is(err, control.ErrNotFound) {
			return answer{}, problem(http.StatusNotFound, "not_found", "Node "+id+" was not invited; what was not has its labels from its own settings.")
		}
		return answer{}, err
	}
	s.nodeEvent(id, "labelled by "+c.who.Name)
	return answer{body: labelledNode{Node: id, Labels: in.Labels}}, nil
}

type removedNode struct {
	Node string `json:"node"`
	Note string `json:"note,omitempty" doc:"What is still to be done by hand."`
}

var errNoNodes = problem(http.StatusServiceUnavailable, "unavailable", "This process admits no nodes.")

func (s *server) rotateKeys(c *call) (answer, error) {
	in, err := decode[control.KeyChange](s, c)
	if err != nil {
		return answer{}, err
	}
	if s.Invite == nil {
		return answer{}, errNoNodes
	}
	k, err := s.Invite.RotateKeys(c.Context(), in, c.who.Name)
	if err != nil {
		return answer{}, err
	}
	c.deed.Object = fmt.Sprintf("signing key %d", k.Serial)
	s.nodeEvent("keys", fmt.Sprintf("signing key %d put in force by %s", k.Serial, c.who.Name))
	return answer{body: k}, nil
}

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
	s.nodeEvent(out.Node, fmt.Sprintf("%s as %s by %s", act, out.Role, c.who.Name))
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
	s.nodeEvent(id, "removed by "+c.who.Name)
	return answer{body: removedNode{Node: id, Note: note}}, nil
}

func (s *server) nodeEvent(id, text string) {
	s.control.Record(control.Event{Kind: "node", Subject: id, Severity: "info", Text: text})
}
