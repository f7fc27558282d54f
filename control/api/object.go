package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// objectMeta is what answers say about an object besides its own fields. A client
// may send it back: it is left aside.
type objectMeta struct {
	ID        string            `json:"id" readOnly:"true"`
	Version   uint64            `json:"version" readOnly:"true" doc:"For If-Match; moves with every change of the object."`
	Revision  uint64            `json:"revision" readOnly:"true" doc:"Revision that last changed it."`
	Set       string            `json:"set,omitempty" readOnly:"true" doc:"Set under which it was last applied."`
	CreatedAt time.Time         `json:"created_at,omitzero" readOnly:"true"`
	UpdatedAt time.Time         `json:"updated_at,omitzero" readOnly:"true"`
	UsedBy    []traffic.Key     `json:"used_by,omitempty" readOnly:"true" doc:"What names it; only when one object is read."`
	Override  *steer.Ordered    `json:"override,omitempty" readOnly:"true" doc:"The operator's order that decides about it: of addresses, pools and access domains."`
	Records   *int              `json:"record_count,omitempty" readOnly:"true" doc:"How many record sets a zone has."`
	HiddenBy  string            `json:"hidden_by,omitempty" readOnly:"true" doc:"The enabled access domain, NAME/TYPE, that is answered in place of a record."`
	Warnings  []traffic.Problem `json:"warnings,omitempty" readOnly:"true" doc:"Only in the answer to a write."`

	Health    steer.Grade          `json:"health,omitempty" readOnly:"true" enum:"ok,ok_alert,exceptional,unknown,unmonitored,disabled" doc:"Computed from the health tasks below it; only in lists, with ?with=health."`
	Available *bool                `json:"available,omitempty" readOnly:"true" doc:"By health, modes and overrides together; with ?with=health."`
	State     said.Said            `json:"state,omitzero" readOnly:"true" doc:"Why an address or a pool is available or not; with ?with=health."`
	Uses      map[traffic.Kind]int `json:"used_by_counts,omitzero" readOnly:"true" doc:"How many of each kind name it; with ?with=used_by."`
}

var metaFields = []string{"id", "version", "revision", "set", "created_at", "updated_at", "used_by", "override", "record_count", "hidden_by", "warnings", "health", "available", "state", "used_by_counts"}

const (
	planType   = "application/vnd.meridian.plan+json"
	mergeType  = "application/merge-patch+json"
	masterType = "text/dns"
)

var pathDoc = map[string]string{
	"name": "Name or id. Domain names in any case, with or without the final dot.", "zone": "Zone.", "owner": "Owner: @, relative, or absolute.",
	"type": "Record type; for assertions TYPE@LINE.", "id": "Id.", "number": "Number of the revision.",
}

func query(name, typ, doc string) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: typ}}
}

func header(name, doc string) *huma.Param {
	return &huma.Param{Name: name, In: "header", Description: doc, Schema: &huma.Schema{Type: huma.TypeString}}
}

var writeParams = []*huma.Param{
	query("dry_run", huma.TypeBoolean, "Answer what the write would do, as "+planType+", and change nothing."),
	query("comment", huma.TypeString, "Why; kept with the revision."),
	header("If-Match", "Version that the object must have, or * for any: else 412."),
	header("If-None-Match", "* means that the object must not exist yet."),
	header("Idempotency-Key", "A repeat of the request with the same key within a day gets the first answer and changes nothing."),
}

func (s *server) objectRoutes(k kind) {
	input, output := s.objectSchemas(k)
	base, one := "/"+k.path, "/"+k.path+"/{name}"
	s.route(route{method: "GET", path: base, id: "list" + k.one + "s", summary: "List " + k.path, tag: k.tag, need: auth.Viewer,
		params: s.listParams(k), answer: s.listOf(k.one+"List", output), handle: func(c *call) (answer, error) { return s.list(c, k) }})
	s.route(route{method: "POST", path: base, id: "create" + k.one, summary: "Create", tag: k.tag, need: auth.Operator, plan: true,
		body: input, status: http.StatusCreated, answer: output, handle: func(c *call) (answer, error) { return s.create(c, k) }})
	paths := []string{one}
	if k.split != nil {
		paths = append(paths, base+"/{"+strings.Join(k.split, "}/{")+"}")
	}
	for i, p := range paths {
		suffix := ""
		if i > 0 {
			suffix = "ByParts"
		}
		ref := func(c *call) string {
			if i == 0 {
				return c.PathValue("name")
			}
			part := make([]string, len(k.split))
			for j, n := range k.split {
				part[j] = c.PathValue(n)
			}
			return strings.Join(part, "/")
		}
		s.route(route{method: "GET", path: p, id: "get" + k.one + suffix, summary: "Read one", tag: k.tag, need: auth.Viewer,
			answer: output, handle: func(c *call) (answer, error) { return s.get(k, ref(c)) }})
		s.route(route{method: "PUT", path: p, id: "put" + k.one + suffix, summary: "Create or replace", tag: k.tag, need: auth.Operator, plan: true,
			body: input, answer: output, handle: func(c *call) (answer, error) { return s.put(c, k, ref(c)) }})
		s.route(route{method: "PATCH", path: p, id: "patch" + k.one + suffix, summary: "Change some fields (RFC 7396)", tag: k.tag, need: auth.Operator, plan: true,
			body: input, bodyType: mergeType, answer: output, handle: func(c *call) (answer, error) { return s.patch(c, k, ref(c)) }})
		s.route(route{method: "DELETE", path: p, id: "delete" + k.one + suffix, summary: "Delete", tag: k.tag, need: auth.Operator, plan: true,
			answer: s.schemaOf(changeAnswerType), handle: func(c *call) (answer, error) { return s.delete(c, k, ref(c)) }})
	}
}

