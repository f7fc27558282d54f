package control

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Stored is an object with what the store knows about it.
type Stored struct {
	Object traffic.Object
	Meta   store.Meta
	// Judged and Uses are there in a page of a Query that asks for them.
	Judged *Judged
	Uses   map[traffic.Kind]int
}

// Get returns an object, or ErrNotFound.
func (s *Service) Get(k traffic.Key) (Stored, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o := s.model.Get(k)
	if o == nil {
		return Stored{}, &ObjectError{Key: k, Err: ErrNotFound}
	}
	return Stored{Object: o, Meta: s.metas[k]}, nil
}

// Users returns what names an object, in order.
func (s *Service) Users(k traffic.Key) []traffic.Key {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.model.Users(k)
}

// Query selects objects of a kind.
type Query struct {
	Kind    traffic.Kind
	Text    string              // part of the name, remark or main content, any case
	Filters map[string][]string // see Filters; each must hold, by any of its values
	Sort    string              // see Sorts, with - in front for descending; default name
	Limit   int                 // at least 1
	Cursor  string              // from the page before

	// By is the state of health by which objects are judged: for the fields below, for the
	// order "health", and for Judged of the page. Nil: they are not.
	By        *steer.Health
	Health    []string // grades, any of them; empty: all
	Available *bool
	// Uses asks for how many of each kind use an object.
	Uses bool
}

// Page is one page of a list.
type Page struct {
	Items []Stored
	Next  string // cursor of the next page, empty at the end
	Total int    // of all pages
}

// Sorts lists what every list can be sorted by.
var Sorts = []string{"name", "version", "created_at", "updated_at"}

// SortHealth orders by health, the worst first: for kinds that have a computed state.
const SortHealth = "health"

// QueryError says which parameter of a query is wrong and how to put it right.
type QueryError struct{ Param, Text string }

func (e *QueryError) Error() string { return e.Param + " " + e.Text }

type cursor struct {
	Sort  string `json:"s"`
	Value string `json:"v"`
	Name  string `json:"n"`
}

// List returns a page of objects. Pages follow a sort key, not a number, so objects
// that come and go between two pages neither repeat nor hide others.
func (s *Service) List(q Query) (Page, error) {
	field := strings.TrimPrefix(q.Sort, "-")
	if field == "" {
		field = "name"
	}
	sorts := Sorts
	if q.By != nil {
		sorts = append(slices.Clip(sorts), SortHealth)
	}
	if !slices.Contains(sorts, field) {
		return Page{}, &QueryError{"sort", fmt.Sprintf("is %q; use %s, with - in front for descending", q.Sort, strings.Join(sorts, ", "))}
	}
	for _, g := range q.Health {
		if !slices.Contains(steer.Grades, steer.Grade(g)) {
			return Page{}, &QueryError{"health", fmt.Sprintf("is %q; use ok, ok_alert, exceptional, unknown, unmonitored or disabled", g)}
		}
	}
	descending := strings.HasPrefix(q.Sort, "-")
	var after *cursor
	if q.Cursor != "" {
		b, err := base64.RawURLEncoding.DecodeString(q.Cursor)
		if err == nil {
			err = json.Unmarshal(b, &after)
		}
		if err != nil || after == nil || after.Sort != q.Sort {
			return Page{}, &QueryError{"cursor", "is not from a page of this list; leave it out to begin anew"}
		}
	}
	match, err := matcher(q)
	if err != nil {
		return Page{}, err
	}

	type entry struct {
		Stored
		value, name string
	}
	var all []entry
	s.mu.RLock()
	defer s.mu.RUnlock()
	judge := func(traffic.Object) Judged { return Judged{} }
	if q.By != nil {
		judge = Judge(s.model, *q.By)
	}
	s.model.Each(q.Kind, func(o traffic.Object) bool {
		k := o.Key()
		m := s.metas[k]
		if !match(o, m) {
			return true
		}
		if len(q.Health) > 0 || q.Available != nil || field == SortHealth {
			j := judge(o)
			if len(q.Health) > 0 && !slices.Contains(q.Health, string(j.Health)) || q.Available != nil && *q.Available != j.Available {
				return true
			}
			if field == SortHealth {
				all = append(all, entry{Stored{Object: o, Meta: m}, strconv.Itoa(slices.Index(steer.Grades, j.Health)), k.Name})
				return true
			}
		}
		all = append(all, entry{Stored{Object: o, Meta: m}, sortValue(field, k.Name, m), k.Name})
		return true
	})
	compare := func(av, an, bv, bn string) int {
		c := strings.Compare(av, bv)
		if descending {
			c = -c
		}
		if c == 0 {
			c = strings.Compare(an, bn)
		}
		return c
	}
	slices.SortFunc(all, func(a, b entry) int { return compare(a.value, a.name, b.value, b.name) })
	p := Page{Items: []Stored{}, Total: len(all)}
	start := 0
	if after != nil {
		start, _ = slices.BinarySearchFunc(all, *after, func(e entry, c cursor) int {
			if compare(e.value, e.name, c.Value, c.Name) <= 0 {
				return -1
			}
			return 1
		})
	}
	end := min(start+q.Limit, len(all))
	for _, e := range all[start:end] {
		if q.By != nil {
			j := judge(e.Object)
			e.Judged = &j
		}
		if q.Uses {
			e.Uses = s.model.CountUsers(e.Object.Key())
		}
		p.Items = append(p.Items, e.Stored)
	}
	if end < len(all) && end > start {
		b, err := json.Marshal(cursor{q.Sort, all[end-1].value, all[end-1].name})
		if err != nil {
			return Page{}, fmt.Errorf("encode cursor: %w", err)
		}
		p.Next = base64.RawURLEncoding.EncodeToString(b)
	}
	return p, nil
}

