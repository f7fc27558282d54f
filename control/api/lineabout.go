package api

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
)

// lineAbout is all that there is to know of one line, built-in or custom.
type lineAbout struct {
	Code     string        `json:"code"`
	Custom   bool          `json:"custom"`
	Enabled  bool          `json:"enabled"`
	Category string        `json:"category" enum:"custom,search,cloud,isp,region,default"`
	NameEN   string        `json:"name_en"`
	NameZH   string        `json:"name_zh"`
	Alias    string        `json:"alias,omitempty" doc:"Alibaba Cloud's code for the same set, accepted too."`
	Parents  []string      `json:"parents" doc:"Lines above it in the tree, the nearest first."`
	Children []string      `json:"children" doc:"Lines right below it in the tree."`
	Chain    []string      `json:"chain" doc:"Lines of a typical client of it, most specific first: the order in which proximity looks."`
	Networks int           `json:"networks,omitempty" doc:"Of a custom line."`
	Holds    *line.Holding `json:"holds,omitempty" doc:"What a built-in line holds of the location map."`
	UsedBy   []traffic.Key `json:"used_by" doc:"Access domains, pools and assertions that name it; at most 100."`
	More     int           `json:"more_users" doc:"How many there are besides."`
}

// lineMatchRequest asks which lines hold a client, and how a custom line that is not
// there yet would stand beside those that are.
type lineMatchRequest struct {
	Client string   `json:"client,omitempty" doc:"An IP address or a network; of a network its first address is placed."`
	CIDRs  []string `json:"cidrs,omitempty" doc:"Networks of a custom line that is being written; at most 100000."`
	Name   string   `json:"name,omitempty" doc:"Its name, so that it is not compared with itself."`
}

type lineMatchAnswer struct {
	Client *clientPlace `json:"client,omitempty"`
	Draft  *lineDraft   `json:"draft,omitempty"`
}

// clientPlace is where a client is and which lines hold it.
type clientPlace struct {
	Client      string            `json:"client"`
	Lines       []line.Match      `json:"lines" doc:"Most specific first, each with why; the last is default."`
	Country     string            `json:"country,omitempty"`
	Subdivision string            `json:"subdivision,omitempty"`
	ISP         string            `json:"isp,omitempty"`
	Confidence  string            `json:"confidence" enum:"none,low,medium,high"`
	Prefix      string            `json:"prefix" doc:"All of it is held by the same lines."`
	Point       *traffic.Location `json:"point,omitempty" doc:"From where distances are measured; absent when the place is not known well enough."`
	InDraft     string            `json:"in_draft,omitempty" doc:"Network of the draft that holds it."`
}

// lineDraft is how the networks of a draft stand.
type lineDraft struct {
	Networks  int               `json:"networks" doc:"Different ones that can be read."`
	Duplicate int               `json:"duplicate" doc:"Networks that stand twice."`
	Inside    int               `json:"inside" doc:"Networks that lie within another of the draft."`
	Invalid   []traffic.Problem `json:"invalid" doc:"Those that cannot be read; at most 100."`
	Overlaps  []lineOverlap     `json:"overlaps" doc:"Custom lines that hold some of the same clients."`
	Places    []draftPlace      `json:"places" doc:"Countries of its networks, the most first; at most 20."`
}

type lineOverlap struct {
	Line     string   `json:"line"`
	Equal    int      `json:"equal" doc:"Networks that both have: of two lines with one network the one whose name comes first by letter wins."`
	Wider    int      `json:"wider" doc:"Networks of the line that hold one of the draft: there the draft wins."`
	Narrower int      `json:"narrower" doc:"Networks of the line within one of the draft: there the line wins."`
	Examples []string `json:"examples" doc:"Some networks of the line, at most 5."`
}

type draftPlace struct {
	Country  string `json:"country" doc:"Like cn; empty where it is not known."`
	Networks int    `json:"networks"`
}

func (s *server) lineAboutRoutes() {
	s.route(route{method: "GET", path: "/lines/{name}/about", id: "aboutLine", summary: "What a line holds and who uses it, built-in or custom", tag: "Lines", need: auth.Viewer,
		answer: s.schemaOf(reflect.TypeFor[lineAbout]()), handle: s.aboutLine})
	s.route(route{method: "POST", path: "/lines/match", id: "matchLines", summary: "Which lines hold a client and why, and how a draft of a custom line overlaps others", tag: "Lines", need: auth.Viewer,
		body: s.schemaOf(reflect.TypeFor[lineMatchRequest]()), answer: s.schemaOf(reflect.TypeFor[lineMatchAnswer]()), handle: s.matchLines})
}

