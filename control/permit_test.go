package control_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

// labelled gives an object the label team.
func labelled(o traffic.Object, team string) traffic.Object {
	m := map[string]string{"team": team}
	switch v := o.(type) {
	case *traffic.Address:
		v.Labels = m
	case *traffic.Pool:
		v.Labels = m
	case *traffic.Zone:
		v.Labels = m
	case *traffic.Record:
		v.Labels = m
	case *traffic.AccessDomain:
		v.Labels = m
	case *traffic.Assertion:
		v.Labels = m
	case *traffic.Settings:
		v.Labels = m
	}
	return o
}

// team permits what carries the label.
func team(name string) control.Permit {
	return func(labels map[string]string) bool { return labels["team"] == name }
}

func assertion(name, pool string) traffic.Object {
	return object(traffic.KindAssertion, func(a *traffic.Assertion) { a.Name, a.Expect.Pool = name, pool })
}

func settings(server string) traffic.Object {
	return object(traffic.KindSettings, func(v *traffic.Settings) {
		v.Nameservers, v.SOA.Contact = []string{server}, "hostmaster.example.net."
	})
}

func headOf(t *testing.T, s *control.Service) traffic.Position {
	t.Helper()
	p, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestScopedOperators holds each way of writing to the labels of what it writes. Every
// refusal names the object that is out of reach, and leaves all as it was.
func TestScopedOperators(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open2 func() *store.Store) {
		s := open(t, open2())
		must(t, s, put(settings("ns1.example.net.")))
		must(t, s, put(
			labelled(zone("a.example"), "a"), labelled(zone("b.example"), "b"), zone("shared.example"),
			labelled(address("a1", "192.0.2.1"), "a"), labelled(address("b1", "192.0.2.2"), "b"), address("c1", "192.0.2.3"),
			labelled(pool("pa", "a1"), "a"), labelled(pool("pb", "b1"), "b"),
			labelled(domain("w.shared.example", "pa"), "a"), labelled(domain("v.shared.example", "pb"), "b"),
			labelled(record("shared.example", "own", "A", "192.0.2.9"), "a"), record("shared.example", "x", "A", "192.0.2.9"),
			record("b.example", "x", "A", "192.0.2.9"), record("a.example", "x", "A", "192.0.2.9")))
		first := must(t, s, put(labelled(address("b1", "192.0.2.22"), "b"))).Revision
		inB := put(labelled(address("b2", "192.0.2.4"), "b"))
		inB.Set = "b"
		must(t, s, inB)
		key := func(o traffic.Object) traffic.Key { o.Normalize(); return o.Key() }
		rollback, err := s.Rollback(t.Context(), first-1)
		if err != nil {
			t.Fatal(err)
		}
		revert, err := s.Revert(t.Context(), first)
		if err != nil {
			t.Fatal(err)
		}
		aaaa := domain("w.shared.example", "pa").(*traffic.AccessDomain)
		aaaa.Type, aaaa.Pools, aaaa.Enabled = "AAAA", nil, false

		for _, row := range []struct {
			name string
			cs   control.ChangeSet
			deny string // object that the refusal names, "" for none
		}{
			{"changes its own address", put(labelled(address("a1", "192.0.2.11"), "a")), ""},
			{"makes an address with its label", put(labelled(address("a2", "192.0.2.12"), "a")), ""},
			{"uses another's address in its own pool", put(labelled(pool("pa", "a1", "b1"), "a")), ""},
			{"changes a record of its own zone, which needs no label", put(record("a.example", "x", "A", "192.0.2.10")), ""},
			{"makes a name in its own zone", put(record("a.example", "y", "A", "192.0.2.10"), labelled(domain("z.a.example", "pa"), "a")), ""},
			{"makes a zone below its own", put(labelled(zone("sub.a.example"), "a")), ""},
			{"makes a zone below nobody's", put(labelled(zone("new.test"), "a"), record("new.test", "x", "A", "192.0.2.1")), ""},
			{"changes its own record in a shared zone", put(labelled(record("shared.example", "own", "A", "192.0.2.10"), "a")), ""},
			{"changes its own access domain in a shared zone, whose serial follows", put(labelled(domain("w.shared.example", "pb"), "a")), ""},
			{"adds a type to its own name in a shared zone", put(labelled(aaaa, "a")), ""},
			{"deletes its own", control.ChangeSet{Delete: []traffic.Key{key(address("a2", "192.0.2.1"))}}, ""},
			{"sends what is another's unchanged", put(labelled(pool("pb", "b1"), "b"), labelled(address("a1", "192.0.2.111"), "a")), ""},
			{"replaces the records of its own zone", control.ChangeSet{Put: []traffic.Object{record("a.example", "q", "A", "192.0.2.1")}, ReplaceRecords: []string{"a.example"}}, ""},

			{"changes another's", put(labelled(address("b1", "192.0.2.11"), "b")), "address b1"},
			{"changes what carries no label", put(address("c1", "192.0.2.11")), "address c1"},
			{"makes what carries no label", put(address("c2", "192.0.2.11")), "address c2"},
			{"takes another's by relabelling it", put(labelled(address("b1", "192.0.2.22"), "a")), "address b1"},
			{"gives its own away by relabelling it", put(labelled(address("a1", "192.0.2.11"), "b")), "address a1"},
			{"takes the label off", put(address("a1", "192.0.2.11")), "address a1"},
			{"deletes another's", control.ChangeSet{Delete: []traffic.Key{key(domain("v.shared.example", "pb"))}}, "access_domain v.shared.example/A"},
			{"hides one of another's among its own", put(labelled(address("a3", "192.0.2.11"), "a"), labelled(address("b1", "192.0.2.11"), "b")), "address b1"},
			{"makes a record in a shared zone with its label", put(labelled(record("shared.example", "n", "A", "192.0.2.1"), "a")), "zone shared.example"},
			{"makes an access domain in another's zone", put(labelled(domain("n.b.example", "pa"), "a")), "zone b.example"},
			{"makes a zone below another's", put(labelled(zone("sub.b.example"), "a")), "zone b.example"},
			{"changes a record of another's zone", put(record("b.example", "x", "A", "192.0.2.10")), "record b.example/x.b.example/A"},
			{"labels a record of another's zone", put(labelled(record("b.example", "x", "A", "192.0.2.9"), "a")), "record b.example/x.b.example/A"},
			{"deletes another's zone", control.ChangeSet{Delete: []traffic.Key{key(zone("b.example"))}}, "record b.example/x.b.example/A"},
			{"replaces the records of another's zone", control.ChangeSet{ReplaceRecords: []string{"b.example"}}, "record b.example/x.b.example/A"},
			{"changes the settings", put(settings("ns2.example.net.")), "settings settings"},
			{"labels the settings", put(labelled(settings("ns1.example.net."), "a")), "settings settings"},
			{"rolls back what another changed", rollback, "address b2"},
			{"reverts what another changed", revert, "address b1"},
			{"binds another's name by an assertion", put(labelled(assertion("v.shared.example", "pb"), "a")), "access_domain v.shared.example/A"},
			{"prunes another's set", control.ChangeSet{Set: "b", Prune: true}, "address b2"},
			{"moves another's into its set, to prune it later", control.ChangeSet{Set: "a", Put: []traffic.Object{labelled(address("b2", "192.0.2.4"), "b")}}, "address b2"},
		} {
			before := headOf(t, s)
			row.cs.Permit = team("a")
			_, err := s.Plan(t.Context(), row.cs)
			_, err2 := s.Commit(t.Context(), row.cs)
			if row.deny == "" {
				if err != nil || err2 != nil {
					t.Errorf("who %s is refused: %v, %v", row.name, err, err2)
				}
				continue
			}
			for _, err := range []error{err, err2} {
				var d *control.Denied
				if !errors.As(err, &d) || d.Key.String() != row.deny {
					t.Errorf("who %s: got %v, want a refusal that names %s", row.name, err, row.deny)
				}
			}
			if after := headOf(t, s); after != before {
				t.Errorf("who %s: the head moved to %v", row.name, after)
			}
		}
		// Nothing moved by the refused attempt: the set still prunes what it held.
		prune := control.ChangeSet{Set: "b", Prune: true, Author: "ann"}
		if res := must(t, s, prune); !slices.ContainsFunc(res.Changes, func(c control.ObjectChange) bool { return c.Name == "b2" && c.Action == "delete" }) {
			t.Errorf("set b no longer holds b2: %+v", res.Changes)
		}
	})
}
