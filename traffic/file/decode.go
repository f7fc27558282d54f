package file

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/internal/meant"
	"github.com/meridian-gtm/meridian/traffic"
	"go.yaml.in/yaml/v3"
)

// Bounds on input. The largest real file has a few million nodes; what expands
// beyond is a mistake or an attack with nested aliases.
const (
	maxBytes = 64 << 20
	maxNodes = 8 << 20
	maxDepth = 64
	// maxProblems ends reading: a person fixes a few at a time, and a file of another
	// kind altogether should not give a million lines.
	maxProblems = 100
)

// decoder turns YAML nodes into JSON-like values, held to the struct types.
type decoder struct {
	file     string
	kind     traffic.Kind // object that findings are about
	name     string
	nodes    int
	depth    int
	problems []Problem
}

func (d *decoder) full() bool { return len(d.problems) >= maxProblems }

func (d *decoder) errorf(n *yaml.Node, path, code, format string, args ...any) {
	if d.full() {
		return
	}
	p := Problem{Pos: Pos{File: d.file}, Problem: traffic.Problem{Kind: d.kind, Name: d.name, Field: path, Code: code, Message: fmt.Sprintf(format, args...)}}
	if n != nil {
		p.Line, p.Column = n.Line, n.Column
	}
	d.problems = append(d.problems, p)
}

// enter counts a node and follows an alias; nil means that reading must stop here.
func (d *decoder) enter(n *yaml.Node, path string) *yaml.Node {
	if d.nodes++; d.nodes > maxNodes {
		if d.nodes == maxNodes+1 {
			d.errorf(n, path, "too_long", "makes the file larger than %d values; split it, and do not nest aliases", maxNodes)
		}
		return nil
	}
	if d.depth > maxDepth {
		d.errorf(n, path, "too_deep", "is nested deeper than %d levels; does an alias contain itself?", maxDepth)
		return nil
	}
	return target(n)
}

// pair is one entry of a mapping.
type pair struct {
	key   string
	at    *yaml.Node // the key's node
	value *yaml.Node
}

// pairs returns the entries of a mapping in order, merge keys (<<) expanded behind
// the mapping's own, which win.
func (d *decoder) pairs(n *yaml.Node, path string) []pair {
	var out []pair
	seen := map[string]int{}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := target(n.Content[i]), n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode:
			d.errorf(n.Content[i], path, "wrong_type", "has a key that is not a plain word")
		case k.Tag == "!!merge":
			merges = append(merges, v)
		default:
			if line, dup := seen[k.Value]; dup {
				d.errorf(k, join(path, k.Value), "duplicate", "stands twice; it is already in line %d", line)
				continue
			}
			seen[k.Value] = k.Line
			out = append(out, pair{k.Value, k, v})
		}
	}
	for _, m := range merges {
		out = append(out, d.merged(m, path, seen)...)
	}
	return out
}

// merged reads << : a mapping, or a list of mappings of which the first wins.
func (d *decoder) merged(m *yaml.Node, path string, seen map[string]int) []pair {
	d.depth++
	defer func() { d.depth-- }()
	n := d.enter(m, path)
	if n == nil {
		return nil
	}
	var out []pair
	switch n.Kind {
	case yaml.MappingNode:
		for _, p := range d.pairs(n, path) {
			if _, own := seen[p.key]; !own {
				seen[p.key] = p.at.Line
				out = append(out, p)
			}
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			out = append(out, d.merged(item, path, seen)...)
		}
	default:
		d.errorf(m, path, "wrong_type", "merges (<<) something that is not a mapping")
	}
	return out
}

// object reads a mapping into the fields of a struct. skip names fields that the
// caller has read itself.
func (d *decoder) object(n *yaml.Node, t reflect.Type, path string, skip ...string) map[string]any {
	n = d.enter(n, path)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		d.wrong(n, path, "fields, written as a mapping")
		return nil
	}
	d.depth++
	defer func() { d.depth-- }()
	s := schemaOf(t)
	out := map[string]any{}
	for _, p := range d.pairs(n, path) {
		if contains(skip, p.key) {
			continue
		}
		f := s.byName[p.key]
		switch {
		case f == nil:
			d.unknown(p, path, append(s.names(), skip...))
		case f.readOnly:
			d.errorf(p.at, join(path, p.key), "read_only", "is set by the server; remove it")
		case isNull(p.value):
		default:
			if v, ok := d.value(p.value, f.typ, join(path, p.key)); ok {
				out[p.key] = v
			}
		}
	}
	return out
}

func (d *decoder) unknown(p pair, path string, known []string) {
	hint := "; known are " + strings.Join(known, ", ")
	if s := meant.Of(p.key, known); s != "" {
		hint = fmt.Sprintf("; did you mean %s?", s)
	}
	d.errorf(p.at, join(path, p.key), "unknown_field", "is not a field here%s", hint)
}

// value reads a node as a type. ok is false when a finding was made.
func (d *decoder) value(n *yaml.Node, t reflect.Type, path string) (v any, ok bool) {
	before := len(d.problems)
	v = d.read(n, t, path)
	return v, len(d.problems) == before && !d.full() && d.nodes <= maxNodes
}

