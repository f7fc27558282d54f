package file

import (
	"encoding"
	"reflect"
	"strings"
	"sync"

	"github.com/meridian-gtm/meridian/traffic"
)

// field is one declarable field of a struct.
type field struct {
	name     string
	typ      reflect.Type
	index    []int
	readOnly bool   // set by the server, refused in a file
	defaults string // text form of the default value, "" if the tag gives none
}

// schema is the fields of a struct in their order, embedded structs laid flat as
// encoding/json does.
type schema struct {
	fields []field
	byName map[string]*field
}

func (s *schema) names() []string {
	var out []string
	for _, f := range s.fields {
		if !f.readOnly {
			out = append(out, f.name)
		}
	}
	return out
}

var schemas sync.Map // reflect.Type -> *schema

func schemaOf(t reflect.Type) *schema {
	if s, ok := schemas.Load(t); ok {
		return s.(*schema)
	}
	s := &schema{}
	s.add(t, nil)
	s.byName = make(map[string]*field, len(s.fields))
	for i := range s.fields {
		s.byName[s.fields[i].name] = &s.fields[i]
	}
	schemas.Store(t, s)
	return s
}

func (s *schema) add(t reflect.Type, at []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int(nil), at...), i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			s.add(f.Type, index)
		case !f.IsExported() || name == "-" || name == "":
		default:
			s.fields = append(s.fields, field{name: name, typ: f.Type, index: index,
				readOnly: f.Tag.Get("readOnly") == "true", defaults: f.Tag.Get("default")})
		}
	}
}

var (
	textType  = reflect.TypeFor[encoding.TextUnmarshaler]()
	valueType = reflect.TypeFor[traffic.Value]()
)

// sections are the lists of a file, in the order of references.
var sections = []struct {
	name string
	kind traffic.Kind
}{
	{"settings", traffic.KindSettings},
	{"lines", traffic.KindLine},
	{"templates", traffic.KindTemplate},
	{"addresses", traffic.KindAddress},
	{"pools", traffic.KindPool},
	{"zones", traffic.KindZone},
	{"access_domains", traffic.KindAccessDomain},
	{"assertions", traffic.KindAssertion},
}

func sectionNames() []string {
	out := []string{"apiVersion"}
	for _, s := range sections {
		out = append(out, s.name)
	}
	return out
}

// structOf is the struct type of a kind.
func structOf(k traffic.Kind) reflect.Type { return reflect.TypeOf(traffic.New(k)).Elem() }
