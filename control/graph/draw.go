package graph

import (
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// States of access domains that no lower part explains.
var (
	saidPoolsUp     = said.New("domain.pools_available", "{ok} of {total} pools are available")
	saidPoolsNone   = said.New("domain.no_pool_available", "no pool is available")
	saidDomainOff   = said.New("domain.disabled", "is disabled, so the zone's own records answer")
	saidZoneMissing = said.New("domain.zone_missing", "its zone is not hosted here")
	saidZoneOff     = said.New("domain.zone_disabled", "its zone {zone} is disabled")
)

// DrawDomain draws an access domain. Nodes are the objects whose documents the caller
// fills in once the configuration may move again.
func DrawDomain(s Source, d *traffic.AccessDomain) (*Domain, Nodes) {
	b := s.builder()
	out := &Domain{At: s.Now, Domain: DomainNode{Key: d.Key().Name, Fields: fields(&d.Steering), Links: []Link{}, object: d}, Lines: []LineNode{}, Pools: make([]PoolNode, 0, len(d.Pools))}
	n := &out.Domain
	n.State = State{Health: b.e.DomainGrade(d), Available: b.e.Domain(d), UsedBy: b.users(d.Key())}
	o := s.Model.Override(d.Key(), nil, nil)
	n.Override = steer.OrderedBy(o)
	b.domainState(n, d)
	ok := 0
	for i, r := range b.e.DomainReach(d) {
		m := &d.Pools[i]
		n.Links = append(n.Links, linkOf(m.Pool, &m.Link, r))
		p := s.Model.Pool(m.Pool)
		if p == nil {
			continue // the check refuses it
		}
		node := b.pool(p, d)
		if m.Enabled && node.Available {
			ok++
		}
		out.Pools = append(out.Pools, node)
	}
	switch {
	case o != nil:
		n.State.State = steer.OrderSaid(o)
	case n.State.State.IsZero() && ok == 0:
		n.State.State = saidPoolsNone.With()
	case n.State.State.IsZero():
		n.State.State = saidPoolsUp.With(ok, len(d.Pools))
	}
	number(n.Links, d.Policy, func(pool string) bool {
		i := slices.IndexFunc(out.Pools, func(p PoolNode) bool { return p.Name == pool })
		return i >= 0 && out.Pools[i].Available
	})
	n.Current = b.e.CurrentPool(d)
	used, _ := steer.Uses(s.Model, d)
	b.lines(out, d, used)
	b.lastResort(out, d, used)
	out.Addresses, out.Templates = b.below()
	return out, out.nodes()
}

func (b *builder) domainState(n *DomainNode, d *traffic.AccessDomain) {
	z := b.Model.ZoneOf(d.Name)
	if z != nil {
		n.Zone = z.Name
	}
	switch {
	case !d.Enabled:
		n.State.State = saidDomainOff.With()
	case z == nil:
		n.State.State = saidZoneMissing.With()
	case !z.Enabled:
		n.State.State = saidZoneOff.With(z.Name)
	default:
		n.Answered = true
	}
}

// DrawPool draws a pool.
func DrawPool(s Source, p *traffic.Pool) (*Pool, Nodes) {
	b := s.builder()
	out := &Pool{At: s.Now, Pool: b.pool(p, nil), Domains: []DomainUse{}}
	for _, k := range s.Model.Users(p.Key()) {
		d, _ := s.Model.Get(k).(*traffic.AccessDomain)
		if d == nil {
			continue
		}
		i := slices.IndexFunc(d.Pools, func(m traffic.PoolMember) bool { return m.Pool == p.Name })
		use := DomainUse{Key: k.Name, Name: d.Name, Type: d.Type, Health: b.e.DomainGrade(d), Available: b.e.Domain(d), Link: linkOf(p.Name, &d.Pools[i].Link, b.e.DomainReach(d)[i])}
		for place, o := range order(d) {
			if o == i {
				use.Link.Order = place + 1
			}
		}
		out.Domains = append(out.Domains, use)
	}
	rank := func(g steer.Grade) int { return slices.Index(steer.Grades, g) }
	slices.SortStableFunc(out.Domains, func(x, y DomainUse) int { return rank(x.Health) - rank(y.Health) })
	if more := len(out.Domains) - mostDomains; more > 0 {
		out.Domains, out.More = slices.Clone(out.Domains[:mostDomains]), more
	}
	out.Addresses, out.Templates = b.below()
	return out, out.nodes()
}

// mostDomains bounds the access domains told of a pool: 100,000 may share one.
const mostDomains = 100

func order(d *traffic.AccessDomain) []int {
	at := make([]int, len(d.Pools))
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(a, b int) int { return d.Pools[a].Serial - d.Pools[b].Serial })
	return at
}