// settingsRoutes: the one object that always exists.
func (s *server) settingsRoutes() {
	input, output := s.objectSchemas(settingsKind)
	k, ref := settingsKind, "settings"
	s.route(route{method: "GET", path: "/settings", id: "getSettings", summary: "Read the settings", tag: k.tag, need: auth.Viewer,
		answer: output, handle: func(*call) (answer, error) { return s.get(k, ref) }})
	s.route(route{method: "PUT", path: "/settings", id: "putSettings", summary: "Replace the settings", tag: k.tag, need: auth.Operator, plan: true,
		body: input, answer: output, handle: func(c *call) (answer, error) { return s.put(c, k, ref) }})
	s.route(route{method: "PATCH", path: "/settings", id: "patchSettings", summary: "Change some settings (RFC 7396)", tag: k.tag, need: auth.Operator, plan: true,
		body: input, bodyType: mergeType, answer: output, handle: func(c *call) (answer, error) { return s.patch(c, k, ref) }})
}

func (s *server) get(k kind, ref string) (answer, error) {
	key, err := s.control.Resolve(k.kind, ref)
	if err != nil {
		return answer{}, err
	}
	o, err := s.control.Get(key)
	if err != nil {
		return answer{}, err
	}
	meta := metaOf(o.Meta)
	switch k.kind {
	case traffic.KindZone, traffic.KindRecord, traffic.KindAssertion, traffic.KindSettings: // a zone's records are a list of their own
	default:
		meta.UsedBy = s.control.Users(key)
	}
	s.live(o.Object, &meta)
	return answer{raw: document(o.Object, meta), etag: etag(meta.Version)}, nil
}

func metaOf(m store.Meta) objectMeta {
	o := objectMeta{ID: m.ID, Version: m.Revision, Revision: m.Revision, Set: m.Set, CreatedAt: m.CreatedAt.UTC(), UpdatedAt: m.UpdatedAt.UTC()}
	if m.ID == "" { // settings that nobody has written yet
		o = objectMeta{ID: "settings"}
	}
	return o
}

// live fills in what others make of an object.
func (s *server) live(o traffic.Object, meta *objectMeta) {
	meta.Override = s.overrideOf(o)
	switch v := o.(type) {
	case *traffic.Zone:
		s.control.View(func(m *traffic.Model, _ traffic.Position) {
			n := m.Contents(v.Name)
			meta.Records = &n
		})
	case *traffic.Record:
		s.control.View(func(m *traffic.Model, _ traffic.Position) {
			if d := m.HiddenBy(v); d != nil {
				meta.HiddenBy = d.Key().Name
			}
		})
	}
}

// document joins an object and its meta into one flat JSON object.
func document(o traffic.Object, m objectMeta) []byte {
	meta, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("encode meta of %s: %v", o.Key(), err)) // plain data
	}
	b := bytes.TrimSuffix(traffic.Encode(o), []byte("}"))
	return append(append(append(b, ','), meta[1:]...), '\n')
}

func etag(version uint64) string { return `"` + strconv.FormatUint(version, 10) + `"` }

func (s *server) create(c *call, k kind) (answer, error) {
	b, err := c.read()
	if err != nil {
		return answer{}, err
	}
	o, err := s.object(k, b, nil)
	if err != nil {
		return answer{}, err
	}
	key := o.Key()
	return s.write(c, k, key, b, control.ChangeSet{Put: []traffic.Object{o}, If: []control.Condition{{Key: key, Absent: true}}})
}

func (s *server) put(c *call, k kind, ref string) (answer, error) {
	b, err := c.read()
	if err != nil {
		return answer{}, err
	}
	key := s.keyOf(k, ref)
	o, err := s.object(k, b, &key)
	if err != nil {
		return answer{}, err
	}
	cond, err := conditions(c, key)
	if err != nil {
		return answer{}, err
	}
	return s.write(c, k, key, b, control.ChangeSet{Put: []traffic.Object{o}, If: cond})
}