func (d *decoder) read(n *yaml.Node, t reflect.Type, path string) any {
	switch {
	case t == valueType:
		return d.textOrFile(n, path)
	case t.Kind() == reflect.Pointer:
		return d.read(n, t.Elem(), path)
	case reflect.PointerTo(t).Implements(textType):
		return d.text(n, t, path)
	}
	switch t.Kind() {
	case reflect.Struct:
		return d.object(n, t, path)
	case reflect.Slice:
		return d.list(n, t.Elem(), path)
	case reflect.Map:
		return d.mapping(n, t.Elem(), path)
	}
	return d.scalar(n, t, path)
}

func (d *decoder) list(n *yaml.Node, elem reflect.Type, path string) any {
	n = d.enter(n, path)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, path, "a list")
		return nil
	}
	d.depth++
	defer func() { d.depth-- }()
	out := make([]any, 0, len(n.Content))
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		if isNull(item) {
			d.errorf(item, at, "wrong_type", "is empty; remove the item or fill it")
			continue
		}
		v, _ := d.value(item, elem, at)
		out = append(out, v)
	}
	return out
}

func (d *decoder) mapping(n *yaml.Node, elem reflect.Type, path string) any {
	n = d.enter(n, path)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		d.wrong(n, path, "a mapping of names to values")
		return nil
	}
	d.depth++
	defer func() { d.depth-- }()
	out := map[string]any{}
	for _, p := range d.pairs(n, path) {
		if isNull(p.value) {
			d.errorf(p.value, join(path, p.key), "wrong_type", "is empty; write \"\" for empty text")
			continue
		}
		out[p.key], _ = d.value(p.value, elem, join(path, p.key))
	}
	return out
}

// text reads a type with a text form of its own, like a duration.
func (d *decoder) text(n *yaml.Node, t reflect.Type, path string) any {
	s, ok := d.word(n, path)
	if !ok {
		return nil
	}
	if err := reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
		d.errorf(n, path, "wrong_type", "%v", err)
	}
	return s
}

// textOrFile reads traffic.Value: text, or {value_from: {file: PATH}}.
func (d *decoder) textOrFile(n *yaml.Node, path string) any {
	if m := target(n); m.Kind == yaml.MappingNode {
		from := struct {
			ValueFrom struct {
				File string `json:"file"`
			} `json:"value_from"`
		}{}
		v := d.object(n, reflect.TypeOf(from), path)
		if inner, _ := v["value_from"].(map[string]any); inner["file"] == nil || inner["file"] == "" {
			d.errorf(n, path, "wrong_type", "is neither text nor {value_from: {file: PATH}}")
		}
		return v
	}
	s, _ := d.word(n, path)
	return s
}

// word reads text. Numbers and dates are taken as they are written, since a status
// 200 or a name 2026 is text to us; true, false and null must be quoted.
func (d *decoder) word(n *yaml.Node, path string) (string, bool) {
	n = d.enter(n, path)
	if n == nil {
		return "", false
	}
	if n.Kind != yaml.ScalarNode {
		d.wrong(n, path, "text")
		return "", false
	}
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!timestamp":
		return n.Value, true
	case "!!bool":
		d.errorf(n, path, "wrong_type", "is %s, but must be text; write it in quotes", n.Value)
	default:
		d.wrong(n, path, "text")
	}
	return "", false
}

func (d *decoder) scalar(n *yaml.Node, t reflect.Type, path string) any {
	if t.Kind() == reflect.String {
		s, _ := d.word(n, path)
		return s
	}
	n = d.enter(n, path)
	if n == nil {
		return nil
	}
	tag := ""
	if n.Kind == yaml.ScalarNode {
		tag = n.ShortTag()
	}
	switch t.Kind() {
	case reflect.Bool:
		if v, err := strconv.ParseBool(strings.ToLower(n.Value)); err == nil && tag == "!!bool" {
			return v
		}
		d.wrong(n, path, "true or false")
	case reflect.Float64:
		var v float64
		if (tag == "!!int" || tag == "!!float") && n.Decode(&v) == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v
		}
		d.wrong(n, path, "a number")
	case reflect.Int, reflect.Uint32:
		var v int64
		if tag != "!!int" || n.Decode(&v) != nil {
			d.wrong(n, path, "a whole number")
		} else if t.Kind() == reflect.Uint32 && (v < 0 || v > math.MaxUint32) || v > math.MaxInt32 && t.Kind() == reflect.Int || v < math.MinInt32 {
			d.errorf(n, path, "out_of_range", "is %d, which is out of range", v)
		}
		return v
	default:
		panic(fmt.Sprintf("traffic/file: no reader for type %s at %s", t, path)) // a new kind of field; its test finds this
	}
	return nil
}

// wrong reports a node of another type than wanted.
func (d *decoder) wrong(n *yaml.Node, path, want string) {
	got := "text"
	switch {
	case n.Kind == yaml.MappingNode:
		got = "a mapping"
	case n.Kind == yaml.SequenceNode:
		got = "a list"
	case n.Kind == yaml.ScalarNode && len(n.Value) <= 40:
		got = strconv.Quote(n.Value)
	}
	d.errorf(n, path, "wrong_type", "is %s, but must be %s", got, want)
}

func isNull(n *yaml.Node) bool {
	n = target(n)
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