// sortValue spells a value so that text order is its order.
func sortValue(field, name string, m store.Meta) string {
	switch field {
	case "version":
		return fmt.Sprintf("%020d", m.Revision)
	case "created_at":
		return fmt.Sprintf("%020d", m.CreatedAt.UnixMicro())
	case "updated_at":
		return fmt.Sprintf("%020d", m.UpdatedAt.UnixMicro())
	}
	return name
}

// Filters returns the names of the filters of a kind, in order.
func Filters(k traffic.Kind) []string {
	out := []string{"name", "enabled", "label", "set"}
	for _, f := range filters[k] {
		out = append(out, f.name)
	}
	return out
}

type filter struct {
	name   string
	values func(traffic.Object) []string
}

func one[T traffic.Object](f func(T) string) func(traffic.Object) []string {
	return func(o traffic.Object) []string { return []string{f(o.(T))} }
}

var filters = map[traffic.Kind][]filter{
	traffic.KindTemplate: {
		{"protocol", one(func(t *traffic.Template) string { return string(t.Protocol) })},
		{"ip_version", one(func(t *traffic.Template) string { return t.IPVersion })},
	},
	traffic.KindAddress: {
		{"address", one(func(a *traffic.Address) string { return a.Address })},
		{"type", one(func(a *traffic.Address) string { return string(a.Family()) })},
		{"mode", one(func(a *traffic.Address) string { return string(a.Mode) })},
		{"template", func(o traffic.Object) (v []string) {
			for _, t := range o.(*traffic.Address).Tasks {
				v = append(v, t.Template)
			}
			return v
		}},
	},
	traffic.KindPool: {
		{"type", one(func(p *traffic.Pool) string { return string(p.Type) })},
		{"policy", one(func(p *traffic.Pool) string { return string(p.Policy) })},
		{"address", func(o traffic.Object) (v []string) {
			for _, m := range o.(*traffic.Pool).Members {
				v = append(v, m.Address)
			}
			return v
		}},
	},
	traffic.KindRecord: {
		{"zone", one(func(c *traffic.Record) string { return c.Zone })},
		{"owner", one(func(c *traffic.Record) string { return c.Owner() })},
		{"type", one(func(c *traffic.Record) string { return c.Type })},
	},
	traffic.KindAccessDomain: {
		{"domain", one(func(d *traffic.AccessDomain) string { return d.Name })},
		{"type", one(func(d *traffic.AccessDomain) string { return d.Type })},
		{"policy", one(func(d *traffic.AccessDomain) string { return string(d.Policy) })},
		{"pool", func(o traffic.Object) (v []string) {
			for _, m := range o.(*traffic.AccessDomain).Pools {
				v = append(v, m.Pool)
			}
			return v
		}},
	},
	traffic.KindAssertion: {
		{"domain", one(func(a *traffic.Assertion) string { return a.Name })},
		{"line", one(func(a *traffic.Assertion) string { return a.Line })},
	},
}

