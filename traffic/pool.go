package traffic

import (
	"encoding/json"

	"github.com/meridian-gtm/meridian/traffic/line"
)

// Policy chooses among members, the same four at both levels.
type Policy string

// The policies.
const (
	Proximity  Policy = "proximity"
	Sequential Policy = "sequential"
	RoundRobin Policy = "round_robin"
	Weighted   Policy = "weighted"
)

// Modes of a sequential policy.
const (
	Preemptive    = "preemptive"
	NonPreemptive = "non_preemptive"
)

// Orders of a proximity policy.
const (
	OrderSerial   = "serial"
	OrderDistance = "distance"
)

// Steering is the part that pools and access domains share.
type Steering struct {
	Policy Policy `json:"policy" enum:"proximity,sequential,round_robin,weighted" default:"round_robin"`
	Mode   string `json:"mode,omitempty" enum:"preemptive,non_preemptive" doc:"sequential only; default preemptive."`
	Order  string `json:"order,omitempty" enum:"serial,distance" doc:"proximity only: how members on one line are ordered; default serial."`
}

func (s *Steering) normalize() {
	if s.Policy == Sequential && s.Mode == "" {
		s.Mode = Preemptive
	}
	if s.Policy == Proximity && s.Order == "" {
		s.Order = OrderSerial
	}
}

func (s *Steering) check(r *Report) {
	switch s.Policy {
	case Proximity, Sequential, RoundRobin, Weighted:
	default:
		r.Errorf("policy", "invalid_value", "is %q; use proximity, sequential, round_robin or weighted", string(s.Policy))
		return
	}
	switch {
	case s.Mode == "":
	case s.Policy != Sequential:
		r.Errorf("mode", "wrong_policy", "belongs to policy sequential; remove it")
	case s.Mode != Preemptive && s.Mode != NonPreemptive:
		r.Errorf("mode", "invalid_value", "is %q; use preemptive or non_preemptive", s.Mode)
	}
	switch {
	case s.Order == "":
	case s.Policy != Proximity:
		r.Errorf("order", "wrong_policy", "belongs to policy proximity; remove it")
	case s.Order != OrderSerial && s.Order != OrderDistance:
		r.Errorf("order", "invalid_value", "is %q; use serial or distance", s.Order)
	}
}

// Link is what a member carries at either level.
type Link struct {
	Serial  int      `json:"serial" doc:"Order of the member; default is its position." minimum:"1" maximum:"10000"`
	Weight  int      `json:"weight" default:"1" minimum:"1" maximum:"100"`
	Lines   []string `json:"lines" doc:"Lines of the clients it serves, for proximity; default [default]."`
	Enabled bool     `json:"enabled" default:"true"`
}

func defaultLink() Link { return Link{Weight: 1, Enabled: true} }

func (l *Link) normalize(pos int) {
	if l.Serial == 0 {
		l.Serial = pos + 1
	}
	if len(l.Lines) == 0 {
		l.Lines = []string{"default"}
	}
	for i, c := range l.Lines {
		// Written only when it differs: a draft may share the list with a model.
		if canon, ok := line.Canonical(c); ok && canon != c {
			l.Lines[i] = canon
		}
	}
}

func (l *Link) check(r *Report) {
	inRange(r, "serial", l.Serial, 1, 10000)
	inRange(r, "weight", l.Weight, 1, 100)
	if len(l.Lines) > maxLines {
		r.Errorf("lines", "too_many", "has %d lines; a member has at most %d", len(l.Lines), maxLines)
		return
	}
	seen := map[string]bool{}
	for i, c := range l.Lines {
		if c == "" {
			r.Errorf(index("lines", i), "required", "is empty; name a line, like default or cn")
		} else if seen[c] {
			r.Errorf(index("lines", i), "duplicate", "%q stands twice; remove one", c)
		}
		seen[c] = true
	}
}

func (l *Link) refs(f func(Key, string), field string) {
	for i, c := range l.Lines {
		if _, builtin := line.Lookup(c); !builtin {
			f(Key{KindLine, c}, index(field+".lines", i))
		}
	}
}

