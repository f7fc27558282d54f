package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/meridian-gtm/meridian/traffic"
)

// without returns what an object shall be when a change is undone on what it is now:
// nil for gone, now itself where nothing is to be done. What is in the way goes to r.
func (u *undo) without(c traffic.Change, now traffic.Object, r *traffic.Report) (traffic.Object, error) {
	before, after, current := declared(c.Before), declared(c.After), declared(now)
	collide := func(what string) (traffic.Object, error) {
		u.collide(r, c.Key, "", what)
		return now, nil
	}
	switch {
	case bytes.Equal(before, after), bytes.Equal(current, before):
		return now, nil
	case bytes.Equal(current, after):
		return c.Before, nil
	case current == nil:
		return collide("has been deleted since")
	case before == nil:
		return collide("was made there and has been changed since")
	case after == nil:
		return collide("was deleted there and has been made again since")
	}
	var trees [3]any
	for i, b := range [][]byte{before, after, current} {
		var err error
		if trees[i], err = tree(b); err != nil {
			return nil, err
		}
	}
	var m merge
	merged := m.value("", trees[0], trees[1], trees[2])
	for _, field := range m.collisions {
		u.collide(r, c.Key, field, "has been changed again since")
	}
	if len(m.collisions) > 0 {
		return now, nil
	}
	b, err := json.Marshal(merged)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return traffic.Decode(c.Key.Kind, b)
}

// declared encodes what people set of an object: not the fields that keepManaged keeps.
func declared(o traffic.Object) []byte {
	switch v := o.(type) {
	case nil:
		return nil
	case *traffic.Zone:
		c := *v
		c.Serial = 0
		o = &c
	case *traffic.Settings:
		c := *v
		c.GeoMap = ""
		o = &c
	}
	return traffic.Encode(o)
}

// merge takes the step from before to after back out of what is now, part by part.
type merge struct{ collisions []string }

func (m *merge) value(path string, before, after, now any) any {
	switch {
	case equal(before, after), equal(now, before):
		return now
	case equal(now, after):
		return before
	}
	b, a, ok := both[map[string]any](before, after)
	if n, isMap := now.(map[string]any); ok && isMap {
		return m.fields(path, b, a, n)
	}
	bl, al, ok := both[[]any](before, after)
	if nl, isList := now.([]any); ok && isList {
		if out, ok := m.members(path, bl, al, nl); ok {
			return out
		}
	}
	m.collisions = append(m.collisions, path)
	return now
}

func equal(a, b any) bool { return bytes.Equal(text(a), text(b)) }

func (m *merge) fields(path string, before, after, now map[string]any) map[string]any {
	out := map[string]any{}
	for _, side := range []map[string]any{before, after, now} {
		for k := range side {
			if _, done := out[k]; done {
				continue
			}
			sub := k
			if path != "" {
				sub = path + "." + k
			}
			out[k] = m.value(sub, part(before, k), part(after, k), part(now, k))
		}
	}
	for k, v := range out {
		if v == (absent{}) {
			delete(out, k)
		}
	}
	return out
}

func part(m map[string]any, k string) any {
	if v, ok := m[k]; ok {
		return v
	}
	return absent{}
}

// members merges lists whose members are named by what they link. The order is that of
// now; a member that comes back stands behind the one it stood behind before. A step
// that changed the order itself cannot be taken out of another list.
func (m *merge) members(path string, before, after, now []any) ([]any, bool) {
	for _, field := range []string{"address", "pool"} {
		b, okB := byField(before, field)
		a, okA := byField(after, field)
		n, okN := byField(now, field)
		if !okB || !okA || !okN || !sameOrder(field, before, after, b, a) {
			continue
		}
		var out []any
		at := map[string]any{} // what is in out
		add := func(i int, name string, v any) {
			if v != (absent{}) {
				out, at[name] = slices.Insert(out, i, v), v
			}
		}
		one := func(name string) any {
			return m.value(path+"["+name+"]", part(b, name), part(a, name), part(n, name))
		}
		for _, v := range now {
			name := nameIn(v, field)
			add(len(out), name, one(name))
		}
		place := 0
		for _, v := range before {
			name := nameIn(v, field)
			if _, is := n[name]; !is {
				add(place, name, one(name))
			}
			if _, is := at[name]; is {
				place = 1 + slices.IndexFunc(out, func(o any) bool { return nameIn(o, field) == name })
			}
		}
		return out, true
	}
	return nil, false
}

func nameIn(member any, field string) string { return member.(map[string]any)[field].(string) }

// sameOrder reports whether the members that two lists share stand in one order.
func sameOrder(field string, x, y []any, inX, inY map[string]any) bool {
	shared := func(list []any, other map[string]any) (out []string) {
		for _, v := range list {
			if name := nameIn(v, field); other[name] != nil {
				out = append(out, name)
			}
		}
		return out
	}
	return slices.Equal(shared(x, inY), shared(y, inX))
}
