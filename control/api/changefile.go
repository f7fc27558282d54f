package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
)

const yamlType = "application/yaml"

// changeFile is what a declarative file describes, in the form that /changes takes.
type changeFile struct {
	Put            []putItem `json:"put" doc:"Objects wholly described, in the order in which they refer to one another."`
	ReplaceRecords []string  `json:"replace_records" doc:"Zones whose whole record set stands in put."`
}

func (s *server) changeFileRoutes() {
	s.route(route{method: "POST", path: "/changes/file", id: "readChangeFile", summary: "Read a declarative file (YAML) as a change set; nothing is changed", tag: "Changes", need: auth.Viewer,
		body: &huma.Schema{Type: huma.TypeString, Description: "The file, as meridian apply -f takes it. Master files that it names cannot be read from here."}, bodyType: yamlType, limit: changeLimit,
		answer: s.schemaOf(reflect.TypeFor[changeFile]()), handle: s.changeFile})
}

func (s *server) changeFile(c *call) (answer, error) {
	b, err := c.read()
	if err != nil {
		return answer{}, err
	}
	set, err := file.Parse("file", b)
	var bad *file.Invalid
	if errors.As(err, &bad) {
		list := make([]traffic.Problem, len(bad.Problems))
		for i, p := range bad.Problems {
			list[i] = p.Problem
			list[i].At = p.Line
		}
		return answer{}, invalid(list...)
	}
	if err != nil {
		return answer{}, problem(http.StatusBadRequest, "bad_body", err.Error())
	}
	out := changeFile{Put: make([]putItem, len(set.Objects)), ReplaceRecords: set.Whole}
	for i, o := range set.Objects {
		out.Put[i] = putItem{Kind: string(o.Key().Kind), Body: json.RawMessage(traffic.Encode(o))}
	}
	if out.ReplaceRecords == nil {
		out.ReplaceRecords = []string{}
	}
	return answer{body: out}, nil
}
