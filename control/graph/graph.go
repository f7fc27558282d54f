package graph

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Domain is the orchestration of one access domain.
type Domain struct {
	Revision   uint64         `json:"revision" doc:"Configuration that this is of."`
	At         time.Time      `json:"at"`
	Domain     DomainNode     `json:"domain"`
	Lines      []LineNode     `json:"lines" doc:"Every line that the answers look at, and default: who is answered what now."`
	Pools      []PoolNode     `json:"pools" doc:"Each once, in the order of the members."`
	Addresses  []AddressNode  `json:"addresses" doc:"Each once, though several pools may hold it."`
	Templates  []TemplateNode `json:"templates"`
	LastResort LastResort     `json:"last_resort"`
}

// Pool is the orchestration of one pool.
type Pool struct {
	Revision  uint64         `json:"revision" doc:"Configuration that this is of."`
	At        time.Time      `json:"at"`
	Pool      PoolNode       `json:"pool"`
	Addresses []AddressNode  `json:"addresses"`
	Templates []TemplateNode `json:"templates"`
	Domains   []DomainUse    `json:"domains" doc:"Access domains that use it, those first that are worst; at most 100."`
	More      int            `json:"more_domains" doc:"How many there are besides."`
}

// DomainUse is an access domain that uses a pool.
type DomainUse struct {
	Key       string      `json:"key" doc:"NAME/TYPE."`
	Name      string      `json:"name"`
	Type      string      `json:"type"`
	Health    steer.Grade `json:"health" enum:"ok,ok_alert,exceptional,unknown,unmonitored,disabled"`
	Available bool        `json:"available"`
	Link      Link        `json:"link"`
}

// State is what every part of a picture says of itself.
type State struct {
	Health    steer.Grade    `json:"health" enum:"ok,ok_alert,exceptional,unknown,unmonitored,disabled"`
	Available bool           `json:"available" doc:"By health, modes and overrides together."`
	State     said.Said      `json:"state" doc:"Why it is available or not."`
	Override  *steer.Ordered `json:"override,omitempty" doc:"The operator's order that decides about it."`
	// UsedBy is direct use alone, but for addresses.
	UsedBy map[traffic.Kind]int `json:"used_by_counts" doc:"How many of each kind use it."`
}

// DomainNode is the access domain itself.
type DomainNode struct {
	Object   json.RawMessage `json:"object" doc:"As its own route gives it."`
	Key      string          `json:"key" doc:"NAME/TYPE."`
	Zone     string          `json:"zone,omitempty"`
	Answered bool            `json:"answered" doc:"Resolvers answer it: it and its zone are there and enabled."`
	State
	Fields  []string `json:"link_fields" doc:"Which fields of its members the policy looks at: lines, serial, weight, location."`
	Current string   `json:"current,omitempty" doc:"Pool that a non-preemptive policy is on."`
	Links   []Link   `json:"links"`

	object *traffic.AccessDomain
}

// Link leads from an access domain to a pool, or from a pool to an address.
type Link struct {
	To        string     `json:"to"`
	Order     int        `json:"order" doc:"Place by serial, from 1."`
	Serial    int        `json:"serial"`
	Weight    int        `json:"weight"`
	Lines     []string   `json:"lines"`
	Enabled   bool       `json:"enabled"`
	Share     *float64   `json:"share,omitempty" doc:"Share by weights or turns of all that are available now; absent where health or place alone choose."`
	Reachable bool       `json:"reachable" doc:"The policy can take it, in some state of health, for some client. The last resort is another matter."`
	Because   *said.Said `json:"unreachable_because,omitempty"`
	LineReach []LineLink `json:"line_reach,omitempty" doc:"For proximity: each of its lines."`
	Taken     []string   `json:"taken_for" doc:"Lines whose clients may get it now."`
	Last      bool       `json:"last_resort" doc:"It is answered when every health task is down."`
}

// LineLink is one line of a link.
type LineLink struct {
	Line      string     `json:"line"`
	Reachable bool       `json:"reachable"`
	Because   *said.Said `json:"unreachable_because,omitempty"`
}

// LineNode is a class of clients.
type LineNode struct {
	Line     string         `json:"line"`
	Category string         `json:"category" enum:"custom,search,cloud,isp,region,default"`
	NameEN   string         `json:"name_en"`
	NameZH   string         `json:"name_zh"`
	Custom   bool           `json:"custom"`
	Chain    []string       `json:"chain" doc:"Lines of a typical client of it, most specific first."`
	Queries  *uint64        `json:"queries,omitempty" doc:"Real queries of the last hour from clients whose answer this line decided; absent: nothing is known of that time."`
	Outcome  *steer.Outcome `json:"outcome" doc:"What its clients get now, and why."`
}

// PoolNode is a pool.
type PoolNode struct {
	Object json.RawMessage `json:"object" doc:"As its own route gives it."`
	Name   string          `json:"name"`
	State
	OK        int      `json:"ok" doc:"Available addresses, of total."`
	Total     int      `json:"total" doc:"Enabled addresses."`
	Needs     int      `json:"needs" doc:"How many must be available for its judgement."`
	Withdrawn bool     `json:"withdrawn"`
	Forced    bool     `json:"forced" doc:"An override says that it is available."`
	Fields    []string `json:"link_fields" doc:"Which fields of its members the policy looks at."`
	Current   string   `json:"current,omitempty" doc:"Address that a non-preemptive policy is on."`
	Links     []Link   `json:"links"`

	object *traffic.Pool
}