func (b *builder) pool(p *traffic.Pool, in *traffic.AccessDomain) PoolNode {
	s := b.e.Pool(p.Name)
	if in != nil {
		s = b.e.PoolIn(p.Name, in)
	}
	n := PoolNode{Name: p.Name, State: State{Health: b.e.PoolGrade(p.Name), Available: s.Available, State: s.Reason, Override: steer.OrderedBy(s.Override), UsedBy: b.users(p.Key())},
		OK: s.OK, Total: s.Total, Needs: needs(p.Judgement, s.Total), Withdrawn: s.Withdrawn, Forced: s.Forced, Fields: fields(&p.Steering), Current: b.e.CurrentAddress(p), Links: []Link{}, object: p}
	reach := b.e.PoolReach(p, in)
	available := map[string]bool{}
	for i := range p.Members {
		m := &p.Members[i]
		n.Links = append(n.Links, linkOf(m.Address, &m.Link, reach[i]))
		a := b.Model.Address(m.Address)
		if a == nil {
			continue // the check refuses it
		}
		node := b.address(a)
		available[m.Address] = node.Available || s.Forced && a.Enabled && !node.Withdrawn
	}
	number(n.Links, p.Policy, func(a string) bool { return available[a] })
	return n
}

func (b *builder) address(a *traffic.Address) *AddressNode {
	if n := b.addresses[a.Name]; n != nil {
		return n
	}
	s := b.e.Address(a.Name)
	n := &AddressNode{Name: a.Name, State: State{Health: b.e.AddressGrade(a.Name), Available: s.Available, State: s.Reason, Override: steer.OrderedBy(s.Override), UsedBy: b.users(a.Key())},
		OK: s.OK, Total: s.Total, Withdrawn: s.Withdrawn, Overrides: []steer.Ordered{}, Place: PlaceOf(a, b.World), Tasks: []TaskNode{}, object: a}
	if n.Health == steer.GradeDisabled || n.State.Override != nil || a.Mode != traffic.Auto {
		n.OK, n.Total = b.counts(a) // the engine did not come to count them
	}
	n.Needs = needs(a.Judgement, n.Total)
	b.Model.Each(traffic.KindOverride, func(obj traffic.Object) bool {
		if o := obj.(*traffic.Override); o.Reaches(a.Key(), a.Labels) {
			n.Overrides = append(n.Overrides, *steer.OrderedBy(o))
		}
		return true
	})
	slices.SortFunc(n.Overrides, func(x, y steer.Ordered) int { return strings.Compare(x.ID, y.ID) })
	for _, t := range a.Tasks {
		tpl := b.Model.Template(t.Template)
		task := TaskNode{Template: t.Template, Port: t.Port, Enabled: t.Enabled}
		if tpl != nil {
			task.Port = t.EffectivePort(tpl.Protocol)
			task.Counts = t.Enabled && tpl.Enabled && a.Enabled
			if b.templates[tpl.Name] == nil {
				b.templates[tpl.Name] = &TemplateNode{Name: tpl.Name, UsedBy: b.users(tpl.Key()), object: tpl}
				b.torder = append(b.torder, tpl.Name)
			}
		}
		if task.Counts && b.Task != nil {
			if h, ok := b.Task(traffic.TaskKey{Address: a.Name, Template: t.Template, Port: task.Port}); ok {
				task.Health = &h
			}
		}
		n.Tasks = append(n.Tasks, task)
	}
	b.addresses[a.Name] = n
	b.order = append(b.order, a.Name)
	return n
}

