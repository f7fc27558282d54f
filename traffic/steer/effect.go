package steer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// Effect is what a change would do to answers, by the verdicts and current members
// that were given: what clients would get the moment it is committed. How answers
// stand with everything healthy is what assertions are for.
//
// Clients are compared by line class: a typical client of each line that an access
// domain looks at before or after, of default, and for those that choose by distance,
// one whose place is unknown.
type Effect struct {
	Weighted   bool           `json:"weighted" doc:"True: names and lines have their real queries of the last hour. False: no resolver has reported of it."`
	Sampled    bool           `json:"sampled" doc:"True: names have their effect on real client networks (clients). False: no resolver has reported of clients in the last hour."`
	Names      []NameEffect   `json:"names" doc:"Access domains whose answers change; those first that would go empty, then those with the most queries."`
	Omitted    int            `json:"omitted" doc:"How many more change than names holds."`
	Empty      int            `json:"empty" doc:"How many go empty: they come to answer nothing, or the last resort."`
	Unchanged  int            `json:"unchanged" doc:"How many the change reaches without changing their answers."`
	CachedFor  uint32         `json:"cached_for" doc:"Seconds after which no resolver answers from before the change any more: the largest of names and of those omitted."`
	ByDistance int            `json:"by_distance" doc:"How many of the unchanged choose by distance: clients of some places may get others of their members."`
	Lines      []LineMove     `json:"lines" doc:"Custom lines that get or lose clients; answers of their classes stand as compared."`
	NewMap     bool           `json:"new_map" doc:"The location map changes: clients may move between built-in lines."`
	Records    []RecordEffect `json:"records" doc:"Ordinary records that access domains come to hide, or no longer hide."`
}

// MaxEffects bounds Effect.Names: nobody reads more, and a change may reach all names.
const MaxEffects = 1000

// The ways in which the answers of a name change, in the order of Effect.Names.
const (
	GoesEmpty  = "empty"      // some clients come to get NODATA or the last resort
	Disappears = "disappears" // the access domain is not answered any more
	Changed    = "changed"
	Appears    = "appears" // it was not answered before
)

var effectOrder = []string{GoesEmpty, Disappears, Changed, Appears}

// NameEffect is the change of one access domain's answers.
type NameEffect struct {
	Name    string       `json:"name"`
	Type    string       `json:"type"`
	Change  string       `json:"change" enum:"empty,disappears,changed,appears"`
	Queries *uint64      `json:"queries,omitempty" doc:"Real queries of the last hour, from all lines. Absent: nothing is known of that time, see weighted."`
	Classes []LineEffect `json:"classes" doc:"Every line that it looks at before or after, and default."`
	// Clients are nil where nothing is known of clients, or the names are too many.
	Clients []ClientEffect `json:"clients,omitempty" doc:"The networks with the most queries of late, those first that change; see sampled."`
	// CachedFor counts from the last node's change on.
	CachedFor uint32 `json:"cached_for" doc:"Seconds for which a resolver may go on with an answer from before."`
}

// LineEffect compares what the typical client of a line gets. A side on which the
// access domain is not answered, since it or its zone is disabled or not there, is absent.
type LineEffect struct {
	Line    string   `json:"line"`
	Changed bool     `json:"changed"`
	Empty   bool     `json:"empty" doc:"It comes to get nothing, or the last resort."`
	Queries *uint64  `json:"queries,omitempty" doc:"Real queries of the last hour from clients of this line."`
	Before  *Outcome `json:"before,omitempty"`
	After   *Outcome `json:"after,omitempty"`
}

// Outcome is a Decision in the form in which two are compared: what cannot be seen in
// answers, like weights that nothing is drawn by, is left out.
type Outcome struct {
	Basis      Basis     `json:"basis" enum:"policy,unmatched,last_resort,nodata"`
	Reason     string    `json:"reason"`
	ReasonSaid said.Said `json:"reason_said,omitzero" doc:"Reason with its code."`
	TTL        uint32    `json:"ttl,omitempty" doc:"Seconds; absent for an empty answer."`
	Rule       string    `json:"rule" enum:"none,first,rotate,draw" doc:"How queries pick among the pools."`
	Pools      []Option  `json:"pools"`
}

// Option is one pool that may be answered from.
type Option struct {
	Pool      string          `json:"pool"`
	Weight    int             `json:"weight,omitempty" doc:"Where pools are drawn by weight."`
	Type      string          `json:"type" doc:"Record type of the answer."`
	Rule      string          `json:"rule" enum:"first,rotate,draw" doc:"How queries pick among the addresses."`
	Answers   int             `json:"answers" doc:"How many addresses one answer holds."`
	Addresses []OptionAddress `json:"addresses"`
}

// OptionAddress is one address that may be answered.
type OptionAddress struct {
	Address string `json:"address"`
	Value   string `json:"value"`
	Weight  int    `json:"weight,omitempty" doc:"Where addresses are drawn by weight."`
}

