package saidgen

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Sentence is one of them, with its places in braces.
type Sentence struct {
	Code, Text string
	Made       bool // with said.New; else found as a format
}

// sinks are the calls whose argument is a sentence: function, which argument, and the
// first word of the code. A format's own arguments follow it.
var sinks = []struct {
	name   string
	arg    int
	args   int // at least so many
	format bool
	prefix string
}{
	{"Errorf", 2, 3, true, "finding"}, {"Warnf", 2, 3, true, "finding"}, {"invalidField", 2, 3, false, "finding"},
	{"problem", 2, 3, false, "problem"}, {"bad", 2, 3, true, "probe"}, {"local", 1, 2, true, "probe"}, {"alarm", 1, 2, false, "alarm"}, {"raise", 1, 2, false, "alarm"}, {"setAlarm", 0, 1, false, "alarm"},
	{"tokenEvent", 0, 2, false, "event"}, {"nodeEvent", 1, 2, false, "event"},
}

// fields are those of composite literals and assignments that hold a sentence, by the
// first word of the code.
var fields = map[string]string{"Message": "finding", "Detail": "problem", "Reason": "probe", "Cause": "cause"}

// roots are the folders that are looked through.
var roots = []string{"traffic", "control", "distribute", "health", "node", "resolve"}

// Collect finds all sentences below a folder, by code.
func Collect(root string) ([]Sentence, error) {
	c := &collector{found: map[string]Sentence{}, byText: map[string]string{}}
	for _, r := range roots {
		err := filepath.WalkDir(filepath.Join(root, r), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || strings.HasSuffix(d.Name(), "test")):
				return filepath.SkipDir
			case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"), strings.HasSuffix(path, "_gen.go"):
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return fmt.Errorf("read %s: %w", path, err)
			}
			c.file = file
			ast.Inspect(file, c.look)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	out := make([]Sentence, 0, len(c.found))
	for _, code := range slices.Sorted(maps.Keys(c.found)) {
		out = append(out, c.found[code])
	}
	return out, c.err
}

type collector struct {
	file   *ast.File
	found  map[string]Sentence
	byText map[string]string // text -> code
	err    error
}

func (c *collector) look(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.CallExpr:
		c.call(v)
	case *ast.KeyValueExpr:
		if key, ok := v.Key.(*ast.Ident); ok && fields[key.Name] != "" {
			c.add(fields[key.Name], v.Value)
		}
	case *ast.CompositeLit: // control.QueryError{"sort", "is …"}
		if nameOf(v.Type) == "QueryError" && len(v.Elts) == 2 {
			e := v.Elts[1]
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				e = kv.Value
			}
			c.add("finding", e)
		}
	case *ast.AssignStmt:
		for i, left := range v.Lhs {
			if s, ok := left.(*ast.SelectorExpr); ok && i < len(v.Rhs) && fields[s.Sel.Name] != "" && v.Tok == token.ASSIGN {
				c.add(fields[s.Sel.Name], v.Rhs[i])
			}
		}
	}
	return true
}

func (c *collector) call(v *ast.CallExpr) {
	name := nameOf(v.Fun)
	if s, ok := v.Fun.(*ast.SelectorExpr); ok && name == "New" && nameOf(s.X) == "said" && len(v.Args) == 2 {
		code, ok1 := literal(v.Args[0])
		text, ok2 := literal(v.Args[1])
		if ok1 && ok2 {
			c.keep(Sentence{code, text, true})
		}
		return
	}
	if s, ok := v.Fun.(*ast.SelectorExpr); ok && nameOf(s.X) == "fmt" {
		return
	}
	if name == "append" && len(v.Args) > 1 && nameOf(v.Args[0]) == "Alarms" {
		for _, e := range v.Args[1:] {
			c.add("alarm", e)
		}
	}
	for _, s := range sinks {
		if s.name != name || len(v.Args) < s.args {
			continue
		}
		if s.format {
			if f, ok := literal(v.Args[s.arg]); ok {
				c.put(s.prefix, formatted(f, v.Args[s.arg+1:]))
			}
			continue
		}
		c.add(s.prefix, v.Args[s.arg])
	}
}

// add takes an expression that is a sentence, or one of several.
func (c *collector) add(prefix string, e ast.Expr) {
	if text, ok := sentence(e); ok {
		c.put(prefix, text)
	}
}

// sentence spells an expression of texts: literals, formats and sums of them; what else
// stands in it becomes a place.
func sentence(e ast.Expr) (string, bool) {
	switch v := e.(type) {
	case *ast.ParenExpr:
		return sentence(v.X)
	case *ast.BasicLit:
		s, ok := literal(v)
		return escaped(s), ok
	case *ast.BinaryExpr:
		if v.Op != token.ADD {
			return "", false
		}
		a, oka := sentence(v.X)
		b, okb := sentence(v.Y)
		if !oka {
			a = "{" + placeName(v.X) + "}"
		}
		if !okb {
			b = "{" + placeName(v.Y) + "}"
		}
		return a + b, oka || okb
	case *ast.CallExpr:
		if s, ok := v.Fun.(*ast.SelectorExpr); ok && nameOf(s.X) == "fmt" && s.Sel.Name == "Sprintf" {
			if f, ok := literal(v.Args[0]); ok {
				return formatted(f, v.Args[1:]), true
			}
		}
	}
	return "", false
}

