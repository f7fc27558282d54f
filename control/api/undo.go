package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
)

func (s *server) undoRoutes() {
	for _, u := range []struct {
		verb, id, summary string
		prepare           func(context.Context, uint64) (control.ChangeSet, error)
	}{
		{"rollback", "rollbackRevision", "Make the configuration what it was at a revision, as a new one", s.control.Rollback},
		{"revert", "revertRevision", "Undo one revision and keep later ones; 409 names what they changed again", s.control.Revert},
	} {
		s.route(route{method: "POST", path: "/revisions/{number}/" + u.verb, id: u.id, summary: u.summary, tag: "Changes", need: auth.Operator, scoped: true,
			params: writeParams, answer: s.schemaOf(changeAnswerType), handle: func(c *call) (answer, error) { return s.undo(c, u.verb, u.prepare) }})
	}
}

// undo rolls back to a revision or reverts it.
func (s *server) undo(c *call, verb string, prepare func(context.Context, uint64) (control.ChangeSet, error)) (answer, error) {
	n, err := number("number", c.PathValue("number"), 1)
	if err != nil {
		return answer{}, err
	}
	if cond := c.Header.Get("If-Match") + c.Header.Get("If-None-Match"); cond != "" {
		return answer{}, invalidField("If-Match", "invalid_parameter", "has no meaning for a whole revision; leave it out")
	}
	body, err := c.read()
	if err != nil {
		return answer{}, err
	}
	if len(bytes.TrimSpace(body)) > 0 && string(bytes.TrimSpace(body)) != "{}" {
		return answer{}, invalidField("", "invalid_value", "takes no body; give the comment as ?comment=")
	}
	cs, err := prepare(c.Context(), n)
	if errors.Is(err, control.ErrNotFound) {
		return answer{}, problem(http.StatusNotFound, "not_found", fmt.Sprintf("Revision %d does not exist.", n))
	}
	if errors.Is(err, control.ErrOverride) {
		return answer{}, problem(http.StatusConflict, "override", fmt.Sprintf("Revision %d holds an override, which stands above configuration; end it with DELETE /api/v1/overrides/{id} or meridian override clear.", n))
	}
	if err != nil {
		return answer{}, err
	}
	comment := cs.Comment
	if given := c.URL.Query().Get("comment"); given != "" {
		comment = given
	}
	a, err := s.writeSet(c, nil, cs, comment)
	var collision *control.Collision
	if errors.As(err, &collision) {
		p := problem(http.StatusConflict, "collision", fmt.Sprintf("What stands now is in the way of this %s of revision %d; nothing was changed.", verb, n))
		p.Errors = collision.Problems
		return answer{}, p
	}
	return a, err
}
