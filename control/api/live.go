package api

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
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

// statusAnswer is the installation at a glance.
type statusAnswer struct {
	Version  string               `json:"version"`
	Started  time.Time            `json:"started" doc:"Since when this control process runs."`
	Store    string               `json:"store"`
	Position traffic.Position     `json:"position"`
	Revision uint64               `json:"revision"`
	Objects  map[traffic.Kind]int `json:"objects" doc:"How many of each kind."`
	Controls []control.Process    `json:"controls" doc:"The control processes on this store, and which of them leads."`
	Nodes    nodeCounts           `json:"nodes"`
	Vantages map[string]int       `json:"vantages" doc:"How many in each state."`
	Tasks    map[string]int       `json:"tasks" doc:"Health tasks in each state, and stale ones."`
	Alarms   []alarm              `json:"alarms" doc:"What is wrong, by node."`
	GeoMap   string               `json:"geo_map,omitempty" doc:"Hash of the location map in force."`
	// Overrides stand above all of it, so whoever looks must see them.
	Overrides []overrideNote `json:"overrides" doc:"Orders in force; the 100 oldest."`
}

// overrideNote is an override as status shows it.
type overrideNote struct {
	steer.Ordered
	State       string    `json:"state,omitempty" doc:"Absent while the store does not answer."`
	CachedUntil time.Time `json:"cached_until,omitzero"`
}

type nodeCounts struct {
	Known    int `json:"known"`
	Present  int `json:"present" doc:"Heard within 30 s."`
	Ready    int `json:"ready" doc:"Of the present ones."`
	Current  int `json:"current" doc:"Present and at the newest revision."`
	Differ   int `json:"differ" doc:"Present resolvers whose verdict table is not that of most."`
	Resolver int `json:"resolvers" doc:"Present with the role resolver."`
}

type alarm struct {
	Node string    `json:"node"`
	Text string    `json:"text"`
	Said said.Said `json:"said" doc:"Text with its code; alarm.text for one without."`
}

var (
	saidAlarm    = said.New("alarm.text", "{text}")
	saidNotHeard = said.New("alarm.not_heard", "not heard for {duration}")
)

// saidOr is a sentence with its code, or as a text of none.
func saidOr(text string) said.Said {
	if s := said.Of(text); s != nil {
		return *s
	}
	return saidAlarm.With(text)
}

func (s *server) liveRoutes() {
	node, vantage, task := s.schemaOf(reflect.TypeFor[control.Node]()), s.schemaOf(reflect.TypeFor[control.Vantage]()), s.schemaOf(reflect.TypeFor[control.TaskHealth]())
	q := query("q", huma.TypeString, "Text in ids and labels, any case.")
	s.route(route{method: "GET", path: "/status", id: "getStatus", summary: "The installation at a glance", tag: "State", need: auth.Viewer,
		answer: s.schemaOf(reflect.TypeFor[statusAnswer]()), handle: s.status})
	s.route(route{method: "GET", path: "/nodes", id: "listNodes", summary: "List nodes", tag: "State", need: auth.Viewer,
		params: append([]*huma.Param{q, query("role", huma.TypeString, "Only those with this role."),
			query("state", huma.TypeString, "heard, silent or invited."), query("sort", huma.TypeString, strings.Join(nodeSorts, ", ")+"; with - in front for descending. Default id.")}, pageParams...), answer: s.listOf("NodeList", node), handle: s.nodes})
	s.route(route{method: "GET", path: "/nodes/{id}", id: "getNode", summary: "Read a node", tag: "State", need: auth.Viewer, answer: node,
		handle: func(c *call) (answer, error) {
			all, err := s.everyNode(c.Context())
			if err != nil {
				return answer{}, err
			}
			return byID(c, all, func(n control.Node) string { return n.ID })
		}})
	s.route(route{method: "GET", path: "/vantages", id: "listVantages", summary: "List vantages", tag: "Health", need: auth.Viewer,
		params: append([]*huma.Param{q, query("state", huma.TypeString, "alive, isolated or lost.")}, pageParams...), answer: s.listOf("VantageList", vantage), handle: s.vantages})
	s.route(route{method: "GET", path: "/vantages/{id}", id: "getVantage", summary: "Read a vantage", tag: "Health", need: auth.Viewer, answer: vantage,
		handle: func(c *call) (answer, error) {
			return byID(c, s.Live.Vantages(), func(v control.Vantage) string { return v.ID })
		}})
	s.route(route{method: "GET", path: "/health", id: "listHealth", summary: "Verdicts of all health tasks, and what each vantage found", tag: "Health", need: auth.Viewer,
		params: append([]*huma.Param{q, query("state", huma.TypeString, "unknown, up or down."), query("address", huma.TypeString, "Only tasks of this address."),
			query("template", huma.TypeString, "Only tasks of this template.")}, pageParams...),
		answer: s.listOf("HealthList", task), handle: s.health})
}

