package auth_test

import (
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/control/auth"
)

func TestRoles(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name       string
		have, need auth.Role
		want       bool
	}{
		{"an admin may all", auth.Admin, auth.Operator, true},
		{"an operator reads", auth.Operator, auth.Viewer, true},
		{"an operator makes no tokens", auth.Operator, auth.Admin, false},
		{"a viewer writes nothing", auth.Viewer, auth.Operator, false},
		{"a role of a newer release may nothing here", "auditor", auth.Viewer, false},
		{"no role may nothing", "", auth.Viewer, false},
		{"a need that nobody knows is met by nobody", auth.Admin, "superuser", false},
	} {
		if got := row.have.Allows(row.need); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

func grants(t *testing.T, texts ...string) auth.Grants {
	t.Helper()
	var gs auth.Grants
	for _, s := range texts {
		g, err := auth.ParseGrant(s)
		if err != nil {
			t.Fatal(err)
		}
		gs = append(gs, g)
	}
	return gs
}

func TestGrantsReach(t *testing.T) {
	t.Parallel()
	web := map[string]string{"team": "web", "env": "prod"}
	for _, row := range []struct {
		name   string
		have   []string
		need   auth.Role
		labels map[string]string
		want   bool
	}{
		{"an operator writes all", []string{"operator"}, auth.Operator, nil, true},
		{"a scoped one writes what carries its labels", []string{"operator:team=web"}, auth.Operator, web, true},
		{"and not what carries another value", []string{"operator:team=db"}, auth.Operator, web, false},
		{"nor what carries none", []string{"operator:team=web"}, auth.Operator, nil, false},
		{"nor what lacks one of two", []string{"operator:team=web,zone=x"}, auth.Operator, web, false},
		{"two grants add up", []string{"operator:team=db", "operator:env=prod"}, auth.Operator, web, true},
		{"a viewer with a scoped grant writes there only", []string{"viewer", "operator:team=web"}, auth.Operator, nil, false},
		{"an admin writes all", []string{"admin"}, auth.Operator, web, true},
		{"nobody is admin by labels", []string{"operator:team=web"}, auth.Admin, web, false},
	} {
		if got := grants(t, row.have...).On(row.need, row.labels); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

func TestGrantsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "god", "operator:", "operator:web", "viewer:team=web", "admin:team=web", "operator:a=b,a=c", "operator:=x"} {
		if g, err := auth.ParseGrant(s); err == nil {
			t.Errorf("%q is %v", s, g)
		}
	}
	for _, g := range []auth.Grant{{Role: auth.Operator, Labels: map[string]string{"a,b": "c"}}, {Role: auth.Operator, Labels: map[string]string{"a=b": "c"}}, {Role: auth.Operator, Labels: map[string]string{"a": " b"}}} {
		if g.Check() == nil {
			t.Errorf("%v passes", g)
		}
	}
	if (auth.Grants{}).Check() == nil || (make(auth.Grants, 65)).Check() == nil {
		t.Error("no grants, or more than 64, pass")
	}
}

// TestOlderReleasesDoNotTakeAScopedGrantForAWholeOne: they read the column role alone.
func TestOlderReleasesDoNotTakeAScopedGrantForAWholeOne(t *testing.T) {
	t.Parallel()
	gs := grants(t, "viewer", "operator:team=web")
	role, text := gs.Columns()
	if old := auth.ReadGrants(role, ""); old.Some(auth.Viewer) || old.Role() != "" {
		t.Errorf("role %q grants %v to a release that knows no grants", role, old)
	}
	if back := auth.ReadGrants(role, text); back.String() != gs.String() {
		t.Errorf("%v came back as %v", gs, back)
	}
	if old := auth.ReadGrants("operator", ""); !old.Whole(auth.Operator) {
		t.Errorf("a token of an older release: %v", old)
	}
	if role, text := (auth.Grants{}).Columns(); auth.ReadGrants(role, text).Some(auth.Viewer) || auth.ReadGrants("admin", "{").Some(auth.Viewer) {
		t.Error("no grants, or unreadable ones, grant something")
	}
}

var someLabels = rapid.MapOfN(rapid.SampledFrom([]string{"team", "env"}), rapid.SampledFrom([]string{"a", "b"}), 0, 2)

var someGrants = rapid.Custom(func(t *rapid.T) auth.Grants {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) auth.Grant {
		g := auth.Grant{Role: rapid.SampledFrom([]auth.Role{auth.Admin, auth.Operator, auth.Viewer, "king"}).Draw(t, "role")}
		if g.Role == auth.Operator {
			g.Labels = someLabels.Draw(t, "labels")
		}
		return g
	}), 0, 3).Draw(t, "grants")
})

// TestNobodyHandsOnMore holds Cover and Within to what they are for, role by role and
// object by object.
func TestNobodyHandsOnMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, labels := someGrants.Draw(t, "a"), someGrants.Draw(t, "b"), someLabels.Draw(t, "labels")
		for _, role := range auth.Roles {
			onA, onB := a.On(role, labels), b.On(role, labels)
			if a.Cover(b) && onB && !onA {
				t.Fatalf("%v cover %v, and are not %s on %v", a, b, role, labels)
			}
			both := a.Within(b)
			// Two scoped operators may meet on no object, and then not even read.
			if got := both.On(role, labels); got != (onA && onB) && (role != auth.Viewer || got) {
				t.Fatalf("%v within %v is %v: %s on %v is %v", a, b, both, role, labels, got)
			}
			if !a.Cover(both) || !b.Cover(both) {
				t.Fatalf("%v within %v is %v, which is more than they have", a, b, both)
			}
		}
	})
}

func FuzzParseGrant(f *testing.F) {
	for _, s := range []string{"viewer", "operator:team=web,env=prod", "operator:a=b, c=d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := auth.ParseGrant(s)
		if err != nil {
			return
		}
		again, err := auth.ParseGrant(g.String())
		if err != nil || again.Role != g.Role || !maps.Equal(again.Labels, g.Labels) {
			t.Fatalf("%q is %v, which is read as %v, %v", s, g, again, err)
		}
		if strings.Contains(s, ":") && len(g.Labels) == 0 {
			t.Fatalf("%q lost its labels", s)
		}
	})
}