// patchTries bounds how often a patch is laid on anew when others change the object
// at the same moment.
const patchTries = 5

func (s *server) patch(c *call, k kind, ref string) (answer, error) {
	b, err := c.read()
	if err != nil {
		return answer{}, err
	}
	patch, err := parse(b)
	if err != nil {
		return answer{}, err
	}
	if _, ok := patch.(map[string]any); !ok {
		return answer{}, invalidField("", "invalid_type", "a patch is an object with the fields to change")
	}
	key := s.keyOf(k, ref)
	asked, err := conditions(c, key)
	if err != nil {
		return answer{}, err
	}
	for try := 1; ; try++ {
		old, err := s.control.Get(key)
		if err != nil {
			return answer{}, err
		}
		base, err := parse(traffic.Encode(old.Object))
		if err != nil {
			return answer{}, err
		}
		merged, err := json.Marshal(mergePatch(base, patch))
		if err != nil {
			return answer{}, fmt.Errorf("patch %s: %w", key, err)
		}
		o, err := s.object(k, merged, &key)
		if err != nil {
			return answer{}, err
		}
		// Held to what was patched, so that nothing in between is lost.
		cond := append(asked, control.Condition{Key: key, Version: old.Meta.Revision})
		a, err := s.write(c, k, key, b, control.ChangeSet{Put: []traffic.Object{o}, If: cond})
		if errors.Is(err, control.ErrVersion) && len(asked) == 0 && try < patchTries {
			continue
		}
		return a, err
	}
}

// mergePatch lays a patch over a value as RFC 7396 §2 says.
func mergePatch(base, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	m, ok := base.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	for k, v := range p {
		if v == nil {
			delete(m, k)
		} else {
			m[k] = mergePatch(m[k], v)
		}
	}
	return m
}

func (s *server) delete(c *call, k kind, ref string) (answer, error) {
	key := s.keyOf(k, ref)
	cond, err := conditions(c, key)
	if err != nil {
		return answer{}, err
	}
	cs := control.ChangeSet{Delete: []traffic.Key{key}, If: append(cond, control.Condition{Key: key}), Return: key}
	return s.writeSet(c, nil, cs, "")
}

// keyOf finds the object that a path names, or the key that it would have: what
// does not exist may be created, and a repeated deletion must find its first answer.
func (s *server) keyOf(k kind, ref string) traffic.Key {
	if key, err := s.control.Resolve(k.kind, ref); err == nil {
		return key
	}
	return traffic.Key{Kind: k.kind, Name: control.CanonicalRef(k.kind, ref)}
}

// conditions reads If-Match and If-None-Match (RFC 9110 §13.1). A weak mark is
// accepted: our versions are of content, not of bytes.
func conditions(c *call, key traffic.Key) ([]control.Condition, error) {
	var out []control.Condition
	if v := c.Header.Get("If-Match"); v != "" {
		cond := control.Condition{Key: key}
		if v != "*" {
			n, err := strconv.ParseUint(strings.Trim(strings.TrimPrefix(strings.TrimSpace(v), "W/"), `"`), 10, 64)
			if err != nil || n == 0 && key.Kind != traffic.KindSettings {
				return nil, invalidField("If-Match", "invalid_parameter", "must be a version, like \"12\", or *")
			}
			cond.Version = n
		}
		out = append(out, cond)
	}
	switch v := c.Header.Get("If-None-Match"); v {
	case "":
	case "*":
		out = append(out, control.Condition{Key: key, Absent: true})
	default:
		return nil, invalidField("If-None-Match", "invalid_parameter", "must be *")
	}
	return out, nil
}

// object reads a body of a kind. With a key, identity fields may be left out and
// must otherwise say the same.
func (s *server) object(k kind, b []byte, key *traffic.Key) (traffic.Object, error) {
	v, err := parse(b)
	if err != nil {
		return nil, err
	}
	o, found := s.objectValue(k, v, "", key)
	if len(found) > 0 {
		return nil, invalid(found...)
	}
	return o, nil
}

