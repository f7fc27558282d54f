package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
)

// Grant gives a role on the objects that carry all of its labels; without labels, on
// everything.
type Grant struct {
	Role   Role              `json:"role" enum:"admin,operator,viewer" doc:"viewer reads, operator also changes the configuration, admin also handles users, tokens and nodes."`
	Labels map[string]string `json:"labels,omitempty" doc:"For operator: only objects that carry all of these labels; absent means everything."`
}

// maxGrants bounds what every request has to look through.
const maxGrants = 64

// ParseGrant reads "viewer" or "operator:team=web,env=prod".
func ParseGrant(s string) (Grant, error) {
	role, labels, scoped := strings.Cut(s, ":")
	g := Grant{Role: Role(role)}
	if scoped {
		sel, err := traffic.ParseSelector(labels)
		if err != nil || sel.ID != "" {
			return g, fmt.Errorf("grant %.80q: write ROLE or operator:KEY=VALUE,KEY=VALUE", s)
		}
		g.Labels = sel.Labels
	}
	return g, g.Check()
}

// Check says what is wrong with a grant.
func (g Grant) Check() error {
	switch {
	case !slices.Contains(Roles, g.Role):
		return fmt.Errorf("role %.40q is unknown; use admin, operator, viewer", g.Role)
	case len(g.Labels) == 0:
		return nil
	case g.Role != Operator:
		// Reads are whole for everyone, and what admins handle has no labels.
		return fmt.Errorf("labels narrow the role operator only, not %s", g.Role)
	}
	sel, err := traffic.ParseSelector(g.Selector())
	if err != nil || !maps.Equal(sel.Labels, g.Labels) {
		return errors.New("has a label that no object can have: keys and values are printable, without a comma and without spaces at their ends")
	}
	return nil
}

// Selector writes the labels as selectors are written.
func (g Grant) Selector() string {
	part := make([]string, 0, len(g.Labels))
	for _, k := range slices.Sorted(maps.Keys(g.Labels)) {
		part = append(part, k+"="+g.Labels[k])
	}
	return strings.Join(part, ",")
}

// String writes a grant as ParseGrant reads it.
func (g Grant) String() string {
	if len(g.Labels) == 0 {
		return string(g.Role)
	}
	return string(g.Role) + ":" + g.Selector()
}

// on reports whether the grant reaches what carries these labels.
func (g Grant) on(labels map[string]string) bool {
	return traffic.Selector{Labels: g.Labels}.Match("", labels)
}

// Grants are all that somebody may do.
type Grants []Grant

// Role returns the highest role, wherever it reaches; "" for none.
func (gs Grants) Role() Role {
	for _, r := range Roles {
		if slices.ContainsFunc(gs, func(g Grant) bool { return g.Role == r }) {
			return r
		}
	}
	return ""
}

// Some reports whether need is met somewhere, be it on few objects.
func (gs Grants) Some(need Role) bool {
	return slices.ContainsFunc(gs, func(g Grant) bool { return g.Role.Allows(need) })
}

// Whole reports whether need is met on everything.
func (gs Grants) Whole(need Role) bool { return gs.On(need, nil) }

// On reports whether need is met on what carries these labels. What carries none is
// reached by grants without labels only. Reads are whole for everyone who may read
// anything: what one team's names answer depends on pools, lines and templates of
// others, and there are no secrets in them.
func (gs Grants) On(need Role, labels map[string]string) bool {
	if need == Viewer {
		return gs.Some(Viewer)
	}
	return slices.ContainsFunc(gs, func(g Grant) bool { return g.Role.Allows(need) && g.on(labels) })
}

// Cover reports whether gs allow all that others do: each of the others is within one
// of gs. So nobody hands on more than they have.
func (gs Grants) Cover(others Grants) bool {
	for _, o := range others {
		// A grant's own labels are the least that its objects carry.
		if !gs.On(o.Role, o.Labels) {
			return false
		}
	}
	return true
}

// Within returns what both allow: each of gs as far as others reach it.
func (gs Grants) Within(others Grants) Grants {
	var out Grants
	for _, g := range gs {
		for _, o := range others {
			n := Grant{Role: lower(g.Role, o.Role)}
			labels, ok := join(g.Labels, o.Labels)
			if !ok || n.Role == "" {
				continue
			}
			if n.Role == Operator { // the only role that labels narrow
				n.Labels = labels
			}
			if !out.Cover(Grants{n}) {
				out = append(out, n)
			}
		}
	}
	return out
}

// lower returns the less powerful of two roles, "" if one is unknown.
func lower(a, b Role) Role {
	switch {
	case a.Allows(b):
		return b
	case b.Allows(a):
		return a
	}
	return ""
}

// join returns the labels that an object carries which two selectors pick; ok is false
// when there can be none.
func join(a, b map[string]string) (out map[string]string, ok bool) {
	out = maps.Clone(a)
	for k, v := range b {
		if have, there := out[k]; there && have != v {
			return nil, false
		}
		if out == nil {
			out = map[string]string{}
		}
		out[k] = v
	}
	return out, true
}

// Check says what is wrong with a list of grants.
func (gs Grants) Check() error {
	if len(gs) == 0 || len(gs) > maxGrants {
		return fmt.Errorf("are %d; give 1 to %d", len(gs), maxGrants)
	}
	for i, g := range gs {
		if err := g.Check(); err != nil {
			return fmt.Errorf("[%d] %w", i, err)
		}
	}
	return nil
}

// String writes the grants for people.
func (gs Grants) String() string {
	part := make([]string, len(gs))
	for i, g := range gs {
		part[i] = g.String()
	}
	return strings.Join(part, " ")
}

// scopedWord stands in the column role of somebody whose grants have labels. Releases
// before grants know the column alone and no such role: they allow nothing, rather
// than everything.
const scopedWord = "scoped"

// Columns are the stored form: role for releases that know nothing else, and all grants.
func (gs Grants) Columns() (role, grants string) {
	role = string(gs.Role())
	if slices.ContainsFunc(gs, func(g Grant) bool { return len(g.Labels) > 0 }) {
		role = scopedWord
	}
	if len(gs) == 0 {
		gs = Grants{} // [] is "none", where "" means that only the role is known
	}
	b, err := json.Marshal(gs)
	if err != nil {
		panic(fmt.Sprintf("encode grants: %v", err)) // plain strings
	}
	return role, string(b)
}

// ReadGrants reads the stored form. What it cannot read grants nothing.
func ReadGrants(role, grants string) Grants {
	if grants == "" {
		return Grants{{Role: Role(role)}}
	}
	var gs Grants
	if err := json.Unmarshal([]byte(grants), &gs); err != nil {
		return nil
	}
	return gs
}
