package api

import (
	"bytes"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/graph"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
)

func (s *server) graphRoutes() {
	for name, object := range map[string]string{"DomainNode": "AccessDomain", "PoolNode": "Pool", "AddressNode": "Address", "TemplateNode": "Template"} {
		s.schemaOf(map[string]reflect.Type{"DomainNode": reflect.TypeFor[graph.DomainNode](), "PoolNode": reflect.TypeFor[graph.PoolNode](),
			"AddressNode": reflect.TypeFor[graph.AddressNode](), "TemplateNode": reflect.TypeFor[graph.TemplateNode]()}[name])
		s.doc.Components.Schemas.Map()[name].Properties["object"] = &huma.Schema{Ref: refPrefix + object}
	}
	domain, pool := s.schemaOf(reflect.TypeFor[graph.Domain]()), s.schemaOf(reflect.TypeFor[graph.Pool]())
	s.route(route{method: "GET", path: "/access-domains/{name}/graph", id: "graphAccessDomain", summary: "The orchestration of an access domain: pools, addresses, health tasks, who is answered what now, and the last resort", tag: "Access domains",
		need: auth.Viewer, answer: domain, handle: func(c *call) (answer, error) { return s.domainGraph(c.PathValue("name")) }})
	s.route(route{method: "GET", path: "/access-domains/{name}/{type}/graph", id: "graphAccessDomainByParts", summary: "The orchestration of an access domain", tag: "Access domains",
		need: auth.Viewer, answer: domain, handle: func(c *call) (answer, error) { return s.domainGraph(c.PathValue("name") + "/" + c.PathValue("type")) }})
	s.route(route{method: "GET", path: "/pools/{name}/graph", id: "graphPool", summary: "The orchestration of a pool: addresses, health tasks, and the access domains that use it", tag: "Endpoints",
		need: auth.Viewer, answer: pool, handle: func(c *call) (answer, error) { return s.poolGraph(c.PathValue("name")) }})
}

// picture is the moment that is drawn, over a model that stands still meanwhile.
func (s *server) picture(m *traffic.Model) graph.Source {
	return graph.Source{Model: m, Health: s.moment(), Task: s.Live.Task, World: s.world(), Now: s.Now().UTC()}
}

// world is where clients and addresses are placed.
func (s *server) world() *line.World {
	if s.World != nil {
		return s.World()
	}
	return nil
}

func (s *server) domainGraph(ref string) (answer, error) {
	key, err := s.control.Resolve(traffic.KindAccessDomain, ref)
	if err != nil {
		return answer{}, err
	}
	var out *graph.Domain
	var docs documents
	s.control.ViewMeta(func(m *traffic.Model, p traffic.Position, meta func(traffic.Key) store.Meta) {
		if d, ok := m.Get(key).(*traffic.AccessDomain); ok {
			var nodes graph.Nodes
			out, nodes = graph.DrawDomain(s.picture(m), d)
			out.Revision, docs = p.Revision, documentsOf(nodes, meta)
		}
	})
	if out == nil {
		return answer{}, &control.ObjectError{Key: key, Err: control.ErrNotFound}
	}
	docs.fill()
	return answer{body: out}, nil
}

func (s *server) poolGraph(ref string) (answer, error) {
	key, err := s.control.Resolve(traffic.KindPool, ref)
	if err != nil {
		return answer{}, err
	}
	var out *graph.Pool
	var docs documents
	s.control.ViewMeta(func(m *traffic.Model, p traffic.Position, meta func(traffic.Key) store.Meta) {
		if o := m.Pool(key.Name); o != nil {
			var nodes graph.Nodes
			out, nodes = graph.DrawPool(s.picture(m), o)
			out.Revision, docs = p.Revision, documentsOf(nodes, meta)
		}
	})
	if out == nil {
		return answer{}, &control.ObjectError{Key: key, Err: control.ErrNotFound}
	}
	docs.fill()
	return answer{body: out}, nil
}

// documents are the objects of a picture with their versions, to be written as their own
// routes give them once the configuration may move again.
type documents struct {
	nodes graph.Nodes
	metas []store.Meta
}

func documentsOf(nodes graph.Nodes, meta func(traffic.Key) store.Meta) documents {
	d := documents{nodes: nodes, metas: make([]store.Meta, len(nodes))}
	for i, n := range nodes {
		d.metas[i] = meta(n.Object.Key())
	}
	return d
}

func (d documents) fill() {
	for i, n := range d.nodes {
		*n.Into = bytes.TrimSpace(document(n.Object, metaOf(d.metas[i])))
	}
}