// AddressNode is an address.
type AddressNode struct {
	Object json.RawMessage `json:"object" doc:"As its own route gives it."`
	Name   string          `json:"name"`
	State
	OK        int             `json:"ok" doc:"Good health tasks, of total."`
	Total     int             `json:"total"`
	Needs     int             `json:"needs" doc:"How many must be good for its judgement."`
	Withdrawn bool            `json:"withdrawn"`
	Overrides []steer.Ordered `json:"overrides" doc:"Every order that reaches it, by name or by labels."`
	Place     *Place          `json:"place,omitempty" doc:"Where it is, as configured, else by the location map."`
	Tasks     []TaskNode      `json:"tasks"`

	object *traffic.Address
}

// Place is where something is.
type Place struct {
	traffic.Location
	Source      string `json:"source" enum:"configured,map"`
	Country     string `json:"country,omitempty" doc:"Like cn."`
	Subdivision string `json:"subdivision,omitempty" doc:"Like cn-gd."`
}

// TaskNode is a health task of an address.
type TaskNode struct {
	Template string              `json:"template"`
	Port     int                 `json:"port,omitempty" doc:"As probed."`
	Enabled  bool                `json:"enabled"`
	Counts   bool                `json:"counts" doc:"It and its template are enabled, so it is probed and counts."`
	Health   *control.TaskHealth `json:"health,omitempty" doc:"Verdict and findings; absent when it does not count."`
}

// TemplateNode is a probe template.
type TemplateNode struct {
	Object json.RawMessage      `json:"object" doc:"As its own route gives it."`
	Name   string               `json:"name"`
	Health steer.Grade          `json:"health" enum:"ok,ok_alert,exceptional,unknown,unmonitored,disabled" doc:"Over all tasks that use it here."`
	UsedBy map[traffic.Kind]int `json:"used_by_counts" doc:"How many of each kind use it."`

	object *traffic.Template
}

// LastResort is what is left when every health task is down.
type LastResort struct {
	Active   bool         `json:"active" doc:"Some clients get it now."`
	Possible bool         `json:"possible" doc:"It can come to it, when every health task is down."`
	Answers  []LastAnswer `json:"answers" doc:"What clients get then."`
}

// LastAnswer is the same for all clients of some lines.
type LastAnswer struct {
	Lines   []string       `json:"lines"`
	Outcome *steer.Outcome `json:"outcome"`
}

// Source is the moment that is drawn.
type Source struct {
	Model  *traffic.Model
	Health steer.Health
	// Task gives the verdict and the findings of a health task.
	Task func(traffic.TaskKey) (control.TaskHealth, bool)
	// World locates addresses and knows the chains of lines; nil: only built-in lines.
	World *line.World
	Now   time.Time
}

// builder draws one picture.
type builder struct {
	Source
	e         *steer.Engine
	addresses map[string]*AddressNode
	templates map[string]*TemplateNode
	order     []string // of addresses
	torder    []string // of templates
}

func (s Source) builder() *builder {
	if s.World == nil {
		s.World, _ = line.NewWorld(nil, nil) // without custom lines it cannot fail
	}
	return &builder{Source: s, e: &steer.Engine{Config: s.Model, Verdict: s.Health.Verdict, Current: s.Health.Current},
		addresses: map[string]*AddressNode{}, templates: map[string]*TemplateNode{}}
}

// Nodes are the objects of a picture, whose documents are still to be filled in.
type Nodes []Node

// Node is one of them.
type Node struct {
	Object traffic.Object
	Into   *json.RawMessage
}

// fields says which fields of links a policy looks at.
func fields(s *traffic.Steering) []string {
	switch s.Policy {
	case traffic.Proximity:
		if s.Order == traffic.OrderDistance {
			return []string{"lines", "location", "serial"}
		}
		return []string{"lines", "serial"}
	case traffic.Sequential:
		return []string{"serial"}
	case traffic.Weighted:
		return []string{"weight"}
	}
	return []string{}
}

// needs is the least number of good ones for which a judgement holds.
func needs(j traffic.Judgement, total int) int {
	for ok := range total + 1 {
		if j.Holds(ok, total) {
			return ok
		}
	}
	return total
}

func because(s said.Said) *said.Said {
	if s.IsZero() {
		return nil
	}
	return &s
}

func linkOf(to string, l *traffic.Link, r steer.Reach) Link {
	out := Link{To: to, Serial: l.Serial, Weight: l.Weight, Lines: l.Lines, Enabled: l.Enabled, Reachable: r.Reachable, Because: because(r.Because), Taken: []string{}}
	for _, lr := range r.Lines {
		out.LineReach = append(out.LineReach, LineLink{lr.Line, lr.Reachable, because(lr.Because)})
	}
	return out
}

// number gives links their place by serial and, where the policy shares, what each
// available one gets.
func number(links []Link, p traffic.Policy, available func(string) bool) {
	at := make([]int, len(links))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(a, b int) int { return links[a].Serial - links[b].Serial })
	sum := 0
	weight := func(l *Link) int {
		switch {
		case !l.Enabled || !available(l.To):
			return 0
		case p == traffic.RoundRobin:
			return 1
		}
		return l.Weight
	}
	for place, i := range at {
		links[i].Order = place + 1
		sum += weight(&links[i])
	}
	if p != traffic.RoundRobin && p != traffic.Weighted {
		return
	}
	for i := range links {
		share := 0.0
		if sum > 0 {
			share = float64(weight(&links[i])) / float64(sum)
		}
		links[i].Share = &share
	}
}
