package overview

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Overview is the installation by what is wrong with it.
type Overview struct {
	Revision  uint64                      `json:"revision"`
	At        time.Time                   `json:"at"`
	Counts    map[string]map[string]int   `json:"counts" doc:"access_domains, pools, addresses and templates by health; tasks by state, and stale ones; nodes and vantages by state; overrides by action."`
	Objects   map[traffic.Kind]int        `json:"objects" doc:"How many of each kind."`
	Available map[string]int              `json:"available" doc:"How many access_domains, pools and addresses are in service."`
	Problems  []Problem                   `json:"problems" doc:"The worst first, of one weight the newest first."`
	Omitted   map[string]map[Severity]int `json:"omitted" doc:"By kind: how many problems there are besides."`
	Severity  map[Severity]int            `json:"severity" doc:"How many problems of each weight, all of them."`
}

// Severity is the weight of a problem.
type Severity string

// The weights.
const (
	Critical Severity = "critical" // clients get what nobody wants them to get
	Major    Severity = "major"    // clients get something else than they should, or little is left
	Minor    Severity = "minor"    // nothing has happened to clients
	Info     Severity = "info"     // somebody wants it so, or nobody uses it
)

var severities = []Severity{Critical, Major, Minor, Info}

// Kinds of problems. Those of objects are the kinds of package traffic.
const (
	KindTask    = "task"
	KindNode    = "node"
	KindVantage = "vantage"
	KindAlarm   = "alarm"
)

// Problem is one thing that is wrong.
type Problem struct {
	Kind     string         `json:"kind" enum:"access_domain,pool,address,task,override,node,vantage,alarm"`
	Name     string         `json:"name" doc:"NAME/TYPE of an access domain, ADDRESS/TEMPLATE/PORT of a task, node of an alarm, else name or id."`
	State    string         `json:"state" doc:"exceptional, ok_alert, withdrawn, stale, silent, lagging, unready, differs, isolated, lost, or alarm."`
	Severity Severity       `json:"severity" enum:"critical,major,minor,info"`
	Text     said.Said      `json:"text"`
	Since    time.Time      `json:"since,omitzero"`
	Incident uint64         `json:"incident,omitempty" doc:"Incident of the last transition of it."`
	Override *steer.Ordered `json:"override,omitempty"`
	Causes   []Cause        `json:"causes,omitempty" doc:"Probes that say so, the oldest first; at most 3."`
	Instead  []Instead      `json:"instead,omitempty" doc:"Of an access domain: lines whose clients get something else than with everything healthy; at most 5."`
	More     int            `json:"more_lines,omitempty" doc:"How many lines there are besides."`
	Domains  *Affected      `json:"domains,omitempty" doc:"Of a pool, an address or an override: access domains that it reaches."`
}

// Cause is a probe that failed.
type Cause struct {
	Address string     `json:"address"`
	Task    string     `json:"task" doc:"ADDRESS/TEMPLATE/PORT"`
	Vantage string     `json:"vantage,omitempty"`
	Reason  string     `json:"reason,omitempty" doc:"What the vantage found."`
	Said    *said.Said `json:"said,omitempty" doc:"Reason with its code."`
	Failed  int        `json:"failed" doc:"Voting vantages that call it failed."`
	Voting  int        `json:"voting"`
	Since   time.Time  `json:"since,omitzero"`
}

// Instead is what clients of a line get, and what they would get.
type Instead struct {
	Line   string         `json:"line"`
	Before *steer.Outcome `json:"before" doc:"With everything healthy and without overrides."`
	Now    *steer.Outcome `json:"now"`
}

// Affected counts access domains.
type Affected struct {
	Count int      `json:"count"`
	Names []string `json:"names" doc:"NAME/TYPE of some, at most 5."`
}

// Source is the moment that is looked at.
type Source struct {
	Model    *traffic.Model
	Meta     func(traffic.Key) store.Meta
	Health   steer.Health
	Task     func(traffic.TaskKey) (control.TaskHealth, bool)
	Nodes    []control.Node
	Vantages []control.Vantage
	Chain    func(line string) []string
	Now      time.Time
	Limit    int // most problems of one kind
}