// LineMove is a custom line whose networks change, come into force or go.
type LineMove struct {
	Line  string `json:"line"`
	Names int    `json:"names" doc:"Access domains that look at it, before or after."`
}

// RecordEffect is an ordinary record whose being answered an access domain decides.
type RecordEffect struct {
	Record string `json:"record" doc:"ZONE/OWNER/TYPE"`
	Hidden bool   `json:"hidden" doc:"True: it is hidden from now on; false: it is answered now."`
}

// Side is a configuration that can be compared; *traffic.Model and *traffic.Draft are.
type Side interface {
	Config
	Get(traffic.Key) traffic.Object
	Users(traffic.Key) []traffic.Key
	Each(traffic.Kind, func(traffic.Object) bool)
	ZoneOf(name string) *traffic.Zone
}

// Health is the moment for which both sides are compared; its fields are those of
// Engine.
type Health struct {
	Verdict func(traffic.TaskKey) verdict.Verdict
	Current func(scope traffic.Key) string
	// Queries returns how often an access domain, NAME/TYPE, was asked for of late, by
	// the line of the client. Nil: nothing is known, which is another thing than none.
	Queries func(domain string) map[string]uint64
	// Clients are the networks that asked most of late, located by Map; without them
	// classes of lines alone are compared.
	Clients []Sample
	Map     *line.Map
}

func (h Health) engine(c Config) *Engine {
	return &Engine{Config: c, Verdict: h.Verdict, Current: h.Current}
}

// Compare returns the effect of changes, which are all that differs between before
// and after. Both configurations must be without cycles and must not move meanwhile.
//
// The cost follows the access domains that the changes reach, with two exceptions
// that pass over one kind of object once: a name whose availability changes while
// others may point to it (addresses), and a zone that comes, goes or is switched
// (access domains).
func Compare(before, after Side, changes []traffic.Change, h Health) Effect {
	// Who comes to use an object has changed itself, so users before are enough.
	t := &touch{before: before, after: after, sides: []Side{before}, changed: map[traffic.Key]traffic.Change{}, seen: map[traffic.Key]bool{}}
	t.was, t.is = h.engine(before), h.engine(after)
	world, err := line.NewWorld(nil, nil)
	if err != nil {
		panic("steer: the world without custom lines is refused: " + err.Error())
	}
	t.world = world
	t.reach(changes)
	t.samples = newSampler(before, after, h)

	out := Effect{Weighted: h.Queries != nil, Sampled: t.samples != nil, Names: []NameEffect{}, Lines: []LineMove{}, Records: t.records()}
	for _, k := range t.domains {
		n, distance := t.compare(k)
		switch {
		case n != nil:
			n.weigh(k.Name, h.Queries)
			out.Names = append(out.Names, *n)
			out.CachedFor = max(out.CachedFor, n.CachedFor)
			if n.Change == GoesEmpty {
				out.Empty++
			}
		case distance:
			out.ByDistance++
			fallthrough
		default:
			out.Unchanged++
		}
	}
	slices.SortFunc(out.Names, compareNames)
	if more := len(out.Names) - MaxEffects; more > 0 {
		out.Names, out.Omitted = slices.Clone(out.Names[:MaxEffects]), more
	}
	for _, c := range changes {
		if c.Key.Kind == traffic.KindSettings {
			out.NewMap = mapOf(c.Before) != mapOf(c.After)
		}
		if c.Key.Kind == traffic.KindLine && !slices.Equal(networks(c.Before), networks(c.After)) {
			out.Lines = append(out.Lines, LineMove{c.Key.Name, t.lineUsers(c.Key)})
		}
	}
	return out
}

// weigh notes how often the name and each of its lines were asked for.
func (n *NameEffect) weigh(domain string, queries func(string) map[string]uint64) {
	if queries == nil {
		return
	}
	by, sum := queries(domain), uint64(0)
	for _, q := range by { // of lines that it looked at earlier, too
		sum += q
	}
	n.Queries = &sum
	for i := range n.Classes {
		q := by[n.Classes[i].Line]
		n.Classes[i].Queries = &q
	}
	slices.SortFunc(n.Classes, compareClasses)
}

// compareNames puts those first that go empty, then those that were asked for most.
func compareNames(a, b NameEffect) int {
	rank := func(n NameEffect) int {
		if n.Change == GoesEmpty {
			return 0
		}
		return 1
	}
	return cmp.Or(rank(a)-rank(b), moreQueries(a.Queries, b.Queries), slices.Index(effectOrder, a.Change)-slices.Index(effectOrder, b.Change),
		strings.Compare(a.Name, b.Name), strings.Compare(a.Type, b.Type))
}

// moreQueries puts the larger number first; either both are known or none is.
func moreQueries(a, b *uint64) int {
	if a == nil || b == nil {
		return 0
	}
	return cmp.Compare(*b, *a)
}