func (b *builder) counts(a *traffic.Address) (ok, total int) {
	for _, t := range a.Tasks {
		tpl := b.Model.Template(t.Template)
		if !t.Enabled || tpl == nil || !tpl.Enabled {
			continue
		}
		total++
		if b.Health.Verdict(traffic.TaskKey{Address: a.Name, Template: t.Template, Port: t.EffectivePort(tpl.Protocol)}).Available() {
			ok++
		}
	}
	return ok, total
}

// PlaceOf is where an address is: as configured, else where the location map places
// its IP; nil when neither says.
func PlaceOf(a *traffic.Address, w *line.World) *Place {
	var at line.Client
	if ip := a.IP(); ip.IsValid() && w != nil {
		at = w.Locate(ip)
	}
	p := &Place{Country: at.Country, Subdivision: at.Subdivision}
	switch {
	case a.Location != nil:
		p.Location, p.Source = *a.Location, "configured"
	case at.PointOK:
		p.Location, p.Source = traffic.Location{Latitude: at.Point.Lat, Longitude: at.Point.Lon}, "map"
	default:
		return nil
	}
	return p
}

// users counts what uses an object; of an address the access domains too.
func (b *builder) users(k traffic.Key) map[traffic.Kind]int {
	out := b.Model.CountUsers(k)
	if k.Kind == traffic.KindAddress {
		seen := map[traffic.Key]bool{}
		b.Model.EachUser(k, func(pool traffic.Key) {
			b.Model.EachUser(pool, func(d traffic.Key) {
				if d.Kind == traffic.KindAccessDomain {
					seen[d] = true
				}
			})
		})
		if len(seen) > 0 {
			out[traffic.KindAccessDomain] = len(seen)
		}
	}
	return out
}

// below returns the addresses and templates that were come upon.
func (b *builder) below() ([]AddressNode, []TemplateNode) {
	addresses, templates := make([]AddressNode, 0, len(b.order)), make([]TemplateNode, 0, len(b.torder))
	for _, name := range b.order {
		addresses = append(addresses, *b.addresses[name])
	}
	for _, name := range b.torder {
		n := b.templates[name]
		var users []*traffic.Address
		for i := range addresses {
			users = append(users, addresses[i].object)
		}
		n.Health = b.e.TemplateGrade(n.object, users)
		templates = append(templates, *n)
	}
	return addresses, templates
}

// lines tells of each class of clients what it gets now, and of each link for whom it
// is taken.
func (b *builder) lines(out *Domain, d *traffic.AccessDomain, used []string) {
	var queries map[string]uint64
	if b.Health.Queries != nil {
		queries = b.Health.Queries(d.Key().Name)
	}
	for _, code := range withDefault(used) {
		chain, ok := b.World.ChainOf(code)
		if !ok {
			chain = []string{code, line.Default}
		}
		n := LineNode{Line: code, Category: line.CategoryCustom.String(), NameEN: code, NameZH: code, Custom: true, Chain: chain, Outcome: b.e.OutcomeOf(d, steer.Client{Lines: chain})}
		if in, builtin := line.Lookup(code); builtin {
			n.Category, n.NameEN, n.NameZH, n.Custom = in.Category.String(), in.NameEN, in.NameZH, false
		}
		if queries != nil {
			q := queries[code]
			n.Queries = &q
		}
		out.Lines = append(out.Lines, n)
		taken(out, n.Outcome, func(l *Link) { l.Taken = append(l.Taken, code) })
	}
}

