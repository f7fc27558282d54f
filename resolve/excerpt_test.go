package resolve

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// TestAnExcerptExplainsLikeTheWhole: whatever is asked of any name, the part of the
// configuration that is cut out for it gives the explanation of the whole.
func TestAnExcerptExplainsLikeTheWhole(t *testing.T) {
	t.Parallel()
	owners := []string{"@", "www", "a", "b.a", "c.b.a", "*", "*.a", "x.y", "gtm", "sub", "in.sub", "alias", "d.www"}
	rapid.Check(t, func(t *rapid.T) {
		m := traffic.NewModel()
		d := traffic.NewDraft(m)
		put := func(kind traffic.Kind, body string, args ...any) {
			o, err := traffic.Decode(kind, fmt.Appendf(nil, body, args...))
			if err != nil {
				t.Fatal(err)
			}
			d.Put(o)
		}
		put(traffic.KindSettings, `{"nameservers":["ns1.example.net."]}`)
		put(traffic.KindTemplate, `{"name":"t","protocol":"ping"}`)
		put(traffic.KindLine, `{"name":"office","cidrs":["198.51.100.0/24"]}`)
		for _, z := range []string{"example.com", "sub.example.com", "example.org"} {
			if z == "example.com" || rapid.Bool().Draw(t, z) {
				put(traffic.KindZone, `{"name":%q,"enabled":%v}`, z, rapid.IntRange(0, 5).Draw(t, "zone") > 0)
			}
		}
		put(traffic.KindAddress, `{"name":"a1","address":"192.0.2.1","tasks":[{"template":"t"}]}`)
		put(traffic.KindAddress, `{"name":"a2","address":"192.0.2.2"}`)
		put(traffic.KindAddress, `{"name":"n1","address":"gtm.example.com"}`)
		put(traffic.KindPool, `{"name":"p","type":"IPv4","policy":"proximity","members":[{"address":"a1","lines":["office","cn"]},{"address":"a2"}]}`)
		put(traffic.KindPool, `{"name":"q","type":"IPv4","members":[{"address":"a1"}]}`)
		put(traffic.KindPool, `{"name":"names","type":"domain","members":[{"address":"n1"}]}`)
		data := map[string]string{"A": `["192.0.2.9"]`, "TXT": `["\"x\""]`, "CNAME": `["www.example.com."]`, "NS": `["ns.example.net."]`, "DNAME": `["example.org."]`}
		for _, owner := range owners {
			switch rapid.IntRange(0, 3).Draw(t, owner) {
			case 0:
				typ := rapid.SampledFrom([]string{"A", "TXT", "CNAME", "NS", "DNAME"}).Draw(t, "type")
				if owner != "@" {
					put(traffic.KindRecord, `{"zone":"example.com","name":%q,"type":%q,"data":%s,"enabled":%v}`, owner, typ, data[typ], rapid.IntRange(0, 4).Draw(t, "record") > 0)
				}
			case 1:
				name := "example.com"
				if owner != "@" {
					name = owner + ".example.com"
				}
				pool := rapid.SampledFrom([]string{"p", "q", "names"}).Draw(t, "pool")
				if owner == "@" && pool == "names" || owner == "gtm" {
					pool = "p"
				}
				put(traffic.KindAccessDomain, `{"name":%q,"type":"A","policy":"proximity","pools":[{"pool":%q,"lines":["office"]},{"pool":"q"}],"enabled":%v}`, name, map[bool]string{true: "p", false: pool}[pool == "names"], rapid.IntRange(0, 4).Draw(t, "domain") > 0)
				if pool == "names" {
					put(traffic.KindAccessDomain, `{"name":%q,"type":"A","pools":[{"pool":"names"}]}`, name)
				}
			}
		}
		if !d.Check().OK() {
			t.Skip("it does not hold together")
		}
		down := rapid.Bool().Draw(t, "down")
		state := func(config []traffic.Change) *State {
			s := NewState(Options{Workers: 1, Currents: noMoves{}, Verdict: func(traffic.TaskKey) verdict.Verdict {
				if down {
					return verdict.Verdict{State: verdict.Down}
				}
				return verdict.Verdict{State: verdict.Up}
			}})
			if err := s.Apply(traffic.Position{Epoch: 1, Revision: 1}, true, config); err != nil {
				t.Fatal(err)
			}
			return s
		}
		whole := state(d.Changes())
		for _, owner := range append(owners, "none", "none.a", "none.b.a", "y", "none.x.y", "deep.er.www", "none.sub") {
			q := steer.Question{Name: owner + ".example.com", Type: rapid.SampledFrom([]string{"A", "TXT", "CNAME"}).Draw(t, "asked"), Line: rapid.SampledFrom([]string{"", "office", "cn", "default"}).Draw(t, "line"), Down: []string{"a2"}}
			if owner == "@" {
				q.Name = "example.com"
			}
			want, err := whole.Explain(q)
			if err != nil {
				t.Fatal(err)
			}
			names := []string{q.Name}
			for _, s := range want.Steps { // as whoever asks grows it
				names = append(names, s.Name)
			}
			got, err := state(d.Excerpt(names, q.Down)).Explain(q)
			if err != nil {
				t.Fatal(err)
			}
			a, _ := json.Marshal(want)
			b, _ := json.Marshal(got)
			if string(a) != string(b) {
				t.Fatalf("%s %s:\nwhole   %s\nexcerpt %s", q.Name, q.Type, a, b)
			}
		}
	})
}

// noMoves has no current members.
type noMoves struct{}

func (noMoves) Get(traffic.Key) (traffic.Current, bool) { return traffic.Current{}, false }
func (noMoves) Move(k traffic.Key, member string) traffic.Current {
	return traffic.Current{Scope: k, Member: member}
}
