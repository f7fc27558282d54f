package archtest

import (
	"slices"
	"strings"
	"testing"
)

var layers = []string{"control", "distribute", "health", "resolve", "console"}

// layerOf names the root folder of one of our import paths, "" for others' packages.
func layerOf(path string) string {
	rel, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return ""
	}
	top, _, _ := strings.Cut(rel, "/")
	return top
}

// forbidden says why from may not import dep, "" if it may. It is the import law:
// cmd -> node -> layers -> traffic.
func forbidden(from, dep string) string {
	f, d := layerOf(from), layerOf(dep)
	switch {
	case f == "resolve" && outward(dep):
		return "the resolution layer knows no SQL, HTTP or NATS; node hands it what it needs"
	case f == "traffic":
		return forbiddenInTraffic(from, dep)
	case d == "":
		return ""
	case d == "cmd" && f != "cmd":
		return "commands are imported by nobody"
	case d == "test" && f != "test":
		return "test helpers stay in tests"
	case d == "node" && f != "cmd" && f != "test" && f != "node":
		return "node composes; only commands start it"
	case d == "config" && f != "cmd" && f != "node" && f != "config" && f != "test":
		return "a node's own file is read by its command and by node; pass values on"
	case slices.Contains(layers, f) && slices.Contains(layers, d) && f != d:
		return "no layer imports another: declare an interface in " + f + ", pass the real thing in from node"
	case from == module+"/resolve/dnswire":
		return "the wire codec is a leaf that knows none of ours"
	case f == "internal" && d != "internal" && d != "traffic":
		return "helpers of no layer know no layer"
	}
	return ""
}

// forbiddenInTraffic keeps the words pure: standard library without the network and
// the disk, names of internationalised domains, the RR codec, and YAML in the file form.
func forbiddenInTraffic(from, dep string) string {
	const why = "traffic is pure: words and rules only"
	file := strings.HasPrefix(from, module+"/traffic/file")
	switch {
	case layerOf(dep) == "traffic", dep == module+"/internal/rr", dep == module+"/internal/meant", dep == "golang.org/x/net/idna":
		return ""
	case file && dep == "go.yaml.in/yaml/v3":
		return ""
	case layerOf(dep) != "" || strings.Contains(strings.Split(dep, "/")[0], "."):
		return why
	case !file && slices.Contains([]string{"os", "os/exec", "syscall", "database/sql", "log", "log/slog"}, dep):
		return why
	}
	return ""
}

func outward(dep string) bool {
	return dep == "net/http" || strings.HasPrefix(dep, "net/http/") || strings.HasPrefix(dep, "database/sql") ||
		strings.HasPrefix(dep, "github.com/nats-io/") || strings.HasPrefix(dep, "github.com/jackc/") ||
		strings.HasPrefix(dep, "modernc.org/") || strings.HasPrefix(dep, "github.com/danielgtaylor/")
}

func TestImportLaw(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, dep := range p.Imports {
			if why := forbidden(p.ImportPath, dep); why != "" {
				t.Errorf("%s imports %s: %s", p.rel(), dep, why)
			}
		}
	}
}

// TestResolveIsClosed follows resolve's imports through our own packages, so that
// no helper brings SQL or NATS in by the back door.
func TestResolveIsClosed(t *testing.T) {
	t.Parallel()
	by := map[string]pkg{}
	for _, p := range packages(t) {
		by[p.ImportPath] = p
	}
	seen := map[string]bool{}
	var walk func(path, via string)
	walk = func(path, via string) {
		if seen[path] {
			return
		}
		seen[path] = true
		for _, dep := range by[path].Imports {
			switch {
			case layerOf(dep) != "":
				walk(dep, via+" -> "+dep)
			case outward(dep) && dep != "net/http":
				// net/http may come in for its constants (traffic names methods).
				t.Errorf("%s -> %s: resolve must not reach SQL or NATS", via, dep)
			}
		}
	}
	for path := range by {
		if layerOf(path) == "resolve" {
			walk(path, path)
		}
	}
}

// TestTheLawItself keeps the law from becoming a rule that forbids nothing.
func TestTheLawItself(t *testing.T) {
	t.Parallel()
	m := module + "/"
	for _, row := range []struct {
		says      string
		from, dep string
		allowed   bool
	}{
		{"a layer uses the words", m + "health/check", m + "traffic", true},
		{"a layer uses its own parts", m + "control/api", m + "control/store", true},
		{"a layer does not use another", m + "control/api", m + "health/view", false},
		{"node uses every layer", m + "node", m + "resolve/listen", true},
		{"a layer does not use node", m + "control", m + "node", false},
		{"a command starts node", m + "cmd/internal/cli", m + "node", true},
		{"node does not use a command", m + "node", m + "cmd/internal/cli", false},
		{"resolve knows no HTTP", m + "resolve/listen", "net/http", false},
		{"resolve knows no SQL", m + "resolve/snapshot", "database/sql", false},
		{"resolve knows no NATS", m + "resolve", "github.com/nats-io/nats.go", false},
		{"resolve uses sockets", m + "resolve/listen", "golang.org/x/sys/unix", true},
		{"traffic knows no disk", m + "traffic", "os", false},
		{"the file form reads files", m + "traffic/file", "os", true},
		{"only the file form knows YAML", m + "traffic/steer", "go.yaml.in/yaml/v3", false},
		{"traffic knows no module of a layer", m + "traffic/steer", m + "resolve/dnswire", false},
		{"the RR text codec is of no layer", m + "internal/rr", m + "resolve/dnswire", false},
		{"the wire codec is a leaf", m + "resolve/dnswire", m + "traffic", false},
		{"a helper knows no layer", m + "internal/rr", m + "control", false},
	} {
		if got := forbidden(row.from, row.dep) == ""; got != row.allowed {
			t.Errorf("%s: %s importing %s allowed = %v", row.says, row.from, row.dep, got)
		}
	}
}
