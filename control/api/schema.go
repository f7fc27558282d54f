package api

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/control/graph"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

const refPrefix = "#/components/schemas/"

// schemaNames avoids generic words where two packages use the same one.
var schemaNames = map[reflect.Type]string{
	reflect.TypeFor[Problem]():           "Error",
	reflect.TypeFor[traffic.Problem]():   "Finding",
	reflect.TypeFor[control.Finding]():   "VantageFinding",
	reflect.TypeFor[control.Node]():      "Node",
	reflect.TypeFor[changeAnswer]():      "ChangeResult",
	reflect.TypeFor[steer.Outcome]():     "AnswerOutcome",
	reflect.TypeFor[steer.Option]():      "AnswerOption",
	templateSchema:                       "Template",
	reflect.TypeFor[graph.Domain]():      "DomainGraph",
	reflect.TypeFor[graph.Pool]():        "PoolGraph",
	reflect.TypeFor[graph.Link]():        "GraphLink",
	reflect.TypeFor[graph.State]():       "GraphState",
	reflect.TypeFor[alert.Effective]():   "AlertDomain",
	reflect.TypeFor[alert.Override]():    "AlertDomainInput",
	reflect.TypeFor[alert.Ack]():         "AlertAcknowledgement",
	reflect.TypeFor[alert.ChannelSpec](): "AlertChannelInput",
	reflect.TypeFor[steer.Record]():      "AnswerRecord",
	reflect.TypeFor[steer.Step]():        "ExplanationStep",
	reflect.TypeFor[line.Match]():        "LineMatch",
}

// alertPackage has generic words of its own, which mean something about alerts.
var alertPackage = reflect.TypeFor[alert.Alert]().PkgPath()

func nameSchema(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n, ok := schemaNames[t]; ok {
		return n
	}
	n := huma.DefaultSchemaNamer(t, hint)
	if t.PkgPath() == alertPackage && !strings.HasPrefix(n, "Alert") {
		return "Alert" + n
	}
	return strings.ToUpper(n[:1]) + n[1:]
}

// valueSchema stands in for traffic.Value, which is text or a reference to it.
type valueSchema struct{}

// Schema implements huma.SchemaProvider.
func (valueSchema) Schema(huma.Registry) *huma.Schema {
	file := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"file": {Type: huma.TypeString, Description: "Path on the machine that uses the value."}},
		Required: []string{"file"}, AdditionalProperties: false}
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Description: "text"},
		{Type: huma.TypeObject, Description: "{value_from: {file: PATH}}", Properties: map[string]*huma.Schema{"value_from": file},
			Required: []string{"value_from"}, AdditionalProperties: false},
	}}
}

// durationSchema stands in for traffic.Duration, so that its text can be held to the
// form with the field's path.
type durationSchema struct{}

const durationFormat = "duration-text"

// Schema implements huma.SchemaProvider.
func (durationSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: durationFormat, Description: "Like 500ms, 5s or 1m30s."}
}

// saidRef stands in for said.Said, which writes itself.
type saidRef struct{}

// Schema implements huma.SchemaProvider.
func (saidRef) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Ref: refPrefix + "Said"} }

// saidSchema describes a sentence, which may hold others.
func saidSchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"code", "text"},
		Description: "A sentence for people: in English, and as a stable code with named arguments, so that a program says it in another language.",
		Properties: map[string]*huma.Schema{
			"code": {Type: huma.TypeString, Description: "Stable word for the sentence."},
			"text": {Type: huma.TypeString, Description: "The sentence in English."},
			"args": {Type: huma.TypeObject, Description: "What stands in its places, by name; a sentence may stand within another.",
				AdditionalProperties: &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}, {Ref: refPrefix + "Said"}}}},
		}}
}

// templateSchema is traffic.Template flattened and without the defaults of its
// durations, which the schema library wants as numbers.
var templateSchema = reflect.StructOf(withoutDurationDefaults(reflect.TypeFor[traffic.Template]()))

func withoutDurationDefaults(t reflect.Type) (out []reflect.StructField) {
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.Anonymous:
			out = append(out, withoutDurationDefaults(f.Type)...)
			continue
		case f.Type == reflect.TypeFor[traffic.Duration]():
			f.Tag = reflect.StructTag(strings.Replace(string(f.Tag), "default:", "example:", 1))
		}
		f.Offset, f.Index = 0, nil
		out = append(out, f)
	}
	return out
}