// taken calls f with every link that an outcome takes, at both levels.
func taken(out *Domain, o *steer.Outcome, f func(*Link)) {
	for _, opt := range o.Pools {
		for i := range out.Domain.Links {
			if out.Domain.Links[i].To == opt.Pool {
				f(&out.Domain.Links[i])
			}
		}
		i := slices.IndexFunc(out.Pools, func(p PoolNode) bool { return p.Name == opt.Pool })
		if i < 0 {
			continue
		}
		in := map[string]bool{}
		for _, a := range opt.Addresses {
			in[a.Address] = true
		}
		for j := range out.Pools[i].Links {
			if l := &out.Pools[i].Links[j]; in[l.To] {
				f(l)
			}
		}
	}
}

// withDefault orders lines as the catalog does, custom ones first and default last.
func withDefault(used []string) []string {
	list := slices.DeleteFunc(slices.Clone(used), func(l string) bool { return l == line.Default })
	slices.SortFunc(list, func(a, b string) int {
		x, xb := line.Lookup(a)
		y, yb := line.Lookup(b)
		switch {
		case !xb || !yb:
			if xb != yb {
				return map[bool]int{false: -1, true: 1}[xb]
			}
			return strings.Compare(a, b)
		case x.Category != y.Category:
			return int(x.Category) - int(y.Category)
		case x.Rank != y.Rank:
			return int(x.Rank) - int(y.Rank)
		}
		return strings.Compare(a, b)
	})
	return append(list, line.Default)
}

// lastResort asks the engine what is answered when every health task is down.
func (b *builder) lastResort(out *Domain, d *traffic.AccessDomain, used []string) {
	for _, l := range out.Lines {
		out.LastResort.Active = out.LastResort.Active || l.Outcome.Basis == steer.LastResort
	}
	down := &steer.Engine{Config: b.Model, Current: b.Health.Current, Verdict: func(traffic.TaskKey) verdict.Verdict { return verdict.Verdict{State: verdict.Down} }}
	out.LastResort.Answers = []LastAnswer{}
	if !down.Domain(d) && !(d.Policy == traffic.Proximity && d.Unmatched == traffic.UnmatchedNoData) {
		// It looks at no line then.
		all := LastAnswer{Lines: []string{}, Outcome: down.OutcomeOf(d, steer.Client{Lines: []string{line.Default}})}
		for _, l := range out.Lines {
			all.Lines = append(all.Lines, l.Line)
		}
		out.LastResort.Answers = append(out.LastResort.Answers, all)
		out.LastResort.Possible = all.Outcome.Basis == steer.LastResort
		taken(out, all.Outcome, func(l *Link) { l.Last = true })
		return
	}
	for _, l := range out.Lines {
		o := down.OutcomeOf(d, steer.Client{Lines: l.Chain})
		out.LastResort.Possible = out.LastResort.Possible || o.Basis == steer.LastResort
		if i := slices.IndexFunc(out.LastResort.Answers, func(a LastAnswer) bool { return a.Outcome.Equal(o) }); i >= 0 {
			out.LastResort.Answers[i].Lines = append(out.LastResort.Answers[i].Lines, l.Line)
			continue
		}
		out.LastResort.Answers = append(out.LastResort.Answers, LastAnswer{Lines: []string{l.Line}, Outcome: o})
		taken(out, o, func(l *Link) { l.Last = true })
	}
}

func (d *Domain) nodes() Nodes {
	out := Nodes{{d.Domain.object, &d.Domain.Object}}
	for i := range d.Pools {
		out = append(out, Node{d.Pools[i].object, &d.Pools[i].Object})
	}
	return append(out, below(d.Addresses, d.Templates)...)
}

func (p *Pool) nodes() Nodes {
	return append(Nodes{{p.Pool.object, &p.Pool.Object}}, below(p.Addresses, p.Templates)...)
}

func below(addresses []AddressNode, templates []TemplateNode) (out Nodes) {
	for i := range addresses {
		out = append(out, Node{addresses[i].object, &addresses[i].Object})
	}
	for i := range templates {
		out = append(out, Node{templates[i].object, &templates[i].Object})
	}
	return out
}