// What is wrong, in a sentence.
var (
	saidLast      = said.New("overview.last_resort", "no pool is available: clients get the last resort")
	saidEmpty     = said.New("overview.no_data", "no pool is available: clients get no address")
	saidMixed     = said.New("overview.exceptional", "no pool is available")
	saidDrained   = said.New("overview.drained", "an operator has drained it: clients get no address")
	saidSomePools = said.New("overview.some_pools", "{down} of {total} pools are unavailable")
	saidBelow     = said.New("overview.below", "its pools are available, and not all of their addresses")
	saidPool      = said.New("overview.pool", "{state:s}")
	saidUnused    = said.New("overview.unused", "{state:s}; nothing uses it")
	saidOverride  = said.New("overview.override", "{order:s}")
	saidStale     = said.New("overview.stale", "the verdict {state} is held from before: {voting} of {selected} vantages vote")
	saidSilent    = said.New("overview.node_silent", "not heard for {duration}")
	saidLagging   = said.New("overview.node_behind", "{n} revisions behind for {duration}")
	saidUnready   = said.New("overview.node_unready", "it is heard and not ready to answer")
	saidDiffers   = said.New("overview.node_differs", "its verdict table is not that of most resolvers")
	saidIsolated  = said.New("overview.vantage_isolated", "it abstains: {reason:s}")
	saidLostSince = said.New("overview.vantage_lost", "{reason:s}")
	saidAlarmed   = said.New("overview.alarm", "{text:s}")
)

// looker is one look.
type looker struct {
	Source
	now, healthy *steer.Engine
	out          *Overview
	byKind       map[string][]Problem
	reached      map[traffic.Key]*Affected // by pool
	since        map[string]time.Time      // by pool
}

// Look tells what is wrong. Incidents are filled in by the caller.
func Look(s Source) *Overview {
	l := &looker{Source: s, now: &steer.Engine{Config: s.Model, Verdict: s.Health.Verdict, Current: s.Health.Current}, healthy: steer.Healthy(s.Model), byKind: map[string][]Problem{}, reached: map[traffic.Key]*Affected{}, since: map[string]time.Time{},
		out: &Overview{At: s.Now, Counts: map[string]map[string]int{}, Objects: map[traffic.Kind]int{}, Available: map[string]int{"access_domains": 0, "pools": 0, "addresses": 0},
			Problems: []Problem{}, Omitted: map[string]map[Severity]int{}, Severity: map[Severity]int{}}}
	for _, name := range []string{"access_domains", "pools", "addresses", "templates", "tasks", "nodes", "vantages", "overrides"} {
		l.out.Counts[name] = map[string]int{}
	}
	for _, k := range traffic.Kinds {
		l.out.Objects[k] = s.Model.Len(k)
	}
	l.addresses()
	l.pools()
	l.domains()
	l.templates()
	l.overrides()
	l.nodes()
	l.vantages()
	l.gather()
	return l.out
}

func (l *looker) add(p Problem) { l.byKind[p.Kind] = append(l.byKind[p.Kind], p) }

// gather cuts each kind to the limit, the least of it, and orders the rest.
func (l *looker) gather() {
	for kind, list := range l.byKind {
		for _, p := range list {
			l.out.Severity[p.Severity]++
		}
		slices.SortFunc(list, compare)
		if len(list) > l.Limit {
			l.out.Omitted[kind] = map[Severity]int{}
			for _, p := range list[l.Limit:] {
				l.out.Omitted[kind][p.Severity]++
			}
			list = list[:l.Limit]
		}
		for i := range list {
			l.detail(&list[i])
		}
		l.out.Problems = append(l.out.Problems, list...)
	}
	slices.SortFunc(l.out.Problems, compare)
}

func compare(a, b Problem) int {
	return cmp.Or(slices.Index(severities, a.Severity)-slices.Index(severities, b.Severity), slices.Index(kindOrder, a.Kind)-slices.Index(kindOrder, b.Kind), b.Since.Compare(a.Since), strings.Compare(a.Name, b.Name))
}

var kindOrder = []string{string(traffic.KindAccessDomain), string(traffic.KindPool), string(traffic.KindAddress), string(traffic.KindOverride), KindNode, KindVantage, KindAlarm, KindTask}

