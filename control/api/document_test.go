package api_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"mime"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// document is the OpenAPI document as its readers see it. Its check of answers is
// written apart from the one of package api, on the document's JSON alone.
type document struct {
	raw        map[string]any
	operations []operation
}

type operation struct {
	method, path string
	match        *regexp.Regexp
	raw          map[string]any
}

func readDocument(t *testing.T, w *world) *document {
	t.Helper()
	d := &document{raw: w.do("", "GET", "/api/openapi.json", "").want(200).json()}
	for path, item := range d.raw["paths"].(map[string]any) {
		pattern := regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `[^/]+`)
		for method, op := range item.(map[string]any) {
			d.operations = append(d.operations, operation{strings.ToUpper(method), path, regexp.MustCompile("^" + pattern + "$"), op.(map[string]any)})
		}
	}
	// Literal paths before those with parameters, as the mux prefers them.
	slices.SortFunc(d.operations, func(a, b operation) int { return strings.Count(a.path, "{") - strings.Count(b.path, "{") })
	return d
}

func (d *document) find(method, path string) (operation, bool) {
	for _, o := range d.operations {
		if o.method == method && o.match.MatchString(path) {
			return o, true
		}
	}
	return operation{}, false
}

// fits fails the test when an answer is not what the document says.
func (d *document) fits(t *testing.T, method, path string, r *reply) {
	t.Helper()
	if method == "HEAD" || !strings.HasPrefix(path, "/api/v1/") {
		return // no body to hold to anything; the document and its page
	}
	o, ok := d.find(method, path)
	if !ok {
		if r.status < 400 {
			t.Errorf("%s: answers %d but is not in the document", r.what, r.status)
		}
		return
	}
	responses := o.raw["responses"].(map[string]any)
	res, ok := responses[strconv.Itoa(r.status)].(map[string]any)
	if !ok {
		if r.status < 400 {
			t.Errorf("%s: status %d is not in the document", r.what, r.status)
			return
		}
		res = responses["default"].(map[string]any)
	}
	ct, _, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil {
		t.Errorf("%s: content type: %v", r.what, err)
		return
	}
	media, ok := res["content"].(map[string]any)[ct].(map[string]any)
	if !ok {
		t.Errorf("%s: status %d with content type %s is not in the document", r.what, r.status, ct)
		return
	}
	if !strings.HasSuffix(ct, "json") {
		return
	}
	var v any
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Errorf("%s: %v", r.what, err)
		return
	}
	for _, e := range d.errors(media["schema"].(map[string]any), "$", v) {
		t.Errorf("%s: the answer does not fit its schema: %s\n%s", r.what, e, r.body)
	}
}

// errors checks a value against a JSON schema, as far as our document uses them.
func (d *document) errors(s map[string]any, at string, v any) (out []string) {
	add := func(format string, args ...any) { out = append(out, at+" "+fmt.Sprintf(format, args...)) }
	if ref, ok := s["$ref"].(string); ok {
		schemas := d.raw["components"].(map[string]any)["schemas"].(map[string]any)
		c, ok := schemas[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any)
		if !ok {
			return []string{at + " refers to " + ref + ", which is not there"}
		}
		return d.errors(c, at, v)
	}
	if alts, ok := s["oneOf"].([]any); ok {
		fit := 0
		for _, a := range alts {
			if len(d.errors(a.(map[string]any), at, v)) == 0 {
				fit++
			}
		}
		if fit != 1 {
			add("fits %d of %d forms", fit, len(alts))
		}
		return out
	}
	if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, v) {
		add("is %v, not one of %v", v, enum)
	}
	switch typ := s["type"]; typ {
	case nil:
	case "object":
		m, ok := v.(map[string]any)
		if !ok {
			add("is %T, want an object", v)
			return out
		}
		props, _ := s["properties"].(map[string]any)
		required, _ := s["required"].([]any)
		for _, r := range required {
			if _, ok := m[r.(string)]; !ok {
				add("lacks %s", r)
			}
		}
		for k, e := range m {
			if p, ok := props[k].(map[string]any); ok {
				out = append(out, d.errors(p, at+"."+k, e)...)
			} else if more, ok := s["additionalProperties"].(map[string]any); ok {
				out = append(out, d.errors(more, at+"."+k, e)...)
			} else if s["additionalProperties"] == false {
				add("has the unknown field %s", k)
			}
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			add("is %T, want a list", v)
			return out
		}
		for i, e := range list {
			out = append(out, d.errors(s["items"].(map[string]any), fmt.Sprintf("%s[%d]", at, i), e)...)
		}
	case "string":
		text, ok := v.(string)
		if !ok {
			add("is %T, want text", v)
		} else if s["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
				add("%v", err)
			}
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			add("is %T, want a boolean", v)
		}
	case "integer", "number":
		n, ok := v.(float64)
		if !ok {
			add("is %T, want a number", v)
			return out
		}
		if lo, ok := s["minimum"].(float64); ok && n < lo {
			add("is %v, less than %v", n, lo)
		}
		if hi, ok := s["maximum"].(float64); ok && n > hi {
			add("is %v, more than %v", n, hi)
		}
	default:
		add("has a schema of type %v, which this check does not know", typ)
	}
	return out
}

func contains(s, part string) bool { return strings.Contains(s, part) }

var documentFile = flag.String("document", "", "file to write the OpenAPI document to, for the console's types")

// TestWriteDocument is how "make generate" gets the document without a running server.
func TestWriteDocument(t *testing.T) {
	if *documentFile == "" {
		t.Skip("only with -document")
	}
	raw := start(t).do("", "GET", "/api/openapi.json", "").want(200).body
	if err := os.WriteFile(*documentFile, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}