func (s *server) objectValue(k kind, v any, path string, key *traffic.Key) (traffic.Object, []traffic.Problem) {
	m, ok := v.(map[string]any)
	if ok {
		for _, f := range metaFields {
			delete(m, f)
		}
		if key != nil {
			parts, _ := k.parts(key.Name)
			for f, value := range parts {
				if have, given := m[f]; !given || have == nil {
					m[f] = value
				}
			}
		}
	}
	check := structure{registry: s.doc.Components.Schemas}
	check.check(s.inputs[k.kind], path, v)
	if len(check.found) > 0 {
		return nil, check.found
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, []traffic.Problem{{Field: path, Code: "invalid_value", Message: err.Error()}}
	}
	o, err := traffic.Decode(k.kind, b)
	if err != nil {
		return nil, []traffic.Problem{{Field: path, Code: "invalid_value", Message: "cannot be read: " + rootText(err)}}
	}
	if key != nil && o.Key() != *key {
		return nil, []traffic.Problem{{Kind: key.Kind, Name: key.Name, Field: join(path, k.identity[0]), Code: "immutable",
			Message: fmt.Sprintf("is that of %s; a name cannot change, create another object", o.Key().Name)}}
	}
	return o, nil
}

func rootText(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// write commits a change of one object and answers the object.
func (s *server) write(c *call, k kind, key traffic.Key, body []byte, cs control.ChangeSet) (answer, error) {
	cs.Return = key
	dry, err := s.fill(c, body, &cs)
	if err != nil {
		return answer{}, err
	}
	if dry {
		a, err := s.plan(c, cs)
		a.contentType = planType // another document than the object that the route answers
		return a, err
	}
	res, err := s.control.Commit(c.Context(), cs)
	if err != nil {
		return answer{}, err
	}
	c.deed.committed(res)
	if res.Object == nil {
		return answer{}, fmt.Errorf("commit of %s gave no object", key)
	}
	meta := metaOf(res.Object.Meta)
	meta.Warnings = res.Warnings
	s.live(res.Object.Object, &meta)
	a := answer{raw: document(res.Object.Object, meta), etag: etag(meta.Version), status: http.StatusOK}
	for _, ch := range res.Changes {
		if ch.Kind == key.Kind && ch.Name == key.Name && ch.Action == "create" && k.kind != traffic.KindSettings {
			a.status = http.StatusCreated
			a.location = "/api/v1/" + k.path + "/" + url.PathEscape(key.Name)
		}
	}
	return a, nil
}

// writeSet commits a change set and answers what it did.
func (s *server) writeSet(c *call, body []byte, cs control.ChangeSet, comment string) (answer, error) {
	dry, err := s.fill(c, body, &cs)
	if err != nil {
		return answer{}, err
	}
	if comment != "" {
		cs.Comment = comment
	}
	if dry {
		return s.plan(c, cs)
	}
	res, err := s.control.Commit(c.Context(), cs)
	if err != nil {
		return answer{}, err
	}
	c.deed.committed(res)
	return answer{body: changeAnswer{Revision: res.Revision, Plan: res.Plan}}, nil
}

// plan answers a dry run.
func (s *server) plan(c *call, cs control.ChangeSet) (answer, error) {
	p, err := s.control.Preview(c.Context(), cs, s.momentOfClients())
	if err != nil {
		return answer{}, err
	}
	head, err := s.control.Head(c.Context())
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: changeAnswer{Revision: head.Revision, DryRun: true, Plan: p.Plan, Effect: &p.Effect}}, nil
}

// fill completes a change set from the request and reports whether it is a dry run.
func (s *server) fill(c *call, body []byte, cs *control.ChangeSet) (dry bool, err error) {
	q := c.URL.Query()
	if v := q.Get("dry_run"); v != "" {
		if dry, err = strconv.ParseBool(v); err != nil {
			return false, invalidField("dry_run", "invalid_parameter", "must be true or false")
		}
	}
	cs.Comment = q.Get("comment")
	cs.Author, cs.Principal, cs.Source, cs.Remote = c.who.Name, c.who.ID, source(c.Request), auth.Remote(c.Request)
	cs.Permit = permit(c.who)
	if cs.Return.Kind != "" {
		c.deed.Object = cs.Return.String()
	}
	row := c.deed.Audit
	row.Outcome = store.Done
	cs.Audit, c.deed.dry = &row, dry
	if key := c.Header.Get("Idempotency-Key"); key != "" {
		if len(key) > 255 {
			return false, invalidField("Idempotency-Key", "invalid_parameter", "is longer than 255 bytes")
		}
		cs.IdempotencyKey = key
		h := sha256.New()
		for _, part := range []string{c.Method, c.URL.RequestURI(), c.Header.Get("If-Match"), c.Header.Get("If-None-Match"), string(body)} {
			fmt.Fprintf(h, "%d:%s", len(part), part)
		}
		cs.Request = h.Sum(nil)
	}
	return dry, nil
}

// source tells through what a change came, for the audit: our own client names
// itself, and browsers mark requests of our own pages.
func source(r *http.Request) string {
	switch {
	case strings.HasPrefix(r.UserAgent(), "meridian/"):
		return "cli"
	case r.Header.Get("Sec-Fetch-Site") == "same-origin":
		return "console"
	}
	return "api"
}
