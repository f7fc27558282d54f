package script

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// bin is the folder with the program under test, built once from this tree.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "meridian-script")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "meridian"), "../../cmd/meridian")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build meridian: %v\n%s", err, out)
			return 1
		}
		bin = dir
		return m.Run()
	}())
}

func Test(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "conf"))
			e.Setenv("TZ", "UTC")
			e.Setenv("EXAMPLES", examples())
			e.Values[stateKey{}] = &state{}
			e.Defer(func() { e.Values[stateKey{}].(*state).close() })
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server": cmdServer, "stop": cmdStop, "exits": cmdExits, "eventually": cmdEventually, "background": cmdBackground, "said": cmdSaid,
		},
	})
}

func examples() string {
	p, err := filepath.Abs("../../examples")
	if err != nil {
		panic(err)
	}
	return p
}
