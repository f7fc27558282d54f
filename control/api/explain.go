package api

import (
	"fmt"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
)

func (s *server) explainRoutes() {
	s.route(route{method: "POST", path: "/explain", id: "explain", summary: "Why a client gets the answer it gets", tag: "State", need: auth.Viewer,
		body:   s.schemaOf(reflect.TypeFor[control.ExplainRequest]()),
		answer: s.component("Explanation", &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "Inputs, matched lines, each pool and address considered with the reason it was taken or left, and the answer."}),
		handle: func(c *call) (answer, error) {
			in, err := decode[control.ExplainRequest](s, c)
			if err != nil {
				return answer{}, err
			}
			if s.Explain == nil {
				return answer{}, control.ErrUnavailable
			}
			out, err := s.Explain.Explain(c.Context(), in)
			if err != nil {
				return answer{}, named(err, fmt.Sprintf("Revision %d", in.Revision))
			}
			return answer{body: out}, nil
		}})
}