func byID[T any](c *call, all []T, id func(T) string) (answer, error) {
	for _, v := range all {
		if id(v) == c.PathValue("id") {
			return answer{body: v}, nil
		}
	}
	return answer{}, problem(404, "not_found", c.PathValue("id")+" is not known here: it was never heard since this control process started.")
}

// nodeSorts are the fields by which nodes are listed.
var nodeSorts = []string{"id", "role", "version", "behind", "silent"}

// everyNode is who was heard, and who was invited and not heard since this process
// started: such a node is missed by nobody else.
func (s *server) everyNode(ctx context.Context) ([]control.Node, error) {
	all := s.Live.Nodes()
	invited, err := s.Store.Nodes(ctx)
	switch {
	case err == nil:
		s.invited.Store(&invited)
	case errors.Is(err, store.ErrUnavailable):
		// An outage of the store is when people look at their nodes: those that were
		// invited are as they were when it could be asked last.
		if last := s.invited.Load(); last != nil {
			invited = *last
		}
	default:
		return nil, err
	}
	at := map[string]int{}
	for i, n := range all {
		at[n.ID] = i
	}
	for _, inv := range invited {
		i, heard := at[inv.ID]
		if !heard {
			all = append(all, control.Node{NodeStatus: traffic.NodeStatus{ID: inv.ID, Roles: []string{inv.Role}, Labels: inv.Labels}, State: "invited",
				Silent: traffic.Duration(s.Now().Sub(inv.CreatedAt).Round(time.Second))})
			i = len(all) - 1
		}
		all[i].Invited = inv.CreatedAt
	}
	for i := range all {
		for _, text := range all[i].Alarms {
			all[i].AlarmsSaid = append(all[i].AlarmsSaid, saidOr(text))
		}
	}
	return all, nil
}

func (s *server) nodes(c *call) (answer, error) {
	has, role, state := contains(c), c.URL.Query().Get("role"), wants(c, "state")
	by, down := strings.CutPrefix(c.URL.Query().Get("sort"), "-")
	if by == "" {
		by = "id"
	}
	if !slices.Contains(nodeSorts, by) {
		return answer{}, invalidField("sort", "invalid_parameter", "must be one of "+strings.Join(nodeSorts, ", "))
	}
	all, err := s.everyNode(c.Context())
	if err != nil {
		return answer{}, err
	}
	return filtered(c, all, func(n control.Node) string { return nodeKey(n, by, down) }, func(n control.Node) bool {
		return (role == "" || slices.Contains(n.Roles, role)) && state(n.State) && has(texts(n.ID, n.Labels)...)
	})
}

