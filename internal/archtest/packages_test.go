package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestOnePackageDoc wants exactly one package comment per package, in the form
// that godoc knows, long enough to be a contract.
func TestOnePackageDoc(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		var docs []string
		var text, name string
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Errorf("%s: %v", p.rel(), err)
				continue
			}
			name = file.Name.Name
			if file.Doc != nil && !onlyDirectives(file.Doc) {
				docs = append(docs, f)
				text = file.Doc.Text()
			}
		}
		if len(p.GoFiles) == 0 {
			continue // a package of tests only
		}
		want := "Package " + name + " "
		if name == "main" {
			want = "Command " + filepath.Base(p.Dir) + " "
		}
		switch {
		case len(docs) != 1:
			t.Errorf("%s has %d package comments %v; it needs exactly one, in doc.go", p.rel(), len(docs), docs)
		case !strings.HasPrefix(text, want):
			t.Errorf("%s: the package comment begins %q; it should begin %q", p.rel(), first(text), want)
		case len(text) < 60:
			t.Errorf("%s: the package comment is %q; say what the package promises", p.rel(), text)
		}
	}
}

// onlyDirectives tells a build constraint above the package clause from prose.
func onlyDirectives(c *ast.CommentGroup) bool { return strings.TrimSpace(c.Text()) == "" }

func first(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// TestFileNames: words in Go file names are joined by underscores, and no file is a
// bag of things.
func TestFileNames(t *testing.T) {
	t.Parallel()
	for _, f := range tracked(t) {
		base := filepath.Base(f)
		if !strings.HasSuffix(base, ".go") {
			continue
		}
		if strings.Contains(base, "-") {
			t.Errorf("%s: use an underscore, not a hyphen", f)
		}
		switch strings.TrimSuffix(strings.TrimSuffix(base, ".go"), "_test") {
		case "util", "utils", "common", "misc", "helper", "helpers", "manager":
			t.Errorf("%s: name the file after its concept", f)
		}
	}
}
