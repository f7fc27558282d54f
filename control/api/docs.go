package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const docsStyle = `body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
code,pre{font:13px/1.4 ui-monospace,monospace}h2{border-bottom:1px solid #8884;padding-bottom:.3rem;margin-top:2.5rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #8883}
details{margin:.4rem 0;padding:.3rem .8rem;border:1px solid #8884;border-radius:.4rem}summary{cursor:pointer}b.m{display:inline-block;width:4.5rem}.s{opacity:.75}`

var docsTemplate = template.Must(template.New("docs").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Meridian API</title><style>{{.Style}}</style>
<h1>Meridian API</h1><p>{{.Info}}</p><p>Authorization: <code>Bearer TOKEN</code>. For programs: <a href="/api/openapi.json">openapi.json</a>.</p>
<nav><ul>{{range .Groups}}<li><a href="#{{.Anchor}}">{{.Name}}</a></li>{{end}}<li><a href="#schemas">Schemas</a></li></ul></nav>
{{range .Groups}}<h2 id="{{.Anchor}}">{{.Name}}</h2>{{range .Ops}}<details><summary><b class="m">{{.Method}}</b> <code>{{.Path}}</code> <span class="s">{{.Summary}}</span></summary>
<p>{{.Description}}</p>{{if .Params}}<table><tr><th>Parameter<th>In<th>Meaning</tr>{{range .Params}}<tr><td><code>{{.Name}}</code><td>{{.In}}<td>{{.Description}}</tr>{{end}}</table>{{end}}
{{if .Body}}<p>Body: {{template "type" .Body}}</p>{{end}}{{range .Answers}}<p>{{.Status}}: {{template "type" .Type}} {{.Text}}</p>{{end}}</details>{{end}}{{end}}
<h2 id="schemas">Schemas</h2>{{range .Schemas}}<details id="{{.Name}}" open><summary><code>{{.Name}}</code></summary><table>{{range .Fields}}<tr><td><code>{{.Name}}</code>{{if .Required}} *{{end}}<td>{{template "type" .Type}}<td>{{.Doc}}</tr>{{end}}</table></details>{{end}}
</html>{{define "type"}}{{if .Ref}}<a href="#{{.Ref}}">{{.Text}}</a>{{else}}{{.Text}}{{end}}{{end}}`))

type docType struct{ Ref, Text string }

type docOp struct {
	Method, Path, Summary, Description string
	Params                             []*huma.Param
	Body                               *docType
	Answers                            []docAnswer
}

type docAnswer struct {
	Status, Text string
	Type         docType
}

type docField struct {
	Name, Doc string
	Required  bool
	Type      docType
}

// docsPage renders the document as one page without scripts or outside resources;
// the policy lets nothing but its own style through.
func docsPage(doc *huma.OpenAPI) (html []byte, csp string) {
	type group struct {
		Name, Anchor string
		Ops          []docOp
	}
	byTag := map[string]*group{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		it := doc.Paths[path]
		for _, o := range []*huma.Operation{it.Get, it.Post, it.Put, it.Patch, it.Delete} {
			if o == nil {
				continue
			}
			tag := o.Tags[0]
			if byTag[tag] == nil {
				byTag[tag] = &group{Name: tag, Anchor: strings.ReplaceAll(strings.ToLower(tag), " ", "-")}
			}
			byTag[tag].Ops = append(byTag[tag].Ops, docOpOf(o))
		}
	}
	var groups []*group
	for _, t := range slices.Sorted(maps.Keys(byTag)) {
		groups = append(groups, byTag[t])
	}
	type schema struct {
		Name   string
		Fields []docField
	}
	var schemas []schema
	components := doc.Components.Schemas.Map()
	for _, n := range slices.Sorted(maps.Keys(components)) {
		sc := components[n]
		entry := schema{Name: n}
		for _, f := range slices.Sorted(maps.Keys(sc.Properties)) {
			p := sc.Properties[f]
			entry.Fields = append(entry.Fields, docField{Name: f, Doc: docText(p), Required: slices.Contains(sc.Required, f), Type: docTypeOf(p)})
		}
		schemas = append(schemas, entry)
	}
	var b bytes.Buffer
	err := docsTemplate.Execute(&b, map[string]any{"Style": template.CSS(docsStyle), "Info": doc.Info.Description, "Groups": groups, "Schemas": schemas})
	if err != nil {
		panic(fmt.Sprintf("render API page: %v", err)) // a constant template over our own document
	}
	sum := sha256.Sum256([]byte(docsStyle))
	return b.Bytes(), "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'; base-uri 'none'"
}

func docOpOf(o *huma.Operation) docOp {
	d := docOp{Method: o.Method, Path: o.Path, Summary: o.Summary, Description: o.Description, Params: o.Parameters}
	if o.RequestBody != nil {
		for _, m := range o.RequestBody.Content {
			t := docTypeOf(m.Schema)
			d.Body = &t
		}
	}
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		for _, ct := range slices.Sorted(maps.Keys(o.Responses[status].Content)) {
			a := docAnswer{Status: status, Type: docTypeOf(o.Responses[status].Content[ct].Schema)}
			if ct != "application/json" {
				a.Text = "(" + ct + ")"
			}
			d.Answers = append(d.Answers, a)
		}
	}
	return d
}

func docTypeOf(s *huma.Schema) docType {
	switch {
	case s == nil:
		return docType{Text: "any"}
	case s.Ref != "":
		n := strings.TrimPrefix(s.Ref, refPrefix)
		return docType{Ref: n, Text: n}
	case s.Type == huma.TypeArray:
		t := docTypeOf(s.Items)
		t.Text = "list of " + t.Text
		return t
	case len(s.OneOf) > 0:
		var alt []string
		for _, o := range s.OneOf {
			alt = append(alt, o.Description)
		}
		return docType{Text: strings.Join(alt, " or ")}
	case s.Type == "":
		return docType{Text: "any"}
	}
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		t := docTypeOf(more)
		t.Text = "map of " + t.Text
		return t
	}
	return docType{Text: s.Type}
}

func docText(p *huma.Schema) string {
	text := p.Description
	if len(p.Enum) > 0 {
		text += " One of " + enumText(p.Enum) + "."
	}
	if p.Default != nil {
		text += fmt.Sprintf(" Default %v.", p.Default)
	}
	return strings.TrimSpace(text)
}
