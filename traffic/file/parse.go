package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
	"go.yaml.in/yaml/v3"
)

// APIVersion is what every document of the declarative form begins with.
const APIVersion = "meridian/v1"

type input struct {
	name string
	data []byte
}

// reader collects the objects of all files.
type reader struct {
	decoder
	set    *Set
	whole  map[string]bool
	master func(from, name string) ([]byte, error)
}

func parse(inputs []input, master func(from, name string) ([]byte, error)) (*Set, error) {
	r := &reader{set: &Set{from: map[traffic.Key]source{}}, whole: map[string]bool{}, master: master}
	for _, in := range inputs {
		r.file = in.name
		r.documents(in.data)
	}
	if len(r.problems) > 0 {
		return nil, &Invalid{Problems: r.problems}
	}
	slices.SortStableFunc(r.set.Objects, func(a, b traffic.Object) int {
		return slices.Index(traffic.Kinds, a.Key().Kind) - slices.Index(traffic.Kinds, b.Key().Kind)
	})
	for name := range r.whole {
		r.set.Whole = append(r.set.Whole, name)
	}
	slices.Sort(r.set.Whole)
	return r.set, nil
}

func (r *reader) documents(data []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for n := 0; ; n++ {
		r.kind, r.name = "", "" // what is wrong here is about no object of the document before
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			if n == 0 {
				r.errorf(nil, "", "empty", "is empty; begin it with apiVersion: %s", APIVersion)
			}
			return
		}
		if err != nil {
			r.syntax(err)
			return
		}
		// A document of comments only, as generators write between ---, is nothing.
		if len(doc.Content) == 1 && !isNull(doc.Content[0]) {
			r.document(doc.Content[0])
		}
		if r.full() {
			return
		}
	}
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

func (r *reader) syntax(err error) {
	m := yamlLine.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	line, _ := strconv.Atoi(m[1])
	r.errorf(&yaml.Node{Line: line}, "", "syntax", "is not YAML: %s", m[2])
}

func (r *reader) document(n *yaml.Node) {
	r.kind, r.name = "", ""
	if n = r.enter(n, ""); n == nil {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "", "a mapping that begins with apiVersion: "+APIVersion)
		return
	}
	pairs := r.pairs(n, "")
	if !r.version(n, pairs) {
		return
	}
	for _, p := range pairs {
		r.kind, r.name = "", ""
		if p.key != "apiVersion" {
			r.section(p)
		}
	}
}

func (r *reader) version(n *yaml.Node, pairs []pair) bool {
	for _, p := range pairs {
		if p.key == "apiVersion" {
			if v := target(p.value); v.Kind != yaml.ScalarNode || v.Value != APIVersion {
				r.errorf(p.value, "apiVersion", "unknown_version", "is %q; this release reads %s", v.Value, APIVersion)
				return false
			}
			return true
		}
	}
	r.errorf(n, "apiVersion", "required", "is missing; begin the document with apiVersion: %s", APIVersion)
	return false
}

func (r *reader) section(p pair) {
	for _, s := range sections {
		if s.name != p.key {
			continue
		}
		if isNull(p.value) {
			return
		}
		if s.kind == traffic.KindSettings {
			r.kind, r.name = s.kind, "settings"
			r.put(s.kind, p.value, "", nil)
			return
		}
		list := r.enter(p.value, p.key)
		if list == nil {
			return
		}
		if list.Kind != yaml.SequenceNode {
			r.wrong(p.value, p.key, "a list")
			return
		}
		for i, item := range list.Content {
			if r.full() {
				return
			}
			r.item(s.kind, item, fmt.Sprintf("%s[%d]", p.key, i))
		}
		return
	}
	r.unknown(p, "", sectionNames())
}

// item reads one entry of a section. Findings name the object when it has a name,
// else its place in the list.
func (r *reader) item(k traffic.Kind, n *yaml.Node, place string) {
	r.kind, r.name = k, scalarAt(n, "name")
	path := ""
	if r.name == "" {
		r.kind, path = "", place
	}
	if isNull(n) {
		r.errorf(n, path, "wrong_type", "is empty; remove the item or fill it")
		return
	}
	if k == traffic.KindZone {
		r.zone(n, path)
		return
	}
	r.put(k, n, path, nil)
}

func scalarAt(n *yaml.Node, key string) string {
	if n = child(n, key); n != nil && target(n).Kind == yaml.ScalarNode && !isNull(n) {
		return target(n).Value
	}
	return ""
}