// compare returns nil where no class changes, and whether distance plays a part.
func (t *touch) compare(k traffic.Key) (n *NameEffect, distance bool) {
	b, a := answered(t.before, k), answered(t.after, k)
	if b == nil && a == nil {
		return nil, false
	}
	lines := map[string]bool{"default": true}
	for _, s := range []struct {
		c Config
		d *traffic.AccessDomain
	}{{t.before, b}, {t.after, a}} {
		if s.d != nil {
			used, d := Uses(s.c, s.d)
			distance = distance || d
			for _, l := range used {
				lines[l] = true
			}
		}
	}
	n = &NameEffect{Change: Changed, Classes: make([]LineEffect, 0, len(lines))}
	n.Name, n.Type = domainName(k)
	empty, changed := false, false
	for l := range lines {
		c := Client{Lines: t.chainOf(l)}
		e := LineEffect{Line: l, Before: t.was.outcome(b, c), After: t.is.outcome(a, c)}
		e.Changed = !e.Before.equal(e.After)
		e.Empty = a != nil && e.After.empty() && (b == nil || !e.Before.empty())
		empty, changed = empty || e.Empty, changed || e.Changed
		if e.Changed {
			n.CachedFor = max(n.CachedFor, t.lives().of(n.Name, n.Type, e.Before))
		}
		n.Classes = append(n.Classes, e)
	}
	// Real clients tell what classes cannot: that a place is nearer now, or that a network
	// has moved to another line.
	n.Clients = t.clients(b, a, lines, distance)
	for i := range n.Clients {
		if e := &n.Clients[i]; e.Changed {
			empty, changed = empty || e.Empty, true
			n.CachedFor = max(n.CachedFor, t.lives().of(n.Name, n.Type, e.Before))
		}
	}
	switch {
	case !changed:
		return nil, distance
	case empty:
		n.Change = GoesEmpty
	case a == nil:
		n.Change = Disappears
	case b == nil:
		n.Change = Appears
	}
	slices.SortFunc(n.Classes, compareClasses)
	return n, distance
}

// compareClasses puts those that go empty first, then those that change; within, those
// that were asked for most. Where that is not known default leads its kind, since most
// clients without a line of their own are in it.
func compareClasses(x, y LineEffect) int {
	rank := func(e LineEffect) int {
		switch {
		case e.Empty:
			return 0
		case e.Changed:
			return 1
		}
		return 2
	}
	other := func(e LineEffect) int {
		if e.Line == "default" {
			return 0
		}
		return 1
	}
	return cmp.Or(rank(x)-rank(y), moreQueries(x.Queries, y.Queries), other(x)-other(y), strings.Compare(x.Line, y.Line))
}

// OutcomeOf is what Decide decides, in the form in which it is shown.
func (e *Engine) OutcomeOf(d *traffic.AccessDomain, c Client) *Outcome { return e.outcome(d, c) }

// Equal reports whether clients would see no difference.
func (o *Outcome) Equal(p *Outcome) bool { return o.equal(p) }

func (e *Engine) outcome(d *traffic.AccessDomain, c Client) *Outcome {
	if d == nil {
		return nil
	}
	dec := e.Decide(d, c)
	out := &Outcome{Basis: dec.Basis, Reason: dec.Reason.String(), ReasonSaid: dec.Reason, Rule: None.String(), Pools: make([]Option, 0, len(dec.Picks))}
	rule := alone(dec.Rule, len(dec.Picks))
	for _, p := range dec.Picks {
		inner := alone(p.Rule, len(p.Entries))
		o := Option{Pool: p.Pool, Type: d.Type, Rule: inner.String(), Answers: p.Answers, Addresses: make([]OptionAddress, 0, len(p.Entries))}
		if p.Alias {
			o.Type = "CNAME"
		}
		if rule == Draw {
			o.Weight = p.Weight
		}
		for _, a := range p.Entries {
			oa := OptionAddress{Address: a.Address, Value: a.Value}
			if inner == Draw {
				oa.Weight = a.Weight
			}
			o.Addresses = append(o.Addresses, oa)
		}
		out.Pools = append(out.Pools, o)
	}
	if len(out.Pools) > 0 {
		out.TTL, out.Rule = d.TTL, rule.String()
	}
	return out
}

// alone is the rule among n candidates: with one there is nothing to choose.
func alone(r Rule, n int) Rule {
	if n == 1 {
		return First
	}
	return r
}

// equal leaves the reasons aside: they say how an answer came to be, not what it is.
func (o *Outcome) equal(p *Outcome) bool {
	if o == nil || p == nil {
		return o == p
	}
	return o.Basis == p.Basis && o.TTL == p.TTL && o.Rule == p.Rule && slices.EqualFunc(o.Pools, p.Pools, func(x, y Option) bool {
		return x.Pool == y.Pool && x.Weight == y.Weight && x.Type == y.Type && x.Rule == y.Rule && x.Answers == y.Answers && slices.Equal(x.Addresses, y.Addresses)
	})
}

func (o *Outcome) empty() bool { return o.Basis == NoData || o.Basis == LastResort }
