package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/internal/meant"
	"github.com/meridian-gtm/meridian/traffic"
)

// maxFindings bounds how much of a hopeless body is told.
const maxFindings = 100

// structure holds a JSON value to the shape of a schema: the types and the names of
// fields. What values mean is left to the rules of package traffic, which say it
// better than a schema can. The schema library's own validator is not used: it
// echoes what it refuses, secrets included, and its sentences do not say what to do.
type structure struct {
	registry huma.Registry
	// strict holds to required, enum and bounds too: for bodies without own rules.
	strict bool
	found  []traffic.Problem
}

// check validates v at a path and collects findings.
func (c *structure) check(s *huma.Schema, path string, v any) {
	for s.Ref != "" {
		s = c.registry.SchemaFromRef(s.Ref)
	}
	if len(c.found) >= maxFindings || v == nil && s.Nullable {
		return
	}
	if s.OneOf != nil {
		c.checkOneOf(s, path, v)
		return
	}
	switch s.Type {
	case huma.TypeObject:
		m, ok := v.(map[string]any)
		if !ok {
			c.wrong(path, "an object", v)
			return
		}
		c.checkObject(s, path, m)
	case huma.TypeArray:
		list, ok := v.([]any)
		if !ok {
			c.wrong(path, "a list", v)
			return
		}
		for i, e := range list {
			c.check(s.Items, path+"["+strconv.Itoa(i)+"]", e)
		}
		if c.strict && s.MinItems != nil && len(list) < *s.MinItems {
			c.add(path, "required", fmt.Sprintf("has %d entries; give at least %d", len(list), *s.MinItems))
		}
	case huma.TypeString:
		text, ok := v.(string)
		if !ok {
			c.wrong(path, "text", v)
			return
		}
		if s.Format == durationFormat {
			var d traffic.Duration
			if err := d.UnmarshalText([]byte(text)); err != nil {
				c.add(path, "invalid_value", err.Error())
			}
		}
		if c.strict && strings.IndexByte(text, 0) >= 0 {
			c.add(path, "invalid_value", "holds a zero byte")
		}
		if c.strict && s.MinLength != nil && len(text) < *s.MinLength {
			c.add(path, "required", "is empty")
		}
		if c.strict && s.MaxLength != nil && len(text) > *s.MaxLength {
			c.add(path, "too_long", fmt.Sprintf("has %d bytes; use at most %d", len(text), *s.MaxLength))
		}
		if c.strict && len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
			c.add(path, "invalid_value", fmt.Sprintf("is %q; use %s", text, enumText(s.Enum)))
		}
	case huma.TypeBoolean:
		if _, ok := v.(bool); !ok {
			c.wrong(path, "true or false", v)
		}
	case huma.TypeInteger, huma.TypeNumber:
		c.checkNumber(s, path, v)
	}
}

func (c *structure) checkObject(s *huma.Schema, path string, m map[string]any) {
	more, _ := s.AdditionalProperties.(*huma.Schema)
	open, _ := s.AdditionalProperties.(bool)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		sub := join(path, k)
		switch p, known := s.Properties[k]; {
		case known:
			// null means "not given": the default stands.
			if m[k] != nil || c.strict && slices.Contains(s.Required, k) {
				c.check(p, sub, m[k])
			}
		case more != nil:
			c.check(more, sub, m[k])
		case !open && len(s.Properties) > 0:
			text := "is not a known field; remove it"
			if near := meant.Of(k, slices.Sorted(maps.Keys(s.Properties))); near != "" {
				text = fmt.Sprintf("is not a known field; did you mean %q?", near)
			}
			c.add(sub, "unknown_field", text)
		}
	}
	if !c.strict {
		return
	}
	for _, k := range s.Required {
		if _, ok := m[k]; !ok {
			c.add(join(path, k), "required", "is missing")
		}
	}
}

func (c *structure) checkOneOf(s *huma.Schema, path string, v any) {
	var forms []string
	for _, alt := range s.OneOf {
		sub := structure{registry: c.registry, strict: c.strict}
		sub.check(alt, path, v)
		if len(sub.found) == 0 {
			return
		}
		forms = append(forms, alt.Description)
	}
	c.add(path, "invalid_type", "must be "+strings.Join(forms, " or "))
}

func (c *structure) checkNumber(s *huma.Schema, path string, v any) {
	n, ok := v.(json.Number)
	f, err := n.Float64()
	switch {
	case !ok || err != nil:
		c.wrong(path, "a number", v)
		return
	case s.Type == huma.TypeInteger && f != math.Trunc(f):
		c.add(path, "invalid_type", fmt.Sprintf("is %s; write a whole number", n))
		return
	}
	// Bounds that the Go type itself has, else decoding would fail without a path.
	lo, hi := math.Inf(-1), math.Inf(1)
	switch s.Format {
	case "int32":
		lo, hi = math.MinInt32, math.MaxUint32
	case "int64":
		lo, hi = math.MinInt64, math.MaxInt64
	}
	if s.Minimum != nil && (c.strict || *s.Minimum == 0) {
		lo = *s.Minimum
	}
	if s.Maximum != nil && c.strict {
		hi = *s.Maximum
	}
	if f < lo || f > hi {
		c.add(path, "out_of_range", fmt.Sprintf("is %s; use %.0f to %.0f", n, lo, hi))
	} else if s.Type == huma.TypeInteger && strings.ContainsAny(n.String(), ".eE") {
		c.add(path, "invalid_type", fmt.Sprintf("is %s; write the whole number in digits", n))
	}
}

func (c *structure) wrong(path, want string, v any) {
	c.add(path, "invalid_type", "is "+kindOf(v)+"; write "+want)
}

func (c *structure) add(path, code, text string) {
	c.found = append(c.found, traffic.Problem{Field: path, Code: code, Message: text})
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case string:
		return "text"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}

func enumText(list []any) string {
	s := make([]string, len(list))
	for i, v := range list {
		s[i] = fmt.Sprint(v)
	}
	return strings.Join(s, ", ")
}

func join(path, k string) string {
	if path == "" {
		return k
	}
	return path + "." + k
}

// parse reads exactly one JSON value.
func parse(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	if err == nil && dec.More() {
		err = fmt.Errorf("more follows after the first value, at byte %d", dec.InputOffset())
	}
	if err != nil {
		return nil, problem(http.StatusBadRequest, "bad_json", "The body is not JSON: "+jsonText(b, err)+".")
	}
	return v, nil
}

// jsonText says where a body stops being JSON without quoting it.
func jsonText(b []byte, err error) string {
	if s, ok := err.(*json.SyntaxError); ok {
		upTo := b[:min(int(s.Offset), len(b))]
		return fmt.Sprintf("line %d, byte %d: %s", bytes.Count(upTo, []byte("\n"))+1, s.Offset, s)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return "it is empty"
	}
	return err.Error()
}