// nodeKey is a text whose order is the wanted one; lists are ordered and continued by it.
func nodeKey(n control.Node, by string, down bool) string {
	key := ""
	number := func(v uint64) string {
		if down {
			v = math.MaxUint64 - v
		}
		return fmt.Sprintf("%020d ", v)
	}
	switch by {
	case "behind":
		return number(n.Behind) + n.ID
	case "silent":
		return number(uint64(max(0, n.Silent))) + n.ID
	case "role":
		key = strings.Join(n.Roles, " ") + " "
	case "version":
		key = n.Version + " "
	}
	key += n.ID
	if !down {
		return key
	}
	b := append([]byte(key), 0) // an end, so that ab stands before a
	for i := range b {
		b[i] = ^b[i]
	}
	return hex.EncodeToString(b) // a text: it may travel as a cursor
}

func (s *server) vantages(c *call) (answer, error) {
	has, state := contains(c), wants(c, "state")
	return filtered(c, s.Live.Vantages(), func(v control.Vantage) string { return v.ID }, func(v control.Vantage) bool {
		return state(v.State) && has(texts(v.ID, v.Labels)...)
	})
}

func (s *server) health(c *call) (answer, error) {
	has, state, address, template := contains(c), wants(c, "state"), wants(c, "address"), wants(c, "template")
	tasks := s.Live.Tasks()
	s.control.View(func(m *traffic.Model, _ traffic.Position) {
		for i := range tasks {
			if a := m.Address(tasks[i].Address); a != nil {
				tasks[i].Override = steer.OrderedBy(m.Override(a.Key(), a.Labels, nil))
			}
		}
	})
	return filtered(c, tasks, func(t control.TaskHealth) string { return t.TaskKey.String() }, func(t control.TaskHealth) bool {
		return state(t.State) && address(t.Address) && template(t.Template) && has(t.TaskKey.String())
	})
}

func texts(id string, labels map[string]string) []string {
	out := []string{id}
	for k, v := range labels {
		out = append(out, k+"="+v)
	}
	return out
}

func (s *server) status(c *call) (answer, error) {
	a := statusAnswer{Version: s.Version, Started: s.began, Store: s.Store.URL(), Objects: map[traffic.Kind]int{},
		Controls: s.Live.Controls(), Vantages: map[string]int{}, Tasks: map[string]int{}, Alarms: []alarm{}, Overrides: []overrideNote{}}
	orders, err := s.control.Overrides(c.Context(), s.Live.Nodes())
	if err != nil { // that they stand is known without the store
		s.log.Warn("status tells overrides without how far they have come", "err", err)
	}
	for _, o := range orders[:min(len(orders), 100)] {
		a.Overrides = append(a.Overrides, overrideNote{*steer.OrderedBy(&o.Override), o.State, o.CachedUntil})
	}
	s.control.View(func(m *traffic.Model, p traffic.Position) {
		a.Position, a.Revision, a.GeoMap = p, p.Revision, m.Settings().GeoMap
		for _, k := range traffic.Kinds {
			a.Objects[k] = m.Len(k)
		}
	})
	digests := map[string]int{}
	for _, n := range s.Live.Nodes() {
		a.Nodes.Known++
		for _, text := range n.Alarms {
			a.Alarms = append(a.Alarms, alarm{n.ID, text, saidOr(text)})
		}
		if !n.Present() {
			s := saidNotHeard.With(n.Silent.String())
			a.Alarms = append(a.Alarms, alarm{n.ID, s.String(), s})
			continue
		}
		a.Nodes.Present++
		if n.Ready {
			a.Nodes.Ready++
		}
		if n.Position == a.Position {
			a.Nodes.Current++
		}
		for _, r := range n.Roles {
			if r == "resolver" {
				a.Nodes.Resolver++
				digests[n.Verdicts]++
			}
		}
	}
	most := 0
	for _, n := range digests {
		most = max(most, n)
	}
	a.Nodes.Differ = a.Nodes.Resolver - most
	for _, v := range s.Live.Vantages() {
		a.Vantages[v.State]++
	}
	for _, t := range s.Live.Tasks() {
		a.Tasks[t.State]++
		if t.Stale {
			a.Tasks["stale"]++
		}
	}
	return answer{body: a}, nil
}
