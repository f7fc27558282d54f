package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// page is the body of every list.
type page struct {
	Items any    `json:"items"`
	Next  string `json:"next_cursor,omitempty"`
	Total *int   `json:"total,omitempty"`
}

var pageParams = []*huma.Param{
	query("limit", huma.TypeInteger, fmt.Sprintf("Entries of a page, 1 to %d; default %d.", maxLimit, defaultLimit)),
	query("cursor", huma.TypeString, "From next_cursor of the page before."),
}

func (s *server) listParams(k kind) []*huma.Param {
	sorts := control.Sorts
	if judged(k) {
		sorts = append(slices.Clip(sorts), control.SortHealth)
	}
	out := append(slices.Clone(pageParams),
		query("q", huma.TypeString, "Text in name, remark, labels or main content, any case."),
		query("sort", huma.TypeString, strings.Join(sorts, ", ")+"; with - in front for descending. Default name."))
	if judged(k) {
		out = append(out, query("health", huma.TypeString, "Only those of this health: ok, ok_alert, exceptional, unknown, unmonitored or disabled; several times for any of them."),
			query("available", huma.TypeBoolean, "Only those that are available, or not."),
			query("with", huma.TypeString, "What to tell besides, with commas: health (health, available and state of each), used_by (used_by_counts)."))
	}
	for _, f := range control.Filters(k.kind) {
		doc := "Only those with this value; several times for any of them."
		if f == "label" {
			doc = "Only those with these labels: key=value, several with commas."
		}
		out = append(out, query(f, huma.TypeString, doc))
	}
	return out
}

// judged reports whether objects of a kind have a computed state.
func judged(k kind) bool { return slices.Contains(control.Judging, k.kind) }

func limitOf(c *call) (int, error) {
	v := c.URL.Query().Get("limit")
	if v == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxLimit {
		return 0, invalidField("limit", "invalid_parameter", fmt.Sprintf("must be 1 to %d", maxLimit))
	}
	return n, nil
}

func (s *server) list(c *call, k kind) (answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return answer{}, err
	}
	q, health := control.Query{Kind: k.kind, Limit: limit, Filters: map[string][]string{}}, false
	for name, values := range c.URL.Query() {
		switch name {
		case "limit":
		case "cursor":
			q.Cursor = values[0]
		case "q":
			q.Text = values[0]
		case "sort":
			q.Sort = values[0]
		case "health":
			q.Health = values
		case "available":
			v, err := strconv.ParseBool(values[0])
			if err != nil {
				return answer{}, invalidField("available", "invalid_parameter", "must be true or false")
			}
			q.Available = &v
		case "with":
			for w := range strings.SplitSeq(values[0], ",") {
				switch w {
				case "health":
					health = true
				case "used_by":
					q.Uses = true
				default:
					return answer{}, invalidField("with", "invalid_parameter", "must be health, used_by or both with a comma")
				}
			}
		default:
			q.Filters[name] = values
		}
	}
	if judged(k) {
		h := s.Health
		q.By = &h
	}
	p, err := s.control.List(q)
	if err != nil {
		return answer{}, err
	}
	items := make([]json.RawMessage, len(p.Items))
	for i, o := range p.Items {
		meta := metaOf(o.Meta)
		s.live(o.Object, &meta)
		meta.Uses = o.Uses
		if health {
			meta.Health, meta.Available, meta.State = o.Judged.Health, &o.Judged.Available, o.Judged.State
		}
		items[i] = document(o.Object, meta)
	}
	return answer{body: page{Items: items, Next: p.Next, Total: &p.Total}}, nil
}

// filtered returns the page of a list that is held in memory, by id: entries after
// the cursor, which is the id of the last one seen. It owns all.
func filtered[T any](c *call, all []T, id func(T) string, keep func(T) bool) (answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return answer{}, err
	}
	cursor := c.URL.Query().Get("cursor")
	out := page{}
	items, total := []T{}, 0
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(id(a), id(b)) })
	for _, v := range all {
		if !keep(v) {
			continue
		}
		total++
		switch {
		case cursor != "" && id(v) <= cursor:
		case len(items) < limit:
			items = append(items, v)
		case out.Next == "":
			out.Next = id(items[len(items)-1])
		}
	}
	out.Items, out.Total = items, &total
	return answer{body: out}, nil
}

// wants returns a test of a value against a query parameter; absent means any.
func wants(c *call, name string) func(string) bool {
	values := c.URL.Query()[name]
	return func(v string) bool { return len(values) == 0 || slices.Contains(values, v) }
}

// contains returns a test of texts against ?q.
func contains(c *call) func(...string) bool {
	q := strings.ToLower(c.URL.Query().Get("q"))
	return func(texts ...string) bool {
		return q == "" || slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(strings.ToLower(s), q) })
	}
}
