package traffic

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/meridian-gtm/meridian/traffic/said"
)

// Problem is one finding about one field of one object, in words for the person
// who wrote it. Code is stable; Message says what to do.
type Problem struct {
	Kind    Kind   `json:"kind,omitempty"`
	Name    string `json:"name,omitempty"`
	Field   string `json:"field,omitempty" doc:"Path of the field, like members[2].weight."`
	Code    string `json:"code"`
	Message string `json:"message"`
	At      int    `json:"line,omitempty" doc:"Line of the file that it is about."`
	// Said is found when it is written as JSON.
	Said *said.Said `json:"said,omitempty" doc:"Message with a code of its own and its arguments."`
}

// MarshalJSON implements json.Marshaler.
func (p Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	if p.Said == nil {
		p.Said = said.Of(p.Message)
	}
	return json.Marshal(plain(p))
}

func (p Problem) String() string {
	var b strings.Builder
	if p.Kind != "" {
		b.WriteString(string(p.Kind) + " " + p.Name + ": ")
	}
	if p.Field != "" {
		b.WriteString(p.Field + " ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Report collects errors, which refuse a change, and warnings, which travel with it.
// The zero value is ready. It is for one goroutine.
type Report struct {
	Errors   []Problem
	Warnings []Problem

	at   Key    // object under check
	path string // prefix of field paths
}

// For makes o the object that following findings are about.
func (r *Report) For(k Key) *Report { r.at, r.path = k, ""; return r }

// In runs f with a longer field path.
func (r *Report) In(path string, f func()) {
	old := r.path
	if r.path != "" && path != "" && path[0] != '[' {
		r.path += "."
	}
	r.path += path
	f()
	r.path = old
}

// Errorf adds an error about a field of the object under check.
func (r *Report) Errorf(field, code, format string, args ...any) {
	r.Errors = append(r.Errors, r.problem(field, code, format, args...))
}

// Warnf adds a warning about a field of the object under check.
func (r *Report) Warnf(field, code, format string, args ...any) {
	r.Warnings = append(r.Warnings, r.problem(field, code, format, args...))
}

func (r *Report) problem(field, code, format string, args ...any) Problem {
	path := r.path
	if path != "" && field != "" && field[0] != '[' {
		path += "."
	}
	return Problem{Kind: r.at.Kind, Name: r.at.Name, Field: path + field, Code: code, Message: fmt.Sprintf(format, args...)}
}

// OK reports whether nothing was found that refuses the change.
func (r *Report) OK() bool { return len(r.Errors) == 0 }

// Sort orders findings by object and field, so that equal input gives equal output.
func (r *Report) Sort() {
	for _, list := range [][]Problem{r.Errors, r.Warnings} {
		sort.SliceStable(list, func(i, j int) bool {
			a, b := list[i], list[j]
			if a.Kind != b.Kind {
				return a.Kind < b.Kind
			}
			if a.Name != b.Name {
				return a.Name < b.Name
			}
			if a.Field != b.Field {
				return a.Field < b.Field
			}
			return a.Message < b.Message
		})
	}
}

// Invalid is the error form of a report with errors.
type Invalid struct{ Problems []Problem }

func (e *Invalid) Error() string {
	s := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		s[i] = p.String()
	}
	return strings.Join(s, "\n")
}

// Err returns nil for an OK report, else *Invalid.
func (r *Report) Err() error {
	if r.OK() {
		return nil
	}
	return &Invalid{Problems: r.Errors}
}
