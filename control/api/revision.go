package api

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
)

// revisionAnswer is a revision with what it changed and who has it.
type revisionAnswer struct {
	control.Revision
	Changes []control.ObjectChange `json:"changes"`
	Nodes   []nodeApplied          `json:"nodes" doc:"Every node heard within 30 s: does it serve or probe by this revision or a later one?"`
	Applied int                    `json:"applied" doc:"How many of nodes have it."`
}

type nodeApplied struct {
	ID       string           `json:"id"`
	Roles    []string         `json:"roles"`
	Applied  bool             `json:"applied"`
	Position traffic.Position `json:"position"`
	Silent   traffic.Duration `json:"silent_for"`
}

func (s *server) revisionRoutes() {
	item := s.schemaOf(reflect.TypeFor[control.Revision]())
	s.route(route{method: "GET", path: "/revisions", id: "listRevisions", summary: "List revisions, newest first", tag: "Changes", need: auth.Viewer,
		params: pageParams, answer: s.listOf("RevisionList", item), handle: s.revisions})
	s.route(route{method: "GET", path: "/revisions/{number}", id: "getRevision", summary: "Read a revision, and which nodes have it", tag: "Changes", need: auth.Viewer,
		answer: s.schemaOf(reflect.TypeFor[revisionAnswer]()), handle: s.revision})
}

func (s *server) revisions(c *call) (answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return answer{}, err
	}
	var before uint64
	if v := c.URL.Query().Get("cursor"); v != "" {
		if before, err = strconv.ParseUint(v, 10, 63); err != nil || before == 0 {
			return answer{}, invalidField("cursor", "invalid_parameter", "is not from a page of this list; leave it out to begin anew")
		}
	}
	list, err := s.control.ListRevisions(c.Context(), before, limit+1)
	if err != nil {
		return answer{}, err
	}
	p := page{}
	if len(list) > limit {
		list = list[:limit]
		p.Next = strconv.FormatUint(list[limit-1].Number, 10)
	}
	p.Items = list
	return answer{body: p}, nil
}

func (s *server) revision(c *call) (answer, error) {
	n, err := strconv.ParseUint(c.PathValue("number"), 10, 63)
	if err != nil || n == 0 {
		return answer{}, invalidField("number", "invalid_parameter", "must be the number of a revision")
	}
	r, changes, err := s.control.GetRevision(c.Context(), n)
	if err != nil {
		return answer{}, named(err, fmt.Sprintf("Revision %d", n))
	}
	out := revisionAnswer{Revision: r, Changes: changes, Nodes: []nodeApplied{}}
	for _, node := range s.Live.Nodes() {
		if !node.Present() {
			continue
		}
		a := nodeApplied{ID: node.ID, Roles: node.Roles, Position: node.Position, Silent: node.Silent}
		// A higher epoch is a later history, whatever its number (design D3).
		if a.Applied = node.Position.Epoch > r.Epoch || node.Position.Epoch == r.Epoch && node.Position.Revision >= r.Number; a.Applied {
			out.Applied++
		}
		out.Nodes = append(out.Nodes, a)
	}
	return answer{body: out}, nil
}
