package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// revisionAnswer is a revision with what it changed and who has it.
type revisionAnswer struct {
	control.Record
	Effect  *steer.Effect `json:"effect,omitempty" doc:"With ?effect=true: what clients got before and after, all tasks taken as good; absent for a compacted revision."`
	Nodes   []nodeApplied `json:"nodes" doc:"Every node heard within 30 s: does it serve or probe by this revision or a later one?"`
	Applied int           `json:"applied" doc:"How many of nodes have it."`
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
	filters := append(slices.Clone(pageParams),
		query("object", huma.TypeString, "Only those that changed this object: KIND/NAME, like pool/web."),
		query("author", huma.TypeString, "Only those by this author."),
		query("since", huma.TypeString, "Only those made at this time or later (RFC 3339)."),
		query("until", huma.TypeString, "Only those made before this time (RFC 3339)."),
		query("q", huma.TypeString, "Text in comment or author, any case."))
	s.route(route{method: "GET", path: "/revisions", id: "listRevisions", summary: "List revisions, newest first: who changed what, when and why", tag: "Changes", need: auth.Viewer,
		params: filters, answer: s.listOf("RevisionList", item), handle: s.revisions})
	s.route(route{method: "GET", path: "/revisions/{number}", id: "getRevision", summary: "Read a revision, and which nodes have it", tag: "Changes", need: auth.Viewer,
		params: []*huma.Param{query("effect", huma.TypeBoolean, "Also tell what clients got before and after."),
			query("changes", huma.TypeBoolean, "False leaves the changes out, which may be many megabytes: to ask again and again whether nodes have it.")},
		answer: s.schemaOf(reflect.TypeFor[revisionAnswer]()), handle: s.revision})
	s.route(route{method: "GET", path: "/revisions/{number}/diff", id: "diffRevisions", summary: "Compare the configuration at a revision with that at another, or now", tag: "Changes", need: auth.Viewer,
		params: []*huma.Param{query("with", huma.TypeInteger, "Number of the other revision; default is the newest.")},
		answer: s.schemaOf(reflect.TypeFor[control.Diff]()), handle: s.diff})
}

func (s *server) revisions(c *call) (answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return answer{}, err
	}
	q := c.URL.Query()
	f := store.RevisionFilter{Author: q.Get("author"), Text: q.Get("q"), Limit: limit + 1}
	if v := q.Get("cursor"); v != "" {
		if f.Before, err = strconv.ParseUint(v, 10, 63); err != nil || f.Before == 0 {
			return answer{}, invalidField("cursor", "invalid_parameter", "is not from a page of this list; leave it out to begin anew")
		}
	}
	if v := q.Get("object"); v != "" {
		word, name, _ := strings.Cut(v, "/")
		k, known := kindBy(word)
		if !known || name == "" {
			return answer{}, invalidField("object", "invalid_parameter", "must be KIND/NAME, like pool/web or access_domain/www.example.com/A")
		}
		f.Object = s.keyOf(k, name)
	}
	for name, t := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		v := q.Get(name)
		if v == "" {
			continue
		}
		if *t, err = time.Parse(time.RFC3339, v); err != nil {
			return answer{}, invalidField(name, "invalid_parameter", "must be a time like 2026-11-25T08:00:00Z")
		}
	}
	list, err := s.control.ListRevisions(c.Context(), f)
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

// number reads the number of a revision, at least min.
func number(field, v string, least uint64) (uint64, error) {
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil || n < least {
		return 0, invalidField(field, "invalid_parameter", "must be the number of a revision")
	}
	return n, nil
}

func (s *server) revision(c *call) (answer, error) {
	n, err := number("number", c.PathValue("number"), 1)
	if err != nil {
		return answer{}, err
	}
	effect, changes := false, true
	for name, on := range map[string]*bool{"effect": &effect, "changes": &changes} {
		if v := c.URL.Query().Get(name); v != "" {
			if *on, err = strconv.ParseBool(v); err != nil {
				return answer{}, invalidField(name, "invalid_parameter", "must be true or false")
			}
		}
	}
	r, err := s.control.GetRevision(c.Context(), n, changes)
	if err != nil {
		return answer{}, named(err, fmt.Sprintf("Revision %d", n))
	}
	out := revisionAnswer{Record: r, Nodes: []nodeApplied{}}
	if effect && !r.Compacted {
		d, err := s.control.Diff(c.Context(), n-1, n)
		if err != nil {
			return answer{}, err
		}
		out.Effect = &d.Effect
	}
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

func (s *server) diff(c *call) (answer, error) {
	from, err := number("number", c.PathValue("number"), 0)
	if err != nil {
		return answer{}, err
	}
	head, err := s.control.Head(c.Context())
	if err != nil {
		return answer{}, err
	}
	to := head.Revision
	if v := c.URL.Query().Get("with"); v != "" {
		if to, err = number("with", v, 0); err != nil {
			return answer{}, err
		}
	}
	d, err := s.control.Diff(c.Context(), from, to)
	if errors.Is(err, control.ErrNotFound) {
		return answer{}, problem(http.StatusNotFound, "not_found", fmt.Sprintf("Revision %d does not exist; the newest is %d.", max(from, to), head.Revision))
	}
	return answer{body: d}, err
}
