package api

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// changeRequest is a whole change set: applied whole or not at all.
type changeRequest struct {
	Put            []putItem    `json:"put,omitempty" doc:"Objects wholly described."`
	Delete         []deleteItem `json:"delete,omitempty" doc:"Objects that must exist and shall not."`
	ReplaceRecords []string     `json:"replace_records,omitempty" doc:"Zones whose record set becomes exactly the records in put."`
	Set            string       `json:"set,omitempty" doc:"Name under which put is applied." maxLength:"128"`
	Prune          bool         `json:"prune,omitempty" doc:"Delete what was last applied under set and is not in put."`
	Comment        string       `json:"comment,omitempty" doc:"Why; kept with the revision." maxLength:"4096"`
}

type putItem struct {
	Kind    string          `json:"kind" enum:"settings,line,template,address,pool,zone,record,access_domain,assertion"`
	Body    json.RawMessage `json:"body" doc:"The object, as its own route takes it."`
	Version uint64          `json:"version,omitempty" doc:"Version that it must have, as If-Match."`
	Absent  bool            `json:"absent,omitempty" doc:"It must not exist yet, as If-None-Match: *; else 409."`
}

type deleteItem struct {
	Kind    string `json:"kind" enum:"line,template,address,pool,zone,record,access_domain,assertion"`
	Name    string `json:"name" doc:"Name or id." minLength:"1"`
	Version uint64 `json:"version,omitempty" doc:"Version that it must have, as If-Match."`
}

// changeAnswer says what a write did or, dry, would do.
type changeAnswer struct {
	Revision uint64 `json:"revision" doc:"Revision that holds the change; the present one when nothing changed or on a dry run."`
	DryRun   bool   `json:"dry_run,omitempty"`
	control.Plan
	Effect *steer.Effect `json:"effect,omitempty" doc:"On a dry run: what clients would get, before and after, by health as it is now."`
}

var changeAnswerType = reflect.TypeFor[changeAnswer]()

func (s *server) changeRoutes() {
	s.route(route{method: "POST", path: "/changes", id: "applyChanges", summary: "Apply a whole change set", tag: "Changes", need: auth.Operator, scoped: true,
		params: writeParams, body: s.schemaOf(reflect.TypeFor[changeRequest]()), limit: changeLimit, answer: s.schemaOf(changeAnswerType), handle: s.changes})
	s.route(route{method: "POST", path: "/preview", id: "previewChanges", summary: "What a whole change set would do to the configuration and to answers", tag: "Changes", need: auth.Viewer,
		body: s.schemaOf(reflect.TypeFor[changeRequest]()), limit: changeLimit, answer: s.schemaOf(reflect.TypeFor[control.Preview]()), handle: s.preview})
}

func (s *server) changes(c *call) (answer, error) {
	b, err := c.read()
	if err != nil {
		return answer{}, err
	}
	cs, err := s.changeSet(c, b)
	if err != nil {
		return answer{}, err
	}
	return s.writeSet(c, b, cs, cs.Comment)
}

func (s *server) preview(c *call) (answer, error) {
	b, err := c.read()
	if err != nil {
		return answer{}, err
	}
	cs, err := s.changeSet(c, b)
	if err != nil {
		return answer{}, err
	}
	p, err := s.control.Preview(c.Context(), cs, s.momentOfClients())
	return answer{body: p}, err
}

// changeSet reads the body that changes and preview share.
func (s *server) changeSet(c *call, b []byte) (control.ChangeSet, error) {
	none := control.ChangeSet{}
	v, err := parse(b)
	if err != nil {
		return none, err
	}
	check := structure{registry: s.doc.Components.Schemas, strict: true}
	check.check(s.schemaOf(reflect.TypeFor[changeRequest]()), "", v)
	if len(check.found) > 0 {
		return none, invalid(check.found...)
	}
	var in changeRequest
	if err := json.Unmarshal(b, &in); err != nil {
		return none, invalidField("", "invalid_value", rootText(err))
	}
	if in.Prune && in.Set == "" {
		return none, invalidField("prune", "required", "needs set: only what was applied under a set is pruned")
	}
	body, _ := v.(map[string]any)
	cs, err := s.changesOf(in.Put, in.Delete, body, "")
	if err != nil {
		return none, err
	}
	cs.ReplaceRecords, cs.Set, cs.Prune, cs.Comment = in.ReplaceRecords, in.Set, in.Prune, in.Comment
	if cond := c.Header.Get("If-Match") + c.Header.Get("If-None-Match"); cond != "" {
		return none, invalidField("If-Match", "invalid_parameter", "has no meaning for a change set; give version with each object")
	}
	return cs, nil
}

// changesOf reads puts and deletions; body is what they were read from, and path where
// it stands in the request.
func (s *server) changesOf(put []putItem, del []deleteItem, body map[string]any, path string) (control.ChangeSet, error) {
	none, cs := control.ChangeSet{}, control.ChangeSet{}
	puts, _ := body["put"].([]any)
	var found []traffic.Problem
	for i, p := range put {
		k, _ := kindBy(p.Kind)
		body := puts[i].(map[string]any)["body"]
		o, bad := s.objectValue(k, body, fmt.Sprintf("%sput[%d].body", path, i), nil)
		if len(bad) > 0 {
			if found = append(found, bad...); len(found) > maxFindings {
				break
			}
			continue
		}
		cs.Put = append(cs.Put, o)
		switch {
		case p.Absent && p.Version != 0:
			found = append(found, traffic.Problem{Field: fmt.Sprintf("%sput[%d].absent", path, i), Code: "invalid_value", Message: "what must not exist has no version; give one of absent and version"})
		case p.Absent || p.Version != 0:
			cs.If = append(cs.If, control.Condition{Key: o.Key(), Version: p.Version, Absent: p.Absent})
		}
	}
	if len(found) > 0 {
		return none, invalid(found...)
	}
	for _, d := range del {
		k, _ := kindBy(d.Kind)
		key := s.keyOf(k, d.Name)
		cs.Delete = append(cs.Delete, key)
		if d.Version != 0 {
			cs.If = append(cs.If, control.Condition{Key: key, Version: d.Version})
		}
	}
	return cs, nil
}

var _ huma.SchemaProvider = valueSchema{}

// moment is the state of health by which changes are previewed, with what clients have
// asked for of late.
func (s *server) moment() steer.Health {
	h := s.Health
	if s.History != nil {
		if of, known := s.History.RecentQueries(); known {
			h.Queries = of
		}
	}
	return h
}

// momentOfClients is moment with the networks that asked most of late, which may have to
// be read: not for where the configuration must stand still.
func (s *server) momentOfClients() steer.Health {
	h := s.moment()
	if w := s.world(); w != nil {
		h.Map, h.Clients = w.Map(), s.samples.get(s.topClients)
	}
	return h
}
