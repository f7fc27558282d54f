package steer

import (
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// Question is what explain is asked. Client is an address or a network; Line stands
// for a typical client of a line instead. With neither, the client is one whose
// location is unknown.
type Question struct {
	Name     string   `json:"name" doc:"Name that is asked."`
	Type     string   `json:"type,omitempty" doc:"Query type, default A."`
	Client   string   `json:"client,omitempty" doc:"Client address or network, as ECS would carry it."`
	Resolver string   `json:"resolver,omitempty" doc:"Address of the recursive resolver, decisive where client is private or absent."`
	Line     string   `json:"line,omitempty" doc:"A typical client of this line, instead of client."`
	Down     []string `json:"down,omitempty" doc:"Addresses, by name or endpoint, to take as failed."`
	Node     string   `json:"node,omitempty" doc:"Node that is to explain, default the one asked."`
	Revision uint64   `json:"revision,omitempty" doc:"Revision to explain, default the one in force."`
}

// Explanation is why a name is answered as it is: the same engine, the same order.
type Explanation struct {
	Name     string           `json:"name"`
	Type     string           `json:"type"`
	Node     string           `json:"node,omitempty"`
	Position traffic.Position `json:"position"`
	Client   ClientView       `json:"client"`
	Steps    []Step           `json:"steps" doc:"One for each name of the CNAME chain within our zones."`
	Rcode    string           `json:"rcode"`
	Outcome  string           `json:"outcome" doc:"answer, nodata, nxdomain, referral or refused."`
	// Answer is what a query gets if rotation and draws begin at their first candidate;
	// Steps say what else they may give.
	Answer []Record `json:"answer"`
	Scope  int      `json:"scope" doc:"ECS scope prefix length of the answer, bits."`
}

// Record is one answered record, in presentation form.
type Record struct {
	Name string `json:"name"`
	Type string `json:"type"`
	TTL  uint32 `json:"ttl"`
	Data string `json:"data"`
}

// ClientView is what is known of the client, and from what.
type ClientView struct {
	Address    string       `json:"address,omitempty"`
	Basis      string       `json:"basis" doc:"Which input decides: client, resolver, line, or none."`
	Lines      []line.Match `json:"lines" doc:"Lines that hold it, most specific first, each with why."`
	Country    string       `json:"country,omitempty"`
	Confidence string       `json:"confidence,omitempty" doc:"How well the location data knows the place."`
}

// Step is one name of the chain.
type Step struct {
	Name         string       `json:"name"`
	Kind         string       `json:"kind" doc:"access_domain, record, wildcard_record, dname, delegation, nodata, nxdomain or outside."`
	AccessDomain string       `json:"access_domain,omitempty"`
	Policy       string       `json:"policy,omitempty"`
	Basis        Basis        `json:"basis,omitempty" doc:"policy, unmatched, last_resort or nodata."`
	Reason       string       `json:"reason"`
	ReasonSaid   said.Said    `json:"reason_said,omitzero" doc:"Reason with its code."`
	Line         string       `json:"line,omitempty" doc:"Line that won."`
	UsedLines    []string     `json:"used_lines,omitempty" doc:"Lines that this name looks at; others play no part."`
	Choice       string       `json:"choice,omitempty" doc:"How queries pick among the candidates."`
	ChoiceSaid   said.Said    `json:"choice_said,omitzero" doc:"Choice with its code."`
	Candidates   []Candidates `json:"candidates,omitempty"`
	Pools        []Considered `json:"pools,omitempty"`
	Override     *Ordered     `json:"override,omitempty" doc:"The operator's order about the access domain as a whole."`
	TTL          uint32       `json:"ttl,omitempty"`
	Scope        int          `json:"scope"`
}

// Candidates are the records that one pool may give.
type Candidates struct {
	Pool    string   `json:"pool"`
	Weight  int      `json:"weight,omitempty"`
	Type    string   `json:"type"`
	Rule    string   `json:"rule" doc:"first, rotate or draw."`
	Answers int      `json:"answers" doc:"How many of them one answer holds."`
	Data    []string `json:"data"`
	Weights []int    `json:"weights,omitempty"`
}

// How a decision is turned into answers. The first says how the pool is picked, where
// there are several, the second how its addresses are.
var (
	saidNextPool   = said.New("answer.next_pool", "each answer comes from the next pool in turn; {rest:s}")
	saidDrawnPool  = said.New("answer.drawn_pool", "each answer comes from one pool, drawn by weight; {rest:s}")
	saidAliasTurn  = said.New("answer.cname_turn", "one CNAME, in turn")
	saidAliasDrawn = said.New("answer.cname_weight", "one CNAME, drawn by weight")
	saidAlias      = said.New("answer.cname", "one CNAME")
	saidSomeTurn   = said.New("answer.some_turn", "some of its addresses, the first moving on with each query")
	saidAllTurn    = said.New("answer.all_turn", "all its addresses, the first moving on with each query")
	saidDrawn      = said.New("answer.weight", "drawn by weight, independently for each query")
	saidAlways     = said.New("answer.always", "always the same address")
)

// Choice says in a sentence how a decision is turned into answers.
func (d Decision) Choice() said.Said {
	if len(d.Picks) == 0 {
		return said.Said{}
	}
	s := d.Picks[0].choice()
	switch {
	case len(d.Picks) == 1:
	case d.Rule == Rotate:
		return saidNextPool.With(s)
	case d.Rule == Draw:
		return saidDrawnPool.With(s)
	}
	return s
}

func (p *Pick) choice() said.Said {
	switch {
	case p.Alias && p.Rule == Rotate && len(p.Entries) > 1:
		return saidAliasTurn.With()
	case p.Alias && p.Rule == Draw && len(p.Entries) > 1:
		return saidAliasDrawn.With()
	case p.Alias:
		return saidAlias.With()
	case p.Rule == Rotate && p.Answers < len(p.Entries):
		return saidSomeTurn.With()
	case p.Rule == Rotate && len(p.Entries) > 1:
		return saidAllTurn.With()
	case p.Rule == Draw && len(p.Entries) > 1:
		return saidDrawn.With()
	}
	return saidAlways.With()
}
