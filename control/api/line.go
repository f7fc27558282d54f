package api

import (
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic/line"
)

// builtinLine is a line that needs no declaration.
type builtinLine struct {
	Code     string `json:"code"`
	Alias    string `json:"alias,omitempty" doc:"Alibaba Cloud's code for the same set, accepted too."`
	Parent   string `json:"parent,omitempty" doc:"Line above in the tree; absent only for default."`
	Category string `json:"category" enum:"custom,search,cloud,isp,region,default"`
	NameEN   string `json:"name_en"`
	NameZH   string `json:"name_zh"`
}

func (s *server) lineRoutes() {
	s.route(route{method: "GET", path: "/builtin-lines", id: "listBuiltinLines", summary: "List the built-in lines", tag: "Lines", need: auth.Viewer,
		params: append([]*huma.Param{query("q", huma.TypeString, "Text in codes and names, any case."), query("category", huma.TypeString, "search, cloud, isp, region or default."),
			query("parent", huma.TypeString, "Only the lines right below this one.")}, pageParams...),
		answer: s.listOf("BuiltinLineList", s.schemaOf(reflect.TypeFor[builtinLine]())),
		handle: func(c *call) (answer, error) {
			has, category, parent := contains(c), wants(c, "category"), wants(c, "parent")
			return filtered(c, builtinLines(), func(l builtinLine) string { return l.Code }, func(l builtinLine) bool {
				return category(l.Category) && parent(l.Parent) && has(l.Code, l.Alias, l.NameEN, l.NameZH)
			})
		}})
}

func builtinLines() []builtinLine {
	all := line.All()
	out := make([]builtinLine, len(all))
	for i, l := range all {
		out[i] = builtinLine{Code: l.Code, Alias: l.Alias, Parent: l.Parent, Category: l.Category.String(), NameEN: l.NameEN, NameZH: l.NameZH}
	}
	slices.SortFunc(out, func(a, b builtinLine) int { return strings.Compare(a.Code, b.Code) })
	return out
}
