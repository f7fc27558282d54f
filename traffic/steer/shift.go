package steer

import (
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// Shift is what a change of health did to a configuration that stayed: which addresses
// and pools became available or not, and which access domains answer otherwise.
type Shift struct {
	Addresses, Pools []Availability // by name; only those that differ
	Domains          []NameEffect   // only those that differ, each with the classes that do; those first that go empty
	Skipped          int            // access domains that were reached and not compared
}

// Availability is the state that an address or a pool came to.
type Availability struct {
	Name      string
	Available bool
	Reason    said.Said
}

// ShiftOf compares two moments for all that some addresses reach, and at most limit
// access domains. The two must agree about all other addresses.
func ShiftOf(c Side, before, after Health, addresses []string, limit int) Shift {
	t := &touch{before: c, after: c, sides: []Side{c}, changed: map[traffic.Key]traffic.Change{}, seen: map[traffic.Key]bool{}, limit: limit}
	t.was, t.is = before.engine(c), after.engine(c)
	world, err := line.NewWorld(nil, nil)
	if err != nil {
		panic("steer: the world without custom lines is refused: " + err.Error())
	}
	t.world = world
	var changes []traffic.Change
	for _, a := range addresses {
		changes = append(changes, traffic.Change{Key: traffic.Key{Kind: traffic.KindAddress, Name: a}})
	}
	t.reach(changes)

	out := Shift{Skipped: t.skipped}
	for k := range t.seen {
		switch k.Kind {
		case traffic.KindAddress:
			if was, is := t.was.Address(k.Name), t.is.Address(k.Name); was.Available != is.Available {
				out.Addresses = append(out.Addresses, Availability{k.Name, is.Available, is.Reason})
			}
		case traffic.KindPool:
			if was, is := t.was.Pool(k.Name), t.is.Pool(k.Name); was.Available != is.Available {
				out.Pools = append(out.Pools, Availability{k.Name, is.Available, is.Reason})
			}
		}
	}
	byName := func(a, b Availability) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(out.Addresses, byName)
	slices.SortFunc(out.Pools, byName)
	for _, k := range t.domains {
		if n, _ := t.compare(k); n != nil {
			n.Classes = slices.DeleteFunc(n.Classes, func(e LineEffect) bool { return !e.Changed })
			out.Domains = append(out.Domains, *n)
		}
	}
	slices.SortFunc(out.Domains, compareNames)
	return out
}
