package traffic

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Override is an operator's order above configuration (design D12). It travels in the
// log of revisions like any object, but no file, set, rollback or revert holds it: only
// its own command writes it.
//
// It names nothing in the sense of Refs: it outlives the object that it targets, so that
// one deleted and made again by a roll-out does not come back into a site that was
// drained (docs/decisions/0005).
type Override struct {
	ID        string    `json:"id" readOnly:"true"`
	Action    Action    `json:"action" enum:"drain,enable" doc:"drain: withdrawn, out of answers and of the last resort; enable: counts as available whatever health says."`
	Target    string    `json:"target,omitempty" doc:"What it is about: address/NAME, pool/NAME or access-domain/NAME/TYPE."`
	Selector  string    `json:"selector,omitempty" doc:"In place of target: all addresses and pools with these labels, like site=hz,tier=web."`
	Reason    string    `json:"reason,omitempty" doc:"Why, for people." maxLength:"1024"`
	Author    string    `json:"author" readOnly:"true"`
	CreatedAt time.Time `json:"created_at" readOnly:"true"`
	EndsAt    time.Time `json:"ends_at,omitzero" readOnly:"true" doc:"When control removes it, by the clock of control's database; absent: when somebody clears it."`
	Lasts     Duration  `json:"lasts,omitempty" readOnly:"true" doc:"How long it was to last when its end was set. A node that hears nothing of control lets it lapse after so long by its own clock."`

	// Read from Target and Selector by Normalize.
	on  Key
	sel map[string]string
}

// Action is what an override does to what it reaches.
type Action string

// The actions.
const (
	Drain  Action = "drain"
	Enable Action = "enable"
)

// Limits of how long an override lasts. Less than a second could end before a node has
// it; what shall hold for more than a year is configuration.
const (
	MinOverride = time.Second
	MaxOverride = 366 * 24 * time.Hour
)

// targetKinds are the kinds that an override can name, by their word in Target.
var targetKinds = map[string]Kind{"address": KindAddress, "pool": KindPool, "access-domain": KindAccessDomain}

// TargetOf writes a key as Target does; "" for a kind that no override can name.
func TargetOf(k Key) string {
	for word, kind := range targetKinds {
		if kind == k.Kind {
			return word + "/" + k.Name
		}
	}
	return ""
}

// ParseTarget reads what TargetOf writes.
func ParseTarget(s string) (Key, error) {
	word, name, _ := strings.Cut(s, "/")
	kind, ok := targetKinds[word]
	switch {
	case !ok || name == "":
		return Key{}, fmt.Errorf("%.300q is no target; write address/NAME, pool/NAME or access-domain/NAME/TYPE", s)
	case kind != KindAccessDomain:
		if err := checkObjectName(name); err != nil {
			return Key{}, fmt.Errorf("%.300q: the name %v", s, err)
		}
		return Key{kind, name}, nil
	}
	// The name may hold a slash (RFC 2317), the type does not.
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return Key{}, fmt.Errorf("%.300q has no type; write access-domain/NAME/TYPE", s)
	}
	c, err := CanonicalName(name[:i])
	if err != nil {
		return Key{}, fmt.Errorf("%.300q: the name %v", s, err)
	}
	switch t := strings.ToUpper(name[i+1:]); t {
	case "A", "AAAA", "CNAME":
		return Key{kind, c + "/" + t}, nil
	}
	return Key{}, fmt.Errorf("%.300q: the type of an access domain is A, AAAA or CNAME", s)
}

// Key implements Object.
func (o *Override) Key() Key { return Key{KindOverride, o.ID} }

// Normalize implements Object.
func (o *Override) Normalize() {
	o.on, o.sel = Key{}, nil
	if k, err := ParseTarget(o.Target); err == nil {
		o.on, o.Target = k, TargetOf(k)
	}
	if s, err := ParseSelector(o.Selector); err == nil && s.ID == "" {
		o.sel = s.Labels
		parts := make([]string, 0, len(o.sel))
		for _, k := range slices.Sorted(maps.Keys(o.sel)) {
			parts = append(parts, k+"="+o.sel[k])
		}
		o.Selector = strings.Join(parts, ",")
	}
	if !o.EndsAt.IsZero() {
		o.EndsAt = o.EndsAt.UTC()
	}
	o.CreatedAt = o.CreatedAt.UTC()
}

