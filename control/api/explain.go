package api

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// draft is a change set that is not applied.
type draft struct {
	Put    []putItem    `json:"put,omitempty" doc:"Objects wholly described."`
	Delete []deleteItem `json:"delete,omitempty" doc:"Objects that must exist and shall not."`
}

type explainQuestion struct {
	control.ExplainRequest
	Draft *draft `json:"draft,omitempty" doc:"Explain what would be answered if this were applied to what stands; not beside node or revision."`
}

// explainMany asks several questions of one configuration at once.
type explainMany struct {
	Questions []control.ExplainRequest `json:"questions" doc:"At most 100." minItems:"1"`
	Draft     *draft                   `json:"draft,omitempty" doc:"Explain what would be answered if this were applied to what stands; no question may name a node or a revision then."`
}

type explainedMany struct {
	Answers []explained `json:"answers" doc:"In the order of the questions."`
}

// explained holds just one of the two.
type explained struct {
	Explanation *steer.Explanation `json:"explanation,omitempty"`
	Error       *Problem           `json:"error,omitempty"`
}

// mostQuestions keeps one request to what one canvas shows.
const mostQuestions = 100

func (s *server) explainRoutes() {
	s.route(route{method: "POST", path: "/explain", id: "explain", summary: "Why a client gets the answer it gets", tag: "State", need: auth.Viewer,
		body: s.schemaOf(reflect.TypeFor[explainQuestion]()), limit: changeLimit, answer: s.schemaOf(reflect.TypeFor[steer.Explanation]()), handle: s.explain})
	s.route(route{method: "POST", path: "/explain/batch", id: "explainBatch", summary: "Why several clients get the answers they get", tag: "State", need: auth.Viewer,
		body: s.schemaOf(reflect.TypeFor[explainMany]()), limit: changeLimit, answer: s.schemaOf(reflect.TypeFor[explainedMany]()), handle: s.explainBatch})
}

func (s *server) explain(c *call) (answer, error) {
	in, raw, err := decodeRaw[explainQuestion](s, c)
	if err != nil {
		return answer{}, err
	}
	out, err := s.explainAll(c, []control.ExplainRequest{in.ExplainRequest}, in.Draft, raw)
	if err == nil {
		err = out[0].Err
	}
	if err != nil {
		return answer{}, named(err, fmt.Sprintf("Revision %d", in.Revision))
	}
	return answer{body: out[0].Explanation}, nil
}

func (s *server) explainBatch(c *call) (answer, error) {
	in, raw, err := decodeRaw[explainMany](s, c)
	if err != nil {
		return answer{}, err
	}
	if len(in.Questions) > mostQuestions {
		return answer{}, invalidField("questions", "too_many", fmt.Sprintf("has %d; ask at most %d at once", len(in.Questions), mostQuestions))
	}
	list, err := s.explainAll(c, in.Questions, in.Draft, raw)
	if err != nil {
		return answer{}, err
	}
	out := explainedMany{Answers: make([]explained, len(list))}
	for i, e := range list {
		if e.Err == nil {
			out.Answers[i].Explanation = &e.Explanation
			continue
		}
		p, public := problemOf(named(e.Err, fmt.Sprintf("Revision %d", in.Questions[i].Revision)))
		if !public {
			return answer{}, e.Err
		}
		out.Answers[i].Error = p
	}
	return answer{body: out}, nil
}

func (s *server) explainAll(c *call, list []control.ExplainRequest, d *draft, raw []byte) ([]control.Explained, error) {
	if s.Explain == nil {
		return nil, control.ErrUnavailable
	}
	if d != nil {
		return s.explainDraft(c, list, d, raw)
	}
	out := make([]control.Explained, len(list))
	for i, r := range list {
		out[i].Explanation, out[i].Err = s.Explain.Explain(c.Context(), r)
	}
	return out, nil
}

// mostExcerpts bounds how often an excerpt grows: no CNAME chain is followed further.
const mostExcerpts = 8

// explainDraft explains from the part of a draft that the names need. Where a chain of
// CNAMEs leaves that part, it is cut anew with the names that the chain came to.
func (s *server) explainDraft(c *call, list []control.ExplainRequest, d *draft, raw []byte) ([]control.Explained, error) {
	var names, down []string
	for _, r := range list {
		if r.Node != "" || r.Revision != 0 {
			return nil, invalidField("draft", "not_both", "stands beside node or revision; a draft is laid over what stands here now")
		}
		names, down = append(names, r.Name), append(down, r.Down...)
	}
	v, err := parse(raw)
	if err != nil {
		return nil, err
	}
	body, _ := v.(map[string]any)["draft"].(map[string]any)
	cs, err := s.changesOf(d.Put, d.Delete, body, "draft.")
	if err != nil {
		return nil, err
	}
	var out []control.Explained
	for range mostExcerpts {
		config, at, err := s.control.Excerpt(c.Context(), cs, names, down)
		if err != nil {
			return nil, err
		}
		if out, err = s.Explain.ExplainIn(c.Context(), at, config, list); err != nil {
			return nil, err
		}
		more := false
		for _, e := range out {
			for _, step := range e.Explanation.Steps {
				if n, err := traffic.CanonicalName(step.Name); err == nil && !slices.Contains(names, n) && !slices.Contains(names, step.Name) {
					names, more = append(names, n), true
				}
			}
		}
		if !more {
			break
		}
	}
	return out, nil
}