// mostUsers bounds who is named as using a line.
const mostUsers = 100

func (s *server) aboutLine(c *call) (answer, error) {
	ref, chains := c.PathValue("name"), s.chains()
	out := lineAbout{Enabled: true, Parents: []string{}, Children: []string{}, UsedBy: []traffic.Key{}}
	if in, ok := line.Lookup(ref); ok {
		out.Code, out.Category, out.NameEN, out.NameZH, out.Alias = in.Code, in.Category.String(), in.NameEN, in.NameZH, in.Alias
		for p := in.Parent; p != ""; {
			out.Parents = append(out.Parents, p)
			up, _ := line.Lookup(p)
			p = up.Parent
		}
		for _, l := range line.All() {
			if l.Parent == in.Code && l.Code != in.Code {
				out.Children = append(out.Children, l.Code)
			}
		}
		m := line.EmptyMap()
		if w := s.world(); w != nil {
			m = w.Map()
		}
		h := m.Holds(in.Code)
		out.Holds = &h
	} else {
		key, err := s.control.Resolve(traffic.KindLine, ref)
		if err != nil {
			return answer{}, err
		}
		o, err := s.control.Get(key)
		if err != nil {
			return answer{}, err
		}
		l := o.Object.(*traffic.Line)
		out.Code, out.Custom, out.Enabled, out.Category, out.NameEN, out.NameZH, out.Networks = l.Name, true, l.Enabled, line.CategoryCustom.String(), l.Name, l.Name, len(l.CIDRs)
		out.Parents = append(out.Parents, line.Default)
	}
	out.Chain = chains(out.Code)
	s.control.View(func(m *traffic.Model, _ traffic.Position) { out.UsedBy, out.More = lineUsers(m, out.Code) })
	return answer{body: out}, nil
}

// lineUsers finds who names a line. Built-in ones are no objects, so all are looked through.
func lineUsers(m *traffic.Model, code string) (users []traffic.Key, more int) {
	users = []traffic.Key{}
	use := func(k traffic.Key, links func(func([]string) bool) bool) {
		if links(func(lines []string) bool { return slices.Contains(lines, code) }) {
			if users = append(users, k); len(users) > 8*mostUsers { // cut now and then
				slices.SortFunc(users, compareKeys)
				more += len(users) - mostUsers
				users = users[:mostUsers]
			}
		}
	}
	m.Each(traffic.KindAccessDomain, func(o traffic.Object) bool {
		use(o.Key(), func(has func([]string) bool) bool {
			return slices.ContainsFunc(o.(*traffic.AccessDomain).Pools, func(p traffic.PoolMember) bool { return has(p.Lines) })
		})
		return true
	})
	m.Each(traffic.KindPool, func(o traffic.Object) bool {
		use(o.Key(), func(has func([]string) bool) bool {
			return slices.ContainsFunc(o.(*traffic.Pool).Members, func(a traffic.Member) bool { return has(a.Lines) })
		})
		return true
	})
	m.Each(traffic.KindAssertion, func(o traffic.Object) bool {
		use(o.Key(), func(has func([]string) bool) bool { return has([]string{o.(*traffic.Assertion).Line}) })
		return true
	})
	slices.SortFunc(users, compareKeys)
	if n := len(users) - mostUsers; n > 0 {
		users, more = users[:mostUsers], more+n
	}
	return users, more
}

