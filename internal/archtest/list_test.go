package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/meridian-gtm/meridian"

// pkg is what `go list` tells of a package. Fields are go list's own.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Standard   bool
	Module     *struct{ Path, Dir, Version string }
}

// rel is the package's folder below the repository's root, "." for the root.
func (p pkg) rel() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

// ours lists the packages of this module once for all tests.
var ours = sync.OnceValues(func() ([]pkg, error) { return goList("./...") })

// goList runs `go list` in the repository's root. -e: a package that does not
// compile is the business of its own tests.
func goList(args ...string) ([]pkg, error) {
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Dir,GoFiles,Imports,Standard,Module"}, args...)...)
	cmd.Dir = root()
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var list []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
}

// root is the repository's root: tests run in their package's folder.
func root() string {
	r, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return r
}

func packages(t *testing.T) []pkg {
	t.Helper()
	list, err := ours()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if len(list) < 3 {
		t.Fatalf("go list found %d packages; the rules would hold for nothing", len(list))
	}
	return list
}

// tracked lists the files under version control, and the new ones that are not ignored.
func tracked(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v (the rules about committed files need the repository)", err)
	}
	return strings.Split(strings.Trim(string(out), "\x00"), "\x00")
}