// literal reads a text literal, or a sum of some.
func literal(e ast.Expr) (string, bool) {
	switch v := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(v.Value)
		return s, err == nil && v.Kind == token.STRING
	case *ast.BinaryExpr:
		a, oka := literal(v.X)
		b, okb := literal(v.Y)
		return a + b, oka && okb && v.Op == token.ADD
	}
	return "", false
}

func escaped(s string) string { return strings.NewReplacer("{", "(", "}", ")").Replace(s) }

var verb = regexp.MustCompile(`%[-+# 0]*[0-9]*(?:\.[0-9]+)?([a-zA-Z%])`)

// formatted puts places where a format has verbs.
func formatted(format string, args []ast.Expr) string {
	var b strings.Builder
	at, n := 0, 0
	for _, m := range verb.FindAllStringSubmatchIndex(format, -1) {
		b.WriteString(escaped(format[at:m[0]]))
		at = m[1]
		kind := format[m[2]:m[3]]
		if kind == "%" {
			b.WriteByte('%')
			continue
		}
		name := "value"
		if n < len(args) {
			name = placeName(args[n])
			if text, ok := sentence(args[n]); ok && !strings.Contains(text, "{") {
				b.WriteString(text) // a constant
				n++
				continue
			}
		}
		n++
		b.WriteString("{" + name)
		if format[m[0]:m[1]] == "%q" {
			b.WriteString(":q")
		}
		b.WriteString("}")
	}
	b.WriteString(escaped(format[at:]))
	return b.String()
}

// packages whose functions are called on what stands in a place.
var packages = map[string]bool{"strings": true, "strconv": true, "fmt": true, "time": true, "filepath": true, "path": true, "slices": true, "maps": true, "url": true, "errors": true, "traffic": true, "rr": true}

// placeName names a place after what stands in it.
func placeName(e ast.Expr) string {
	switch v := e.(type) {
	case *ast.Ident:
		return snake(v.Name)
	case *ast.SelectorExpr:
		return snake(v.Sel.Name)
	case *ast.CallExpr:
		switch name := nameOf(v.Fun); {
		case name == "len":
			return "count"
		default:
			s, ok := v.Fun.(*ast.SelectorExpr)
			switch {
			case ok && !packages[nameOf(s.X)]: // a method: what it is of
				return placeName(s.X)
			case len(v.Args) == 1:
				return placeName(v.Args[0])
			}
			return snake(name)
		}
	case *ast.UnaryExpr:
		return placeName(v.X)
	case *ast.StarExpr:
		return placeName(v.X)
	case *ast.IndexExpr:
		return placeName(v.X)
	case *ast.BinaryExpr:
		return placeName(v.X)
	}
	return "value"
}

func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		if unicode.IsUpper(r) {
			if i > 0 && !unicode.IsUpper(rune(s[i-1])) {
				b.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

func nameOf(e ast.Expr) string {
	switch v := e.(type) {
	case *ast.Ident:
		return v.Name
	case *ast.SelectorExpr:
		return v.Sel.Name
	case *ast.StarExpr:
		return nameOf(v.X)
	}
	return ""
}

var place = regexp.MustCompile(`\{[^}]*\}`)

// fewest letters make a sentence: "%v" and "%q %s" are none.
const fewest = 8

func (c *collector) put(prefix, text string) {
	if len(strings.Trim(place.ReplaceAllString(text, ""), " \t:;,.\"'()")) < fewest || strings.Contains(text, "}{") {
		return
	}
	text = numbered(text)
	if _, known := c.byText[text]; known {
		return
	}
	code := prefix + "." + slug(text)
	for n := 2; c.found[code].Code != ""; n++ {
		code = prefix + "." + slug(text) + "_" + strconv.Itoa(n)
	}
	c.keep(Sentence{code, text, false})
}

func (c *collector) keep(s Sentence) {
	if old, twice := c.found[s.Code]; twice && old.Text != s.Text {
		c.err = fmt.Errorf("%s is %q and %q", s.Code, old.Text, s.Text)
	}
	c.found[s.Code], c.byText[s.Text] = s, s.Code
}

// numbered tells places of one name apart.
func numbered(text string) string {
	seen := map[string]int{}
	return place.ReplaceAllStringFunc(text, func(p string) string {
		name, verb, quoted := strings.Cut(strings.Trim(p, "{}"), ":")
		if seen[name]++; seen[name] > 1 {
			name += strconv.Itoa(seen[name])
		}
		if quoted {
			name += ":" + verb
		}
		return "{" + name + "}"
	})
}

// slugLength is long enough to tell sentences apart, and short enough to read.
const slugLength = 48

func slug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(place.ReplaceAllString(text, " ")) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
		if b.Len() >= slugLength {
			break
		}
	}
	return strings.Trim(b.String(), "_")
}
