package file

import (
	"encoding"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
	"go.yaml.in/yaml/v3"
)

// Write writes objects as one document that Load reads back into equal objects.
// Fields at their defaults are left out. Records need their zone among the objects,
// and a zone whose records are given is written as whole; a zone without records
// says nothing about them. Fields that the server manages are left out.
func Write(w io.Writer, objects ...traffic.Object) error { return write(w, false, objects) }

// WritePartial is Write with partial: true in zones whose records are given: reading
// it leaves the zone's other records as they are.
func WritePartial(w io.Writer, objects ...traffic.Object) error { return write(w, true, objects) }

func write(w io.Writer, partial bool, objects []traffic.Object) error {
	byKind := map[traffic.Kind][]traffic.Object{}
	records := map[string][]*traffic.Record{}
	zones := map[string]bool{}
	for _, o := range objects {
		switch v := o.(type) {
		case *traffic.Record:
			records[v.Zone] = append(records[v.Zone], v)
			continue
		case *traffic.Zone:
			zones[v.Name] = true
		}
		byKind[o.Key().Kind] = append(byKind[o.Key().Kind], o)
	}
	for _, z := range slices.Sorted(maps.Keys(records)) {
		if !zones[z] {
			return fmt.Errorf("write configuration: records of zone %s need the zone beside them", z)
		}
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	add(root, "apiVersion", text(APIVersion))
	for _, s := range sections {
		list := byKind[s.kind]
		if len(list) == 0 {
			continue
		}
		slices.SortFunc(list, func(a, b traffic.Object) int { return strings.Compare(a.Key().Name, b.Key().Name) })
		if s.kind == traffic.KindSettings {
			add(root, s.name, encode(reflect.ValueOf(list[0]).Elem(), -1))
			continue
		}
		seq := &yaml.Node{Kind: yaml.SequenceNode}
		for _, o := range list {
			n := encode(reflect.ValueOf(o).Elem(), -1)
			if z, ok := o.(*traffic.Zone); ok && len(records[z.Name]) > 0 {
				if partial {
					add(n, "partial", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
				}
				add(n, "records", recordList(z.Name, records[z.Name]))
			}
			seq.Content = append(seq.Content, n)
		}
		add(root, s.name, seq)
	}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(&yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root}}); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	if err := enc.Close(); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// recordList writes RRsets one a line, owners relative to the zone.
func recordList(zone string, list []*traffic.Record) *yaml.Node {
	slices.SortFunc(list, func(a, b *traffic.Record) int { return strings.Compare(a.Key().Name, b.Key().Name) })
	seq := &yaml.Node{Kind: yaml.SequenceNode}
	for _, r := range list {
		short := *r
		short.Zone = ""
		switch owner := r.Owner(); {
		case owner == zone:
			short.Name = "@"
		case zone != "." && traffic.IsSubdomain(owner, zone):
			short.Name = strings.TrimSuffix(owner, "."+zone)
		}
		n := encode(reflect.ValueOf(&short).Elem(), -1)
		n.Style = yaml.FlowStyle
		seq.Content = append(seq.Content, n)
	}
	return seq
}

// always are the fields that a reader looks for first; they stand even at their
// default. policy has another default in pools than in access domains.
var always = map[string]bool{"name": true, "type": true, "policy": true, "protocol": true}

// encode writes a struct as a mapping without fields at their defaults. pos is the
// struct's place in a list of members, where the serial defaults to it; else -1.
func encode(v reflect.Value, pos int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range schemaOf(v.Type()).fields {
		fv := v.FieldByIndex(f.index)
		if f.readOnly || isDefault(f, fv, pos) {
			continue
		}
		if node := encodeValue(fv); node != nil {
			add(n, f.name, node)
		}
	}
	return n
}

func isDefault(f field, v reflect.Value, pos int) bool {
	switch {
	case always[f.name]:
		return false
	case pos >= 0 && f.name == "serial":
		return v.Int() == int64(pos)+1
	case pos >= 0 && f.name == "lines":
		return v.Len() == 1 && v.Index(0).String() == "default"
	case f.defaults != "":
		return plainText(v) == f.defaults
	}
	switch v.Kind() {
	case reflect.Float64: // a place on the equator is a place; and 0 is not -0
		return false
	case reflect.Slice:
		return v.IsNil() || v.Len() == 0 && filled[f.name]
	}
	return v.IsZero()
}

// filled are the lists that Normalize makes empty where they are missing.
var filled = map[string]bool{"members": true, "pools": true, "tasks": true, "vantages": true}

// plainText is the form in which a default tag gives a scalar.
func plainText(v reflect.Value) string {
	if m, ok := v.Interface().(fmt.Stringer); ok {
		s := m.String()
		// time.Duration writes 1m0s; the tags say 60s.
		if d, ok := v.Interface().(traffic.Duration); ok && d == traffic.Duration(60e9) {
			return "60s"
		}
		return s
	}
	return fmt.Sprint(v.Interface())
}

func encodeValue(v reflect.Value) *yaml.Node {
	if val, ok := v.Interface().(traffic.Value); ok {
		return encodeText(val)
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		if b, err := m.MarshalText(); err == nil {
			return text(string(b))
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return encodeValue(v.Elem())
	case reflect.Struct:
		n := encode(v, -1)
		n.Style = yaml.FlowStyle
		return n
	case reflect.Slice:
		return encodeList(v)
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		for _, k := range slices.Sorted(maps.Keys(keys(v))) {
			add(n, k, encodeValue(v.MapIndex(reflect.ValueOf(k))))
		}
		return n
	case reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v.Bool())}
	case reflect.Int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(v.Int(), 10)}
	case reflect.Uint32:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatUint(v.Uint(), 10)}
	case reflect.Float64:
		s := strconv.FormatFloat(v.Float(), 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0" // else it would be read as an integer, which has no -0
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: s}
	}
	return text(v.String())
}

func keys(v reflect.Value) map[string]struct{} {
	out := map[string]struct{}{}
	for _, k := range v.MapKeys() {
		out[k.String()] = struct{}{}
	}
	return out
}

// encodeList writes members one a line and lists of words in brackets.
func encodeList(v reflect.Value) *yaml.Node {
	seq := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range v.Len() {
		if e := v.Index(i); e.Kind() == reflect.Struct && e.Type() != valueType {
			n := encode(e, i)
			n.Style = yaml.FlowStyle
			seq.Content = append(seq.Content, n)
			continue
		}
		seq.Style = yaml.FlowStyle
		seq.Content = append(seq.Content, encodeValue(v.Index(i)))
	}
	return seq
}

func encodeText(v traffic.Value) *yaml.Node {
	if v.File == "" {
		return text(v.Text)
	}
	file := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	add(file, "file", text(v.File))
	from := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	add(from, "value_from", file)
	return from
}

// text writes a string so that it is read as one. Control characters need double
// quotes; the block forms of YAML lose some of them at the edges.
func text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff
	}) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func add(n *yaml.Node, key string, value *yaml.Node) {
	n.Content = append(n.Content, text(key), value)
}