func compareKeys(a, b traffic.Key) int {
	if c := slices.Index(traffic.Kinds, b.Kind) - slices.Index(traffic.Kinds, a.Kind); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

const mostNetworks = 100_000

func (s *server) matchLines(c *call) (answer, error) {
	in, err := decode[lineMatchRequest](s, c)
	if err != nil {
		return answer{}, err
	}
	if in.Client == "" && in.CIDRs == nil {
		return answer{}, invalidField("client", "required", "give a client, networks of a draft in cidrs, or both")
	}
	if len(in.CIDRs) > mostNetworks {
		return answer{}, invalidField("cidrs", "too_many", fmt.Sprintf("has %d networks; a custom line has at most %d", len(in.CIDRs), mostNetworks))
	}
	w := s.world()
	if w == nil {
		return answer{}, control.ErrUnavailable
	}
	out := lineMatchAnswer{}
	var prefixes []netip.Prefix
	if in.CIDRs != nil {
		out.Draft, prefixes = s.draftLine(in, w)
	}
	if in.Client != "" {
		p, err := traffic.ParsePrefix(in.Client)
		if err != nil {
			return answer{}, invalidField("client", "invalid_value", fmt.Sprintf("%q is neither an IP address nor a network", in.Client))
		}
		at := w.Locate(p.Masked().Addr())
		out.Client = &clientPlace{Client: in.Client, Lines: at.Lines, Country: at.Country, Subdivision: at.Subdivision, ISP: at.ISP, Confidence: at.Confidence, Prefix: at.Prefix.String()}
		if at.PointOK {
			out.Client.Point = &traffic.Location{Latitude: at.Point.Lat, Longitude: at.Point.Lon}
		}
		longest := -1
		for _, d := range prefixes {
			if d.Contains(p.Masked().Addr()) && d.Bits() > longest {
				longest, out.Client.InDraft = d.Bits(), d.String()
			}
		}
	}
	return answer{body: out}, nil
}

// draftLine compares the networks of a draft with those of all custom lines. Each is
// looked up with its own ancestors, so that 100,000 beside 100,000 take no 10^10 steps.
func (s *server) draftLine(in lineMatchRequest, w *line.World) (*lineDraft, []netip.Prefix) {
	out := &lineDraft{Invalid: []traffic.Problem{}, Overlaps: []lineOverlap{}, Places: []draftPlace{}}
	mine := map[netip.Prefix]bool{}
	var list []netip.Prefix
	for i, text := range in.CIDRs {
		p, err := traffic.ParsePrefix(text)
		if err != nil {
			if len(out.Invalid) < maxFindings {
				out.Invalid = append(out.Invalid, traffic.Problem{Field: fmt.Sprintf("cidrs[%d]", i), Code: "invalid_network", Message: fmt.Sprintf("%q is not a network; write one like 198.51.100.0/24", text)})
			}
			continue
		}
		p = p.Masked()
		if mine[p] {
			out.Duplicate++
			continue
		}
		mine[p] = true
		list = append(list, p)
	}
	out.Networks = len(list)
	places := map[string]int{}
	for _, p := range list {
		if above(p, mine) {
			out.Inside++
		}
		places[w.Map().Country(p.Addr())]++
	}
	for country, n := range places {
		out.Places = append(out.Places, draftPlace{country, n})
	}
	slices.SortFunc(out.Places, func(a, b draftPlace) int {
		if a.Networks != b.Networks {
			return b.Networks - a.Networks
		}
		return strings.Compare(a.Country, b.Country)
	})
	out.Places = out.Places[:min(len(out.Places), 20)]
	var lines []*traffic.Line
	s.control.View(func(m *traffic.Model, _ traffic.Position) {
		m.Each(traffic.KindLine, func(o traffic.Object) bool {
			if l := o.(*traffic.Line); l.Name != in.Name && l.Enabled {
				lines = append(lines, l)
			}
			return true
		})
	})
	for _, l := range lines {
		theirs := map[netip.Prefix]bool{}
		o := lineOverlap{Line: l.Name, Examples: []string{}}
		example := func(p netip.Prefix) {
			if len(o.Examples) < 5 {
				o.Examples = append(o.Examples, p.String())
			}
		}
		for _, p := range l.Prefixes() {
			p = p.Masked()
			theirs[p] = true
			switch {
			case mine[p]:
				o.Equal++
				example(p)
			case above(p, mine):
				o.Narrower++
				example(p)
			}
		}
		wide := map[netip.Prefix]bool{}
		for _, p := range list {
			for bits := p.Bits() - 1; bits >= 0; bits-- {
				if up, _ := p.Addr().Prefix(bits); theirs[up] && !wide[up] {
					wide[up] = true
					o.Wider++
					example(up)
				}
			}
		}
		if o.Equal+o.Wider+o.Narrower > 0 {
			out.Overlaps = append(out.Overlaps, o)
		}
	}
	slices.SortFunc(out.Overlaps, func(a, b lineOverlap) int { return strings.Compare(a.Line, b.Line) })
	return out, list
}

// above reports whether a set holds a wider network around p.
func above(p netip.Prefix, set map[netip.Prefix]bool) bool {
	for bits := p.Bits() - 1; bits >= 0; bits-- {
		if up, _ := p.Addr().Prefix(bits); set[up] {
			return true
		}
	}
	return false
}