// used reports whether an object is named by another than an assertion.
func (l *looker) used(k traffic.Key) bool {
	used := false
	l.Model.EachUser(k, func(u traffic.Key) { used = used || u.Kind != traffic.KindAssertion })
	return used
}

func (l *looker) addresses() {
	l.Model.Each(traffic.KindAddress, func(o traffic.Object) bool {
		a := o.(*traffic.Address)
		g, s := l.now.AddressGrade(a.Name), l.now.Address(a.Name)
		l.out.Counts["addresses"][string(g)]++
		if s.Available {
			l.out.Available["addresses"]++
		}
		l.tasks(a)
		if !a.Enabled {
			return true
		}
		p := Problem{Kind: string(traffic.KindAddress), Name: a.Name, State: string(g), Severity: Minor, Text: saidPool.With(s.Reason), Override: steer.OrderedBy(s.Override), Since: l.addressSince(a, s)}
		switch {
		case s.Withdrawn && s.Override == nil: // one that an override withdraws stands there
			p.State, p.Severity = "withdrawn", Info
		case s.Withdrawn:
			return true
		case g == steer.GradeExceptional && s.Available:
			p.Severity = Minor // by hand or by order it is in service all the same
		case g == steer.GradeExceptional:
			p.Severity = Major
		case g != steer.GradeAlert:
			return true
		}
		l.add(l.unlessUsed(p, a.Key()))
		return true
	})
}

// unlessUsed takes the weight from what nothing uses.
func (l *looker) unlessUsed(p Problem, k traffic.Key) Problem {
	if !l.used(k) {
		p.Severity, p.Text = Info, saidUnused.With(p.Text)
	}
	return p
}

func (l *looker) tasks(a *traffic.Address) {
	if !a.Enabled {
		return
	}
	counts := l.out.Counts["tasks"]
	l.now.EachTask(a, func(k traffic.TaskKey) {
		v := l.Health.Verdict(k)
		counts[v.State.String()]++
		if v.Stale {
			counts["stale"]++
			l.add(Problem{Kind: KindTask, Name: k.String(), State: "stale", Severity: Minor, Since: v.Since, Text: saidStale.With(v.State.String(), v.Voting, v.Selected)})
		}
	})
}

func (l *looker) pools() {
	l.Model.Each(traffic.KindPool, func(o traffic.Object) bool {
		p := o.(*traffic.Pool)
		g, s := l.now.PoolGrade(p.Name), l.now.Pool(p.Name)
		l.out.Counts["pools"][string(g)]++
		if s.Available {
			l.out.Available["pools"]++
		}
		if !p.Enabled || s.Available || s.Withdrawn {
			return true
		}
		l.add(l.unlessUsed(Problem{Kind: string(traffic.KindPool), Name: p.Name, State: string(g), Severity: Major, Text: saidPool.With(s.Reason), Since: l.poolSince(p), Override: steer.OrderedBy(s.Override)}, p.Key()))
		return true
	})
}

func (l *looker) domains() {
	l.Model.Each(traffic.KindAccessDomain, func(o traffic.Object) bool {
		d := o.(*traffic.AccessDomain)
		g := l.now.DomainGrade(d)
		l.out.Counts["access_domains"][string(g)]++
		if d.Enabled && g != steer.GradeExceptional {
			l.out.Available["access_domains"]++
		}
		if !d.Enabled || g != steer.GradeExceptional && g != steer.GradeAlert {
			return true
		}
		if z := l.Model.ZoneOf(d.Name); z == nil || !z.Enabled {
			return true // nobody is answered it
		}
		p := Problem{Kind: string(traffic.KindAccessDomain), Name: d.Key().Name, State: string(g), Severity: Minor, Since: l.domainSince(d, g)}
		down, total := 0, 0
		for i := range d.Pools {
			if s := l.now.PoolIn(d.Pools[i].Pool, d); d.Pools[i].Enabled && s.Enabled {
				total++
				if !s.Available {
					down++
				}
			}
		}
		order := l.Model.Override(d.Key(), nil, nil)
		p.Override = steer.OrderedBy(order)
		switch {
		case g == steer.GradeExceptional && order != nil && order.Action == traffic.Drain:
			p.State, p.Severity, p.Text, p.Since = "withdrawn", Major, saidDrained.With(), order.CreatedAt
		case g == steer.GradeExceptional:
			p.Severity, p.Text = Critical, saidMixed.With()
		case down > 0:
			p.Severity, p.Text = Major, saidSomePools.With(down, total)
		default:
			p.Text = saidBelow.With()
		}
		l.add(p)
		return true
	})
}

