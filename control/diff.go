package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/meridian-gtm/meridian/traffic"
)

// ObjectChange is what a plan or a revision does to one object.
type ObjectChange struct {
	Kind   traffic.Kind  `json:"kind"`
	Name   string        `json:"name"`
	Action string        `json:"action" enum:"create,update,delete"`
	Fields []FieldChange `json:"fields,omitempty" doc:"What an update changes; of what was done, all fields of what was created or deleted too."`
}

// FieldChange is one field with its value before and after; the side on which it
// does not exist is absent. List members are named by what they link, like
// members[hz-1].weight.
type FieldChange struct {
	Field  string          `json:"field"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// tellObject is diffObject with the fields of what comes or goes: of what was done,
// the content of a deleted object stands nowhere else.
func tellObject(k traffic.Key, before, after []byte) (ObjectChange, error) {
	c, err := diffObject(k, before, after)
	if err != nil || c.Action == "update" {
		return c, err
	}
	sides := []any{map[string]any{}, map[string]any{}}
	for i, b := range [][]byte{before, after} {
		if b == nil {
			continue
		}
		if sides[i], err = tree(b); err != nil {
			return c, fmt.Errorf("read %s: %w", k, err)
		}
	}
	diffTree("", sides[0], sides[1], &c.Fields)
	return c, nil
}

// diffObject describes a change from the two encoded bodies, nil for none.
func diffObject(k traffic.Key, before, after []byte) (ObjectChange, error) {
	c := ObjectChange{Kind: k.Kind, Name: k.Name, Action: "update"}
	switch {
	case before == nil:
		c.Action = "create"
		return c, nil
	case after == nil:
		c.Action = "delete"
		return c, nil
	}
	a, err := tree(before)
	if err != nil {
		return c, fmt.Errorf("read %s: %w", k, err)
	}
	b, err := tree(after)
	if err != nil {
		return c, fmt.Errorf("read %s: %w", k, err)
	}
	diffTree("", a, b, &c.Fields)
	return c, nil
}

func tree(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}

// absent marks the side on which a field does not exist; null is a value.
type absent struct{}

func diffTree(path string, a, b any, out *[]FieldChange) {
	if am, bm, ok := both[map[string]any](a, b); ok {
		diffMaps(path, ".", am, bm, out)
		return
	}
	if al, bl, ok := both[[]any](a, b); ok {
		if am, bm, ok := named(al, bl); ok {
			diffMaps(path, "[", am, bm, out)
			return
		}
	}
	ab, bb := text(a), text(b)
	if !bytes.Equal(ab, bb) {
		*out = append(*out, FieldChange{Field: path, Before: ab, After: bb})
	}
}

func both[T any](a, b any) (x, y T, ok bool) {
	x, okA := a.(T)
	y, okB := b.(T)
	return x, y, okA && okB
}

func diffMaps(path, join string, a, b map[string]any, out *[]FieldChange) {
	keys := slices.Collect(maps.Keys(a))
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		sub := k
		switch {
		case join == "[":
			sub = path + "[" + k + "]"
		case path != "":
			sub = path + "." + k
		}
		av, bv := any(absent{}), any(absent{})
		if v, ok := a[k]; ok {
			av = v
		}
		if v, ok := b[k]; ok {
			bv = v
		}
		diffTree(sub, av, bv, out)
	}
}

// named turns two lists of members into maps by what each member links to, so that
// a member put in front does not show as a change of all behind it.
func named(a, b []any) (am, bm map[string]any, ok bool) {
	for _, field := range []string{"address", "pool"} {
		am, okA := byField(a, field)
		bm, okB := byField(b, field)
		if okA && okB {
			return am, bm, true
		}
	}
	return nil, nil, false
}

func byField(list []any, field string) (map[string]any, bool) {
	out := make(map[string]any, len(list))
	for _, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		name, ok := m[field].(string)
		if _, dup := out[name]; !ok || dup {
			return nil, false
		}
		out[name] = m
	}
	return out, true
}

func text(v any) json.RawMessage {
	if _, ok := v.(absent); ok {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode field: %v", err)) // came from JSON
	}
	return b
}
