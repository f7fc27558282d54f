package said

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Template is one sentence. It is immutable.
type Template struct {
	Code string // stable, like address.tasks_good
	Text string // English, with places like {ok}, {name:q} for one in quotes, {why:s} for a sentence

	names []string
	verbs []byte   // q for a place in quotes, s for a sentence, else 0
	fixed []string // the text around the places: one more than names
	// letters is how much fixed text there is.
	letters int
	listed  bool // by Register
}

var (
	mu  sync.Mutex // guards all
	all = map[string]*Template{}
)

// New makes a template and registers it. It is for package variables: a code that
// stands twice, or a place that is not closed, is a mistake of the program.
func New(code, text string) *Template {
	t := &Template{Code: code, Text: text}
	t.parse()
	mu.Lock()
	defer mu.Unlock()
	if old := all[code]; old != nil && !old.listed {
		panic("said: code " + code + " stands twice")
	}
	all[code] = t
	return t
}

// Register lists templates that a generator found in the source: of texts that are
// formatted where they arise, and those of packages that a program may not hold, since a
// text may come from a program that does. The first New of a code takes its place.
func Register(list [][2]string) bool {
	for _, e := range list {
		New(e[0], e[1]).listed = true
	}
	return true
}

func (t *Template) parse() {
	rest := t.Text
	for {
		before, after, found := strings.Cut(rest, "{")
		t.fixed, t.letters = append(t.fixed, before), t.letters+len(strings.TrimSpace(before))
		if !found {
			return
		}
		name, tail, closed := strings.Cut(after, "}")
		name, verb, _ := strings.Cut(name, ":")
		if !closed || name == "" || verb != "" && verb != "q" && verb != "s" {
			panic("said: " + t.Code + " has a place without a name or an end")
		}
		if slices.Contains(t.names, name) {
			panic("said: " + t.Code + " has the place " + name + " twice")
		}
		t.names, t.verbs, rest = append(t.names, name), append(t.verbs, (verb + "\x00")[0]), tail
	}
}

// All returns every template, by code.
func All() []*Template {
	mu.Lock()
	defer mu.Unlock()
	out := make([]*Template, 0, len(all))
	for _, code := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[code])
	}
	return out
}

// Names returns the names of the places, in order.
func (t *Template) Names() []string { return slices.Clone(t.names) }

// With fills the places in their order. A Said among the arguments is said within the
// sentence; anything else stands as fmt prints it.
func (t *Template) With(args ...any) Said {
	if len(args) != len(t.names) {
		panic(fmt.Sprintf("said: %s has %d places and gets %d arguments", t.Code, len(t.names), len(args)))
	}
	return Said{t: t, args: args}
}

// Said is one sentence as it was said; the zero Said is none.
type Said struct {
	t    *Template
	args []any
	text string // of one that was read: its text as it was said
}

// IsZero reports whether nothing was said.
func (s Said) IsZero() bool { return s.t == nil }

// Code is the template's, "" for nothing.
func (s Said) Code() string {
	if s.t == nil {
		return ""
	}
	return s.t.Code
}

// Is reports whether the sentence is of a template.
func (s Said) Is(t *Template) bool { return s.t != nil && s.t.Code == t.Code }

// String is the English sentence, "" for nothing.
func (s Said) String() string {
	switch {
	case s.t == nil:
		return ""
	case s.text != "" || s.t.fixed == nil:
		return s.text
	case len(s.args) == 0:
		return s.t.Text
	}
	var b strings.Builder
	for i, a := range s.args {
		b.WriteString(s.t.fixed[i])
		text := argText(a)
		if s.t.verbs[i] == 'q' {
			text = strconv.Quote(text)
		}
		b.WriteString(text)
	}
	b.WriteString(s.t.fixed[len(s.args)])
	return b.String()
}

func argText(a any) string {
	switch v := a.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	}
	return fmt.Sprint(a)
}

// Equal reports whether two say the same.
func (s Said) Equal(o Said) bool {
	return s.Code() == o.Code() && s.String() == o.String()
}

// wire is how a Said travels. Text is only for those who read one back and know no
// template.
type wire struct {
	Code string         `json:"code"`
	Args map[string]any `json:"args,omitempty"`
	Text string         `json:"text"`
}

// MarshalJSON implements json.Marshaler.
func (s Said) MarshalJSON() ([]byte, error) {
	if s.t == nil {
		return []byte("null"), nil
	}
	w := wire{Code: s.t.Code, Text: s.String()}
	for i, a := range s.args {
		if w.Args == nil {
			w.Args = map[string]any{}
		}
		switch a.(type) {
		case Said, string, int, int64, uint64, uint32, float64:
		default:
			a = argText(a)
		}
		w.Args[s.t.names[i]] = a
	}
	return json.Marshal(w)
}

// UnmarshalJSON implements json.Unmarshaler. The text stands as it was said, by whatever
// release.
func (s *Said) UnmarshalJSON(b []byte) error {
	var w struct {
		Code string                     `json:"code"`
		Args map[string]json.RawMessage `json:"args"`
		Text string                     `json:"text"`
	}
	*s = Said{}
	if err := json.Unmarshal(b, &w); err != nil || w.Code == "" {
		return err
	}
	t := &Template{Code: w.Code, Text: w.Text}
	s.t, s.text = t, w.Text
	for _, name := range slices.Sorted(maps.Keys(w.Args)) {
		var v any
		raw := w.Args[name]
		if len(raw) > 0 && raw[0] == '{' {
			var inner Said
			if err := json.Unmarshal(raw, &inner); err != nil {
				return err
			}
			v = inner
		} else if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		t.names, s.args = append(t.names, name), append(s.args, v)
	}
	return nil
}
