package api

import (
	"cmp"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
)

const (
	defaultHits = 5
	mostHits    = 50
)

// searchAnswer is what a command palette shows.
type searchAnswer struct {
	Items []hit          `json:"items" doc:"By kind, and within one the best first."`
	Total map[string]int `json:"total" doc:"How many there are of each kind."`
}

type hit struct {
	Kind  string `json:"kind" enum:"access_domain,pool,address,template,zone,record,line,builtin_line,override,node,vantage"`
	Name  string `json:"name"`
	ID    string `json:"id,omitempty"`
	Match string `json:"match" enum:"name,address,label,remark,data,network,id" doc:"Where the text was found."`
	Text  string `json:"text" doc:"What was found there."`
	Zone  string `json:"zone,omitempty" doc:"Of a record."`

	rank int
}

func (s *server) searchRoutes() {
	s.route(route{method: "GET", path: "/search", id: "search", summary: "Find objects of all kinds by name, address, label, remark, or by an IP address that a custom line holds", tag: "State", need: auth.Viewer,
		params: []*huma.Param{query("q", huma.TypeString, "Text, any case."), query("limit", huma.TypeInteger, fmt.Sprintf("Most of one kind, 1 to %d; default %d.", mostHits, defaultHits))},
		answer: s.schemaOf(reflect.TypeFor[searchAnswer]()), handle: s.search})
}

// searched are the kinds that are looked through, in the order of the answer.
var searched = []traffic.Kind{traffic.KindAccessDomain, traffic.KindPool, traffic.KindAddress, traffic.KindTemplate, traffic.KindZone, traffic.KindRecord, traffic.KindLine, traffic.KindOverride}

func (s *server) search(c *call) (answer, error) {
	q := strings.ToLower(strings.TrimSpace(c.URL.Query().Get("q")))
	limit := defaultHits
	if v := c.URL.Query().Get("limit"); v != "" {
		var err error
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > mostHits {
			return answer{}, invalidField("limit", "invalid_parameter", fmt.Sprintf("must be 1 to %d", mostHits))
		}
	}
	out := searchAnswer{Items: []hit{}, Total: map[string]int{}}
	if q == "" {
		return answer{body: out}, nil
	}
	found := map[string][]hit{}
	ip, _ := netip.ParseAddr(q)
	s.control.View(func(m *traffic.Model, _ traffic.Position) {
		for _, k := range searched {
			m.Each(k, func(o traffic.Object) bool {
				if h, ok := look4(o, q, ip); ok {
					found[string(k)] = append(found[string(k)], h)
				}
				return true
			})
		}
	})
	if key, ok := s.control.ByID(q); ok {
		found[string(key.Kind)] = append(found[string(key.Kind)], hit{Kind: string(key.Kind), Name: key.Name, Match: "id", Text: q})
	}
	for _, l := range line.All() {
		if h, ok := best(hit{Kind: "builtin_line", Name: l.Code}, q, text4{"name", l.Code}, text4{"name", l.Alias}, text4{"name", l.NameEN}, text4{"name", l.NameZH}); ok {
			found["builtin_line"] = append(found["builtin_line"], h)
		}
	}
	for _, n := range s.Live.Nodes() {
		if h, ok := best(hit{Kind: "node", Name: n.ID}, q, labels4(text4{"name", n.ID}, n.Labels)...); ok {
			found["node"] = append(found["node"], h)
		}
	}
	for _, v := range s.Live.Vantages() {
		if h, ok := best(hit{Kind: "vantage", Name: v.ID}, q, labels4(text4{"name", v.ID}, v.Labels)...); ok {
			found["vantage"] = append(found["vantage"], h)
		}
	}
	for _, kind := range append(kindWords(searched), "builtin_line", "node", "vantage") {
		list := found[kind]
		if len(list) == 0 {
			continue
		}
		slices.SortFunc(list, func(a, b hit) int {
			return cmp.Or(a.rank-b.rank, len(a.Name)-len(b.Name), strings.Compare(a.Name, b.Name))
		})
		out.Total[kind] = len(list)
		out.Items = append(out.Items, list[:min(len(list), limit)]...)
	}
	s.control.ViewMeta(func(_ *traffic.Model, _ traffic.Position, meta control.MetaOf) {
		for i := range out.Items {
			out.Items[i].ID = meta(traffic.Key{Kind: traffic.Kind(out.Items[i].Kind), Name: out.Items[i].Name}).ID
		}
	})
	return answer{body: out}, nil
}

func kindWords(list []traffic.Kind) (out []string) {
	for _, k := range list {
		out = append(out, string(k))
	}
	return out
}

// text4 is a text that is searched for something, and where it stands.
type text4 struct{ where, text string }

func labels4(first text4, labels map[string]string) []text4 {
	out := []text4{first}
	for k, v := range labels {
		out = append(out, text4{"label", k + "=" + v})
	}
	return out
}

// best finds the place where a text is met best: whole, at the beginning, within; names
// before all else.
func best(h hit, q string, texts ...text4) (hit, bool) {
	h.rank = -1
	for _, t := range texts {
		low := strings.ToLower(t.text)
		at := strings.Index(low, q)
		if at < 0 {
			continue
		}
		rank := 2
		switch {
		case low == q:
			rank = 0
		case at == 0:
			rank = 1
		}
		rank += 3 * max(0, slices.Index([]string{"name", "address", "label", "network", "data", "remark"}, t.where))
		if h.rank < 0 || rank < h.rank {
			h.rank, h.Match, h.Text = rank, t.where, t.text
		}
	}
	return h, h.rank >= 0
}

// look4 looks through one object; an IP address is found in the networks of lines too.
func look4(o traffic.Object, q string, ip netip.Addr) (hit, bool) {
	k := o.Key()
	h := hit{Kind: string(k.Kind), Name: k.Name}
	if v, ok := o.(*traffic.Override); ok {
		return best(h, q, text4{"name", v.ID}, text4{"data", v.Target}, text4{"label", v.Selector}, text4{"remark", v.Reason}, text4{"data", v.Author})
	}
	meta := control.SharedOf(o)
	texts := append(labels4(text4{"name", k.Name}, meta.Labels), text4{"remark", meta.Remark})
	switch v := o.(type) {
	case *traffic.Address:
		texts = append(texts, text4{"address", v.Address})
	case *traffic.Record:
		h.Zone = v.Zone
		texts[0].text = v.Owner()
		for _, d := range v.Data {
			texts = append(texts, text4{"data", d})
		}
	case *traffic.Line:
		if ip.IsValid() {
			for _, p := range v.Prefixes() {
				if p.Contains(ip) {
					h.Match, h.Text = "network", p.String()
					return h, true
				}
			}
		}
		for _, c := range v.CIDRs {
			texts = append(texts, text4{"network", c})
		}
	}
	return best(h, q, texts...)
}