func newRegistry() huma.Registry {
	r := huma.NewMapRegistry(refPrefix, nameSchema)
	r.RegisterTypeAlias(reflect.TypeFor[traffic.Duration](), reflect.TypeFor[durationSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[traffic.Value](), reflect.TypeFor[valueSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[traffic.Template](), templateSchema)
	r.RegisterTypeAlias(reflect.TypeFor[said.Said](), reflect.TypeFor[saidRef]())
	r.Map()["Said"] = saidSchema()
	return r
}

// schemaOf returns a reference to the component of a type.
func (s *server) schemaOf(t reflect.Type) *huma.Schema {
	sc := s.doc.Components.Schemas.Schema(t, true, "")
	tidy(sc, s.doc.Components.Schemas, map[*huma.Schema]bool{})
	return sc
}

// tidy: lists are never null in our answers, since every kind normalises to empty ones.
func tidy(sc *huma.Schema, r huma.Registry, seen map[*huma.Schema]bool) {
	for sc.Ref != "" {
		sc = r.SchemaFromRef(sc.Ref)
	}
	if seen[sc] {
		return
	}
	seen[sc] = true
	if sc.Type == huma.TypeArray {
		sc.Nullable = false
		tidy(sc.Items, r, seen)
	}
	for _, p := range sc.Properties {
		tidy(p, r, seen)
	}
	if more, ok := sc.AdditionalProperties.(*huma.Schema); ok {
		tidy(more, r, seen)
	}
}

// listOf is the schema of a page of a component.
func (s *server) listOf(name string, item *huma.Schema) *huma.Schema {
	return s.component(name, &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"items"},
		Properties: map[string]*huma.Schema{
			"items":       {Type: huma.TypeArray, Items: item},
			"next_cursor": {Type: huma.TypeString, Description: "Give it as ?cursor for the next page; absent on the last."},
			"total":       {Type: huma.TypeInteger, Format: "int64", Description: "Of all pages."},
		}})
}

func (s *server) component(name string, sc *huma.Schema) *huma.Schema {
	s.doc.Components.Schemas.Map()[name] = sc
	return &huma.Schema{Ref: refPrefix + name}
}

// objectSchemas makes the two components of a kind: what is written, where all but
// the identity may be left out, and what is read, where everything stands.
func (s *server) objectSchemas(k kind) (input, output *huma.Schema) {
	r := s.doc.Components.Schemas
	ref := s.schemaOf(reflect.TypeOf(traffic.New(k.kind)).Elem())
	full := r.SchemaFromRef(ref.Ref)
	for _, p := range full.Properties {
		if p.Format == durationFormat && len(p.Examples) == 1 {
			p.Default, p.Examples = p.Examples[0], nil // moved aside by withoutDurationDefaults
		}
	}
	input = s.inputOf(strings.TrimPrefix(ref.Ref, refPrefix))
	s.inputs[k.kind] = input
	r.SchemaFromRef(input.Ref).Required = slices.Clone(k.identity)

	add := s.doc.Components.Schemas.SchemaFromRef(s.schemaOf(reflect.TypeFor[objectMeta]()).Ref)
	for name, p := range add.Properties {
		if full.Properties[name] != nil {
			panic(fmt.Sprintf("schema of %s: field %s stands twice", k.kind, name))
		}
		full.Properties[name] = p
	}
	full.Required = append(slices.Clone(full.Required), add.Required...)
	return input, ref
}

// inputOf copies a component and those below it with nothing required.
func (s *server) inputOf(name string) *huma.Schema {
	in := name + "Input"
	m := s.doc.Components.Schemas.Map()
	if m[in] == nil {
		c := *m[name]
		m[in] = &c // first, for components that hold themselves
		m[in] = s.optional(&c)
	}
	return &huma.Schema{Ref: refPrefix + in}
}

func (s *server) optional(sc *huma.Schema) *huma.Schema {
	if sc == nil {
		return nil
	}
	if sc.Ref != "" {
		c := *s.inputOf(strings.TrimPrefix(sc.Ref, refPrefix))
		c.Description = sc.Description
		return &c
	}
	c := *sc
	c.Required = nil
	c.Items = s.optional(sc.Items)
	if more, ok := sc.AdditionalProperties.(*huma.Schema); ok {
		c.AdditionalProperties = s.optional(more)
	}
	c.Properties = map[string]*huma.Schema{}
	for n, p := range sc.Properties {
		c.Properties[n] = s.optional(p)
	}
	return &c
}
