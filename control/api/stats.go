package api

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/traffic"
)

// combinations says what can be asked for together.
const combinations = "type, rcode and node of all responses; name, type, line, pool, address, rcode and node of answers by access domains; zone, outcome and node of queries to hosted names; " +
	"country, name, type and node, estimated; subnet and country, estimated"

const (
	defaultTop = 20
	mostTop    = 200
)

var topParam = query("top", huma.TypeInteger, fmt.Sprintf("How many series, those with the most queries, 1 to %d; default %d.", mostTop, defaultTop))

// countedAnswer is history's answer with the time it is of.
type countedAnswer struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	history.Counted
}

// shareAnswer compares weights with what was answered.
type shareAnswer struct {
	From  time.Time   `json:"from"`
	Until time.Time   `json:"until"`
	Total uint64      `json:"total" doc:"Answers, empty ones included."`
	Empty uint64      `json:"empty" doc:"Of total: NODATA."`
	Pools []poolShare `json:"pools" doc:"As configured; then those that were answered from and are no longer."`
	Known bool        `json:"known" doc:"False: no resolver has reported of the time, so zeros mean nothing."`
	Kind  string      `json:"kind" enum:"access_domain,pool"`
	Of    string      `json:"of"`
	Rule  string      `json:"policy,omitempty" doc:"How pools are chosen."`
}

type poolShare struct {
	MemberShare
	Policy    string        `json:"policy,omitempty" doc:"How its addresses are chosen."`
	Addresses []MemberShare `json:"addresses" doc:"By the first address of each answer, which holds the share."`
}

// MemberShare is one pool or address.
type MemberShare struct {
	Name       string   `json:"name"`
	Weight     int      `json:"weight,omitempty" doc:"Absent where it is no member now."`
	Configured *float64 `json:"configured,omitempty" doc:"Share by weights, or equal ones in turn, of all enabled members; absent where health or place alone choose."`
	Queries    uint64   `json:"queries"`
	Share      float64  `json:"share" doc:"Of the answers of its group."`
}

func (s *server) statsRoutes() {
	params := []*huma.Param{query("group_by", huma.TypeString, "Dimensions, with commas: "+strings.Join(history.Dimensions, ", ")+". Counted together are "+combinations+"."), topParam,
		query("totals", huma.TypeBoolean, "Only totals, without points.")}
	for _, d := range history.Dimensions {
		params = append(params, query(d, huma.TypeString, "Only with this "+d+"."))
	}
	s.route(route{method: "GET", path: "/stats/queries", id: "countQueries", summary: "Queries over time, by what they asked and got", tag: "Traffic", need: auth.Viewer,
		params: append(append(params, stepParam, pointsParam), timeParams...), answer: s.schemaOf(reflect.TypeFor[countedAnswer]()), handle: s.countQueries})
	s.trafficRoutes()
	s.route(route{method: "GET", path: "/stats/clients", id: "countClients", summary: "Client networks with the most queries, estimated from samples", tag: "Traffic", need: auth.Viewer,
		params: append([]*huma.Param{query("country", huma.TypeString, "Only of this country, like cn."), topParam}, timeParams...), answer: s.schemaOf(reflect.TypeFor[countedAnswer]()), handle: s.countClients})
	s.route(route{method: "GET", path: "/stats/shares", id: "compareShares", summary: "Configured weights against what was answered", tag: "Traffic", need: auth.Viewer,
		params: append([]*huma.Param{query("domain", huma.TypeString, "Access domain, NAME/TYPE, or NAME where it has one type."), query("pool", huma.TypeString, "Pool, over all access domains. Instead of domain.")}, timeParams...),
		answer: s.schemaOf(reflect.TypeFor[shareAnswer]()), handle: s.shares})
}

