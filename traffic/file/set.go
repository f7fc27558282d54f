package file

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/traffic"
	"go.yaml.in/yaml/v3"
)

// Set is what a number of files declare together.
type Set struct {
	// Objects are normalized, in reference order (traffic.Kinds) and within a kind in
	// the order of the files.
	Objects []traffic.Object
	// Whole names the zones whose records are all in Objects: a record of such a zone
	// that is not there is to be deleted. A zone that gives neither records nor a
	// master file, or says partial: true, is not among them.
	Whole []string

	from map[traffic.Key]source
}

// source is where an object stands. node is nil for records of a master file.
type source struct {
	file string
	line int
	node *yaml.Node
}

// Pos is a place in a file; lines and columns count from 1, 0 is unknown.
type Pos struct {
	File         string
	Line, Column int
}

func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Problem is a finding with its place.
type Problem struct {
	Pos
	traffic.Problem
}

// MarshalJSON implements json.Marshaler: with its place.
func (p Problem) MarshalJSON() ([]byte, error) {
	type plain traffic.Problem
	return json.Marshal(struct {
		Pos
		plain
	}{p.Pos, plain(p.Problem)})
}

func (p Problem) String() string {
	if p.File == "" {
		return p.Problem.String()
	}
	return p.Pos.String() + ": " + p.Problem.String()
}

// Invalid is the error of Load: everything that is wrong, in the order of the files.
type Invalid struct{ Problems []Problem }

func (e *Invalid) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Get returns an object of the set, nil if the set does not declare it.
func (s *Set) Get(k traffic.Key) traffic.Object {
	for _, o := range s.Objects {
		if o.Key() == k {
			return o
		}
	}
	return nil
}

// Locate puts findings of a traffic.Report at their lines. A finding about an
// object that the set does not declare keeps an empty place.
func (s *Set) Locate(problems []traffic.Problem) []Problem {
	out := make([]Problem, len(problems))
	for i, p := range problems {
		out[i].Problem = p
		src, ok := s.from[traffic.Key{Kind: p.Kind, Name: p.Name}]
		if !ok {
			continue
		}
		out[i].Pos = Pos{File: src.file, Line: src.line}
		if n := find(src.node, p.Field); n != nil {
			out[i].Line, out[i].Column = n.Line, n.Column
		}
	}
	slices.SortStableFunc(out, func(a, b Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return out
}

// find follows a field path like members[2].weight; it stops at the last part that
// exists, so that a missing field points at its object.
func find(n *yaml.Node, path string) *yaml.Node {
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		next := child(n, part)
		if next == nil {
			break
		}
		n = next
	}
	return n
}

func child(n *yaml.Node, part string) *yaml.Node {
	if n = target(n); n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == part {
				return n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		var i int
		if _, err := fmt.Sscanf(part, "%d", &i); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i]
		}
	}
	return nil
}

// target follows an alias to what it stands for.
func target(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