func (l *looker) templates() {
	users := map[string][]*traffic.Address{}
	l.Model.Each(traffic.KindAddress, func(o traffic.Object) bool {
		a := o.(*traffic.Address)
		for i, t := range a.Tasks {
			if !slices.ContainsFunc(a.Tasks[:i], func(u traffic.Task) bool { return u.Template == t.Template }) {
				users[t.Template] = append(users[t.Template], a)
			}
		}
		return true
	})
	l.Model.Each(traffic.KindTemplate, func(o traffic.Object) bool {
		t := o.(*traffic.Template)
		l.out.Counts["templates"][string(l.now.TemplateGrade(t, users[t.Name]))]++
		return true
	})
}

func (l *looker) overrides() {
	l.Model.Each(traffic.KindOverride, func(obj traffic.Object) bool {
		o := obj.(*traffic.Override)
		l.out.Counts["overrides"][string(o.Action)]++
		p := Problem{Kind: string(traffic.KindOverride), Name: o.ID, State: "withdrawn", Severity: Minor, Text: saidOverride.With(steer.OrderSaid(o)), Since: o.CreatedAt, Override: steer.OrderedBy(o)}
		if o.Action == traffic.Enable {
			p.State, p.Severity = "forced", Info
		}
		l.add(p)
		return true
	})
}

// laggingFor is how long a node may be behind before it is told: longer than a revision
// takes to arrive anywhere.
const laggingFor = 10 * time.Second

func (l *looker) nodes() {
	digests := map[string]int{}
	for _, n := range l.Nodes {
		if n.Present() && slices.Contains(n.Roles, "resolver") {
			digests[n.Verdicts]++
		}
	}
	most, best := "", 0
	for d, n := range digests {
		if n > best || n == best && d < most {
			most, best = d, n
		}
	}
	for _, n := range l.Nodes {
		l.out.Counts["nodes"][n.State]++
		p := Problem{Kind: KindNode, Name: n.ID, Severity: Major}
		behind := time.Duration(n.BehindFor)
		resolver := slices.Contains(n.Roles, "resolver")
		switch {
		case n.State == "invited":
			continue
		case !n.Present():
			p.State, p.Text, p.Since = "silent", saidSilent.With(round(time.Duration(n.Silent))), n.LastSeen
		case n.Behind > 0 && behind > laggingFor:
			p.State, p.Text, p.Since = "lagging", saidLagging.With(n.Behind, round(behind)), l.Now.Add(-behind)
		case !n.Ready && resolver:
			p.State, p.Text = "unready", saidUnready.With()
		case resolver && best > 1 && n.Verdicts != most:
			p.State, p.Severity, p.Text = "differs", Minor, saidDiffers.With()
		}
		if p.State != "" {
			l.add(p)
		}
		for _, text := range n.Alarms {
			l.add(Problem{Kind: KindAlarm, Name: n.ID, State: "alarm", Severity: Major, Text: sentenceOf(saidAlarmed, text)})
		}
	}
}

// sentenceOf says a text within another sentence, with its own code where it has one.
func sentenceOf(t *said.Template, text string) said.Said {
	if s := said.Of(text); s != nil {
		return t.With(*s)
	}
	return t.With(text)
}

func round(d time.Duration) string { return d.Round(time.Second).String() }

func (l *looker) vantages() {
	for _, v := range l.Vantages {
		l.out.Counts["vantages"][v.State]++
		p := Problem{Kind: KindVantage, Name: v.ID, State: v.State, Severity: Minor, Since: v.LastSeen}
		switch v.State {
		case "isolated":
			p.Text = sentenceOf(saidIsolated, v.Reason)
		case "lost":
			p.Text = sentenceOf(saidLostSince, v.Reason)
		default:
			continue
		}
		l.add(p)
	}
}