func topOf(c *call) (int, error) {
	v := c.URL.Query().Get("top")
	if v == "" {
		return defaultTop, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > mostTop {
		return 0, invalidField("top", "invalid_parameter", fmt.Sprintf("must be 1 to %d", mostTop))
	}
	return n, nil
}

func (s *server) countQueries(c *call) (answer, error) {
	v := c.URL.Query()
	q := history.CountQuery{Where: map[string]string{}}
	if g := v.Get("group_by"); g != "" {
		q.GroupBy = strings.Split(g, ",")
	}
	for i, d := range q.GroupBy {
		if !slices.Contains(history.Dimensions, d) || slices.Contains(q.GroupBy[:i], d) {
			return answer{}, invalidField("group_by", "invalid_parameter", fmt.Sprintf("%q cannot stand here; use each of %s once, with commas", d, strings.Join(history.Dimensions, ", ")))
		}
	}
	for _, d := range history.Dimensions {
		if v.Has(d) {
			q.Where[d] = v.Get(d)
		}
	}
	var err error
	if q.From, q.Until, err = s.timesOf(c, time.Hour); err != nil {
		return answer{}, err
	}
	if q.Step, err = stepOf(c, q.Until.Sub(q.From)); err != nil {
		return answer{}, err
	}
	switch v.Get("totals") {
	case "", "false":
	case "true":
		q.Step = -1
	default:
		return answer{}, invalidField("totals", "invalid_parameter", "must be true or false")
	}
	return s.counted(c, q)
}

func (s *server) countClients(c *call) (answer, error) {
	q := history.CountQuery{GroupBy: []string{history.BySubnet, history.ByCountry}, Where: map[string]string{}, Step: -1}
	if v := c.URL.Query().Get("country"); v != "" {
		q.Where[history.ByCountry] = v
	}
	return s.counted(c, q)
}

func (s *server) counted(c *call, q history.CountQuery) (answer, error) {
	var err error
	if q.Top, err = topOf(c); err != nil {
		return answer{}, err
	}
	if q.From.IsZero() {
		if q.From, q.Until, err = s.timesOf(c, time.Hour); err != nil {
			return answer{}, err
		}
	}
	h, err := s.keeper()
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := bounded(c)
	defer cancel()
	out, err := h.Counts(ctx, q)
	if err != nil {
		return answer{}, historyError(err)
	}
	return answer{body: countedAnswer{q.From, q.Until, *out}}, nil
}

func (s *server) shares(c *call) (answer, error) {
	v := c.URL.Query()
	out := shareAnswer{Kind: "access_domain", Pools: []poolShare{}}
	where := map[string]string{}
	var pools []poolShare
	var bad error
	s.control.View(func(m *traffic.Model, _ traffic.Position) {
		switch ref := v.Get("domain"); {
		case ref != "" && v.Get("pool") == "":
			d := domainOf(m, ref)
			if d == nil {
				bad = problem(404, "not_found", "There is no access domain "+ref+"; give NAME/TYPE.")
				return
			}
			out.Of, out.Rule = d.Key().Name, string(d.Policy)
			where[history.ByName], where[history.ByType] = d.Name, d.Type
			links := make([]traffic.Link, len(d.Pools))
			for i := range d.Pools {
				links[i] = d.Pools[i].Link
			}
			for i, share := range configured(d.Policy, links) {
				p := poolMembers(m, d.Pools[i].Pool)
				p.Weight, p.Configured = links[i].Weight, share
				pools = append(pools, p)
			}
		case ref == "" && v.Get("pool") != "":
			out.Kind, out.Of = "pool", v.Get("pool")
			if m.Pool(out.Of) == nil {
				bad = problem(404, "not_found", "There is no pool "+out.Of+".")
				return
			}
			where[history.ByPool] = out.Of
			pools = append(pools, poolMembers(m, out.Of))
		default:
			bad = invalidField("domain", "required", "give an access domain here or a pool in pool")
		}
	})
	if bad != nil {
		return answer{}, bad
	}
	var err error
	if out.From, out.Until, err = s.timesOf(c, time.Hour); err != nil {
		return answer{}, err
	}
	h, err := s.keeper()
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := bounded(c)
	defer cancel()
	got, err := h.Counts(ctx, history.CountQuery{GroupBy: []string{history.ByPool, history.ByAddress}, Where: where, From: out.From, Until: out.Until, Step: -1, Top: 1 << 20})
	if err != nil {
		return answer{}, historyError(err)
	}
	out.Total, out.Known = got.Total, len(got.Covered) > 0
	for _, g := range got.Series {
		name := g.Key[history.ByPool]
		if name == "" {
			out.Empty += g.Total
			continue
		}
		i := slices.IndexFunc(pools, func(p poolShare) bool { return p.Name == name })
		if i < 0 {
			i = len(pools)
			pools = append(pools, poolShare{MemberShare: MemberShare{Name: name}, Addresses: []MemberShare{}})
		}
		p := &pools[i]
		p.Queries += g.Total
		j := slices.IndexFunc(p.Addresses, func(a MemberShare) bool { return a.Name == g.Key[history.ByAddress] })
		if j < 0 {
			j = len(p.Addresses)
			p.Addresses = append(p.Addresses, MemberShare{Name: g.Key[history.ByAddress]})
		}
		p.Addresses[j].Queries += g.Total
	}
	for i := range pools {
		p := &pools[i]
		p.Share = share(p.Queries, out.Total-out.Empty)
		for j := range p.Addresses {
			p.Addresses[j].Share = share(p.Addresses[j].Queries, p.Queries)
		}
	}
	out.Pools = append(out.Pools, pools...)
	return answer{body: out}, nil
}

func share(n, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

func domainOf(m *traffic.Model, ref string) *traffic.AccessDomain {
	if name, typ, ok := strings.Cut(ref, "/"); ok {
		return m.AccessDomain(name, typ)
	}
	if list := m.At(ref); len(list) == 1 {
		return list[0]
	}
	return nil
}

func poolMembers(m *traffic.Model, name string) poolShare {
	out := poolShare{MemberShare: MemberShare{Name: name}, Addresses: []MemberShare{}}
	p := m.Pool(name)
	if p == nil {
		return out
	}
	out.Policy = string(p.Policy)
	links := make([]traffic.Link, len(p.Members))
	for i := range p.Members {
		links[i] = p.Members[i].Link
	}
	for i, share := range configured(p.Policy, links) {
		out.Addresses = append(out.Addresses, MemberShare{Name: p.Members[i].Address, Weight: links[i].Weight, Configured: share})
	}
	return out
}

// configured returns the share that each member has while all are available.
func configured(p traffic.Policy, links []traffic.Link) []*float64 {
	out := make([]*float64, len(links))
	weight := func(l traffic.Link) float64 {
		switch {
		case !l.Enabled:
			return 0
		case p == traffic.RoundRobin:
			return 1
		}
		return float64(l.Weight)
	}
	if p != traffic.Weighted && p != traffic.RoundRobin {
		return out
	}
	sum := 0.0
	for _, l := range links {
		sum += weight(l)
	}
	for i, l := range links {
		if sum > 0 {
			v := weight(l) / sum
			out[i] = &v
		}
	}
	return out
}