func matcher(q Query) (func(traffic.Object, store.Meta) bool, error) {
	var tests []func(traffic.Object, store.Meta) bool
	for name, want := range q.Filters {
		t, err := filterTest(q.Kind, name, want)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	if text := strings.ToLower(q.Text); text != "" {
		tests = append(tests, func(o traffic.Object, m store.Meta) bool {
			for _, s := range searchable(o) {
				if strings.Contains(strings.ToLower(s), text) {
					return true
				}
			}
			return m.ID == text
		})
	}
	return func(o traffic.Object, m store.Meta) bool {
		for _, t := range tests {
			if !t(o, m) {
				return false
			}
		}
		return true
	}, nil
}

func filterTest(k traffic.Kind, name string, want []string) (func(traffic.Object, store.Meta) bool, error) {
	for _, f := range filters[k] {
		if f.name == name {
			return func(o traffic.Object, _ store.Meta) bool {
				return slices.ContainsFunc(f.values(o), func(v string) bool { return slices.Contains(want, v) })
			}, nil
		}
	}
	switch name {
	case "name":
		return func(o traffic.Object, _ store.Meta) bool { return slices.Contains(want, o.Key().Name) }, nil
	case "set":
		return func(_ traffic.Object, m store.Meta) bool { return slices.Contains(want, m.Set) }, nil
	case "enabled":
		var on []bool
		for _, w := range want {
			b, err := strconv.ParseBool(w)
			if err != nil {
				return nil, &QueryError{"enabled", fmt.Sprintf("is %q; use true or false", w)}
			}
			on = append(on, b)
		}
		return func(o traffic.Object, _ store.Meta) bool { return slices.Contains(on, metaOf(o).Enabled) }, nil
	case "label":
		var pairs [][2]string
		for _, w := range want {
			for _, p := range strings.Split(w, ",") {
				key, value, ok := strings.Cut(p, "=")
				if !ok || key == "" {
					return nil, &QueryError{"label", fmt.Sprintf("is %q; write key=value, several with commas", w)}
				}
				pairs = append(pairs, [2]string{key, value})
			}
		}
		return func(o traffic.Object, _ store.Meta) bool {
			labels := metaOf(o).Labels
			for _, p := range pairs {
				if v, ok := labels[p[0]]; !ok || v != p[1] {
					return false
				}
			}
			return true
		}, nil
	}
	return nil, &QueryError{name, fmt.Sprintf("is not a parameter of this list; use limit, cursor, q, sort, %s", strings.Join(Filters(k), ", "))}
}

// SharedOf returns the part that every declared object shares.
func SharedOf(o traffic.Object) traffic.Meta { return metaOf(o) }

// ByID finds an object by its id.
func (s *Service) ByID(id string) (traffic.Key, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, ok := s.ids[id]
	return k, ok
}

// metaOf returns the part that every object shares.
func metaOf(o traffic.Object) traffic.Meta {
	switch v := o.(type) {
	case *traffic.Settings:
		return v.Meta
	case *traffic.Line:
		return v.Meta
	case *traffic.Template:
		return v.Meta
	case *traffic.Address:
		return v.Meta
	case *traffic.Pool:
		return v.Meta
	case *traffic.Zone:
		return v.Meta
	case *traffic.Record:
		return v.Meta
	case *traffic.AccessDomain:
		return v.Meta
	case *traffic.Assertion:
		return v.Meta
	}
	return traffic.Meta{}
}

// searchable returns the texts that a search looks at.
func searchable(o traffic.Object) []string {
	m := metaOf(o)
	out := []string{o.Key().Name, m.Remark}
	for k, v := range m.Labels {
		out = append(out, k+"="+v)
	}
	switch v := o.(type) {
	case *traffic.Line:
		out = append(out, v.CIDRs...)
	case *traffic.Address:
		out = append(out, v.Address)
	case *traffic.Record:
		out = append(out, v.Data...)
	}
	return out
}