// Check implements Object.
func (o *Override) Check(r *Report) {
	if err := checkObjectName(o.ID); err != nil {
		r.Errorf("id", "invalid_name", "%v", err)
	}
	if o.Action != Drain && o.Action != Enable {
		r.Errorf("action", "invalid_value", "is %q; use drain or enable", string(o.Action))
	}
	switch {
	case o.Target == "" && o.Selector == "":
		r.Errorf("target", "required", "is missing; name an address, a pool or an access domain, or give a selector")
	case o.Target != "" && o.Selector != "":
		r.Errorf("selector", "not_both", "stands beside target; give one of them")
	case o.Target != "":
		if _, err := ParseTarget(o.Target); err != nil {
			r.Errorf("target", "invalid_value", "%v", err)
		}
	default:
		if s, err := ParseSelector(o.Selector); err != nil {
			r.Errorf("selector", "invalid_value", "%v", err)
		} else if s.ID != "" {
			r.Errorf("selector", "invalid_value", "%.80q is not a selector; write labels like site=hz,tier=web", o.Selector)
		}
	}
	if n := utf8.RuneCountInString(o.Reason); n > maxRemark {
		r.Errorf("reason", "too_long", "has %d characters; shorten it to %d", n, maxRemark)
	}
	d := time.Duration(o.Lasts)
	switch {
	case o.EndsAt.IsZero() != (d == 0):
		r.Errorf("ends_at", "required", "and lasts go together")
	case d != 0 && (d < MinOverride || d > MaxOverride):
		r.Errorf("lasts", "out_of_range", "is %s; use %s to %s, or no end", o.Lasts, MinOverride, MaxOverride)
	}
}

// Refs implements Object: an override outlives what it targets.
func (o *Override) Refs(func(to Key, field string)) {}

// Named returns the object that the override names; false for one with a selector.
func (o *Override) Named() (Key, bool) { return o.on, o.on.Kind != "" }

// Selects returns the labels of the selector, nil for an override that names its target.
// The caller must not change them.
func (o *Override) Selects() map[string]string { return o.sel }

// Reaches tells whether the override is about an object with these labels.
func (o *Override) Reaches(k Key, labels map[string]string) bool {
	if o.on.Kind != "" {
		return o.on == k
	}
	return len(o.sel) > 0 && (k.Kind == KindAddress || k.Kind == KindPool) && Selector{Labels: o.sel}.Match("", labels)
}

// above orders the overrides that reach one object; the first decides. Who names it
// means it more than who selects a group; of two orders of one kind the careful one
// holds, and that is to stay away. The rest only makes the choice the same everywhere.
func (o *Override) above(p *Override) bool {
	_, named := o.Named()
	_, other := p.Named()
	switch {
	case named != other:
		return named
	case o.Action != p.Action:
		return o.Action == Drain
	case !o.EndsAt.Equal(p.EndsAt):
		return o.EndsAt.IsZero() || !p.EndsAt.IsZero() && o.EndsAt.After(p.EndsAt)
	}
	return o.ID < p.ID
}

// Order says in a few words what the override does to what.
func (o *Override) Order() string {
	if o.Selector != "" {
		return string(o.Action) + " " + o.Selector
	}
	return string(o.Action) + " " + o.Target
}

// orders indexes overrides by what they reach.
type orders struct {
	named    map[Key][]*Override
	selected []*Override
}

func (i *orders) add(o *Override) {
	if k, ok := o.Named(); ok {
		if i.named == nil {
			i.named = map[Key][]*Override{}
		}
		i.named[k] = append(i.named[k], o)
	} else {
		i.selected = append(i.selected, o)
	}
}

func (i *orders) remove(o *Override) {
	gone := func(p *Override) bool { return p.ID == o.ID }
	k, ok := o.Named()
	if !ok {
		i.selected = slices.DeleteFunc(i.selected, gone)
	} else if left := slices.DeleteFunc(i.named[k], gone); len(left) > 0 {
		i.named[k] = left
	} else {
		delete(i.named, k)
	}
}

// first returns the override that decides about an object, of those that count.
func (i *orders) first(k Key, labels map[string]string, counts func(*Override) bool) *Override {
	var best *Override
	for _, o := range i.named[k] {
		if (best == nil || o.above(best)) && counts(o) {
			best = o
		}
	}
	if best != nil {
		return best
	}
	for _, o := range i.selected {
		if (best == nil || o.above(best)) && o.Reaches(k, labels) && counts(o) {
			best = o
		}
	}
	return best
}

// Override returns the override that decides about an object with these labels, nil for
// none; lapsed ones, by id, do not count. What is not there may be asked about too.
func (m *Model) Override(k Key, labels map[string]string, lapsed map[string]bool) *Override {
	if len(m.objects[KindOverride]) == 0 {
		return nil
	}
	return m.orders.first(k, labels, func(o *Override) bool { return !lapsed[o.ID] })
}

// Override returns the override that would decide about an object, like Model.Override.
func (d *Draft) Override(k Key, labels map[string]string, lapsed map[string]bool) *Override {
	a := d.over.Override(k, labels, lapsed)
	if len(d.base.objects[KindOverride]) == 0 {
		return a
	}
	b := d.base.orders.first(k, labels, func(o *Override) bool { return !lapsed[o.ID] && d.changed[o.Key()] == nil })
	if a == nil || b != nil && b.above(a) {
		return b
	}
	return a
}

// naming returns the overrides that would name an object, by id.
func (d *Draft) naming(k Key) []*Override {
	var out []*Override
	for _, o := range d.base.orders.named[k] {
		if d.changed[o.Key()] == nil {
			out = append(out, o)
		}
	}
	out = append(out, d.over.orders.named[k]...)
	slices.SortFunc(out, func(a, b *Override) int { return strings.Compare(a.ID, b.ID) })
	return out
}