// put reads a node as an object of a kind and adds it to the set; it returns nil
// when something is wrong. extra is merged into the fields that are read.
func (r *reader) put(k traffic.Kind, n *yaml.Node, path string, extra map[string]any, skip ...string) traffic.Object {
	before := len(r.problems)
	fields := r.object(n, structOf(k), path, skip...)
	if len(r.problems) > before || fields == nil {
		return nil
	}
	for f, v := range extra {
		fields[f] = v
	}
	o, err := build(k, fields)
	if err != nil {
		// The walk has checked types already, so this is a rule of the type itself.
		r.errorf(n, path, "wrong_type", "cannot be read: %v", err)
		return nil
	}
	r.add(o, source{file: r.file, line: n.Line, node: n})
	return o
}

// build makes an object from JSON-like fields, through the same reading as the API,
// so that defaults are the same.
func build(k traffic.Kind, fields map[string]any) (traffic.Object, error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return traffic.Decode(k, body)
}

func (r *reader) add(o traffic.Object, src source) {
	k := o.Key()
	if old, dup := r.set.from[k]; dup {
		r.kind, r.name = k.Kind, k.Name
		n := src.node
		if n == nil {
			n = &yaml.Node{Line: src.line}
		}
		r.errorf(n, "", "duplicate", "is declared twice; it is already in %s", Pos{File: old.file, Line: old.line})
		return
	}
	r.set.from[k] = src
	r.set.Objects = append(r.set.Objects, o)
}

// zone reads a zone with its records: a list, or a master file, or neither.
func (r *reader) zone(n *yaml.Node, path string) {
	m := target(n)
	records, master, partial := child(m, "records"), child(m, "file"), false
	if p := child(m, "partial"); p != nil && !isNull(p) {
		v, _ := r.value(p, reflect.TypeFor[bool](), join(path, "partial"))
		partial, _ = v.(bool)
	}
	if records != nil && master != nil {
		r.errorf(master, join(path, "file"), "conflict", "stands beside records; give one of them")
		return
	}
	var extra map[string]any
	var parts *Master
	if master != nil && !isNull(master) {
		if parts = r.masterFile(m, master, path); parts == nil {
			return
		}
		extra = parts.fields()
	}
	z, _ := r.put(traffic.KindZone, n, path, r.keepDeclared(m, extra), "records", "file", "partial").(*traffic.Zone)
	if z == nil {
		return
	}
	if parts != nil {
		for _, rec := range parts.Records {
			r.add(rec, source{file: scalarAt(m, "file"), line: master.Line})
		}
	}
	if records != nil && !isNull(records) {
		r.records(records, z.Name)
	}
	if (records != nil || master != nil) && !partial {
		r.whole[z.Name] = true
	}
}

// keepDeclared drops from a master file's values those that the YAML gives itself.
func (r *reader) keepDeclared(m *yaml.Node, extra map[string]any) map[string]any {
	for _, f := range []string{"nameservers", "soa"} {
		if child(m, f) != nil {
			delete(extra, f)
		}
	}
	return extra
}

func (r *reader) masterFile(m, at *yaml.Node, path string) *Master {
	name, ok := r.word(at, join(path, "file"))
	if !ok {
		return nil
	}
	text, err := r.master(r.file, name)
	if err == nil {
		var parts *Master
		if parts, err = ReadMaster(bytes.NewReader(text), scalarAt(m, "name")); err == nil {
			return parts
		}
	}
	r.errorf(at, join(path, "file"), "invalid_file", "%s: %v", name, err)
	return nil
}

func (r *reader) records(list *yaml.Node, zone string) {
	n := r.enter(list, "records")
	if n == nil {
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.wrong(list, "records", "a list")
		return
	}
	for i, item := range n.Content {
		if r.full() {
			return
		}
		r.kind, r.name = traffic.KindZone, zone
		path := fmt.Sprintf("records[%d]", i)
		if c := child(item, "zone"); c != nil {
			r.errorf(c, path+".zone", "unknown_field", "is given by the place of the record; remove it")
			continue
		}
		if child(item, "name") == nil {
			r.errorf(item, path+".name", "required", "is missing; write @ for the apex")
			continue
		}
		r.put(traffic.KindRecord, item, path, map[string]any{"zone": zone})
	}
}