// Pool is a group of addresses of one family.
type Pool struct {
	Name string `json:"name"`
	Type Family `json:"type" enum:"IPv4,IPv6,domain"`
	Steering
	Answers   int       `json:"answers,omitempty" doc:"weighted: addresses per answer, default 1; round_robin: at most so many, default all." minimum:"0" maximum:"16"`
	Judgement Judgement `json:"judgement" enum:"any_ok,p30_ok,p50_ok,p70_ok,all_ok" default:"any_ok"`
	Members   []Member  `json:"members"`
	Meta
}

// Member links an address into a pool.
type Member struct {
	Address string `json:"address"`
	Link
}

// UnmarshalJSON sets the defaults before it reads.
func (m *Member) UnmarshalJSON(b []byte) error {
	type plain Member
	p := plain{Link: defaultLink()}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*m = Member(p)
	return nil
}

func defaultPool() *Pool {
	return &Pool{Type: IPv4, Steering: Steering{Policy: RoundRobin}, Judgement: AnyOK, Meta: Meta{Enabled: true}}
}

// UnmarshalJSON sets the defaults before it reads.
func (p *Pool) UnmarshalJSON(b []byte) error {
	type plain Pool
	v := plain(*defaultPool())
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*p = Pool(v)
	return nil
}

// Key implements Object.
func (p *Pool) Key() Key { return Key{KindPool, p.Name} }

// Normalize implements Object.
func (p *Pool) Normalize() {
	p.Meta.normalize()
	p.Steering.normalize()
	if p.Answers == 0 && p.Policy == Weighted {
		p.Answers = 1
	}
	if p.Members == nil {
		p.Members = []Member{}
	}
	for i := range p.Members {
		p.Members[i].Link.normalize(i)
	}
}

// maxMembers bounds the members of one pool or access domain: an answer of more
// addresses than this fits no datagram, and the model product stops at 50.
const maxMembers = 1000

// maxLines bounds the lines of one member: more than there are countries, ISPs and
// provinces together.
const maxLines = 1000

// Check implements Object.
func (p *Pool) Check(r *Report) {
	p.Meta.check(r)
	if err := checkObjectName(p.Name); err != nil {
		r.Errorf("name", "invalid_name", "%v", err)
	}
	switch p.Type {
	case IPv4, IPv6, Domain:
	default:
		r.Errorf("type", "invalid_value", "is %q; use IPv4, IPv6 or domain", string(p.Type))
	}
	p.Steering.check(r)
	p.Judgement.check(r)
	switch {
	case p.Answers < 0 || p.Answers > 16:
		r.Errorf("answers", "out_of_range", "is %d; use 1 to 16", p.Answers)
	case p.Answers > 0 && p.Policy != Weighted && p.Policy != RoundRobin:
		r.Errorf("answers", "wrong_policy", "belongs to the policies weighted and round_robin; remove it")
	case p.Answers > 1 && p.Type == Domain:
		r.Errorf("answers", "out_of_range", "is %d; a domain pool gives exactly one CNAME per answer", p.Answers)
	}
	if len(p.Members) > maxMembers {
		r.Errorf("members", "too_many", "has %d members; a pool has at most %d", len(p.Members), maxMembers)
		return
	}
	seen := map[string]bool{}
	for i := range p.Members {
		m := &p.Members[i]
		r.In(index("members", i), func() {
			if m.Address == "" {
				r.Errorf("address", "required", "is missing; name an address")
			} else if seen[m.Address] {
				r.Errorf("address", "duplicate", "%q is a member already; remove one", m.Address)
			}
			m.Link.check(r)
		})
		seen[m.Address] = true
	}
}

// Refs implements Object.
func (p *Pool) Refs(f func(Key, string)) {
	for i := range p.Members {
		field := index("members", i)
		f(Key{KindAddress, p.Members[i].Address}, field+".address")
		p.Members[i].Link.refs(f, field)
	}
}
