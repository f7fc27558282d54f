package archtest

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowed licences of what the program links; tests may add more.
var (
	allowedLinked = []string{"Apache-2.0", "BSD", "ISC", "MIT"}
	allowedTests  = append([]string{"MPL-2.0"}, allowedLinked...)
)

// identify names the licence of a text, by the sentences that only it has.
func identify(text string) string {
	flat := strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, l := range []struct{ name, has string }{
		// The MPL's text names the GPL family, so it comes before it; then those that we
		// refuse, so that a text with two licences is refused too.
		{"MPL-2.0", "mozilla public license version 2.0"},
		{"AGPL", "gnu affero general public license"},
		{"LGPL", "gnu lesser general public license version"},
		{"GPL", "gnu general public license version"},
		{"Apache-2.0", "apache license version 2.0"},
		{"BSD", "redistributions of source code must retain the above copyright notice"},
		{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose"},
		{"ISC", "permission to use, copy, modify, and distribute this software for any purpose"},
		{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	} {
		if strings.Contains(flat, l.has) {
			return l.name
		}
	}
	return "unknown"
}

func licenceOf(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		n := strings.ToLower(e.Name())
		if strings.HasPrefix(n, "license") || strings.HasPrefix(n, "licence") || strings.HasPrefix(n, "copying") {
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if l := identify(string(b)); l != "unknown" {
				return l
			}
		}
	}
	return "unknown"
}

func TestLicences(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what    string
		args    []string
		allowed []string
	}{
		{"the program", []string{"-deps", "./cmd/..."}, allowedLinked},
		{"the tests", []string{"-deps", "-test", "./..."}, allowedTests},
	} {
		list, err := goList(row.args...)
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		seen := map[string]bool{}
		for _, p := range list {
			if p.Standard || p.Module == nil || p.Module.Path == module || seen[p.Module.Path] {
				continue
			}
			seen[p.Module.Path] = true
			if l := licenceOf(t, p.Module.Dir); !slices.Contains(row.allowed, l) {
				t.Errorf("%s use %s under licence %s; allowed are %v", row.what, p.Module.Path, l, row.allowed)
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s: no module found; the rule would hold for nothing", row.what)
		}
	}
}

// TestNotice: every direct module is named in NOTICE, and nothing else is.
func TestNotice(t *testing.T) {
	t.Parallel()
	notice, err := os.ReadFile(filepath.Join(root(), "NOTICE"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.Open(filepath.Join(root(), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	defer mod.Close()
	direct := map[string]bool{}
	for s := bufio.NewScanner(mod); s.Scan(); {
		f := strings.Fields(strings.TrimPrefix(s.Text(), "require "))
		if len(f) == 2 && strings.HasPrefix(f[1], "v") {
			direct[f[0]] = true
		}
	}
	if len(direct) == 0 {
		t.Fatal("go.mod has no direct modules; the rule would hold for nothing")
	}
	named := map[string]bool{}
	for line := range strings.Lines(string(notice)) {
		if f := strings.Fields(line); strings.HasPrefix(line, "  ") && len(f) > 1 && strings.Contains(f[0], ".") && strings.Contains(f[0], "/") && !strings.HasPrefix(f[0], "@") {
			named[f[0]] = true
		}
	}
	for m := range direct {
		if !named[m] {
			t.Errorf("NOTICE does not name %s", m)
		}
	}
	for m := range named {
		if !direct[m] {
			t.Errorf("NOTICE names %s, which go.mod does not require", m)
		}
	}
}

// TestConsolePackages: what npm brings has an allowed licence, by the lock file's word, and NOTICE names each
// package that package.json asks for.
func TestConsolePackages(t *testing.T) {
	t.Parallel()
	var asked struct{ Dependencies, DevDependencies map[string]string }
	var lock struct {
		Packages map[string]struct {
			License       string
			Dev, Optional bool
		}
	}
	for file, to := range map[string]any{"package.json": &asked, "package-lock.json": &lock} {
		b, err := os.ReadFile(filepath.Join(root(), "console", "app", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, to); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	notice, err := os.ReadFile(filepath.Join(root(), "NOTICE"))
	if err != nil {
		t.Fatal(err)
	}
	licence := map[string]string{}
	for line := range strings.Lines(string(notice)) {
		if f := strings.Fields(line); strings.HasPrefix(line, "  ") && len(f) > 2 {
			licence[f[0]] = f[1]
		}
	}
	for name, version := range asked.Dependencies {
		asked.DevDependencies[name] = version
	}
	if len(asked.DevDependencies) < 20 {
		t.Fatalf("package.json asks for %d packages; the rule would hold for nothing", len(asked.DevDependencies))
	}
	for name, version := range asked.DevDependencies {
		if strings.ContainsAny(version, "^~*<>x ") {
			t.Errorf("package.json asks for %s %s; pin it exactly", name, version)
		}
		if got := lock.Packages["node_modules/"+name].License; licence[name] == "" || !strings.HasPrefix(got, licence[name]) {
			t.Errorf("NOTICE has %q for %s, the lock file %q", licence[name], name, got)
		}
	}
	// 0BSD, Unlicense and BlueOak ask for nothing; CC-BY is the browser table of a build tool.
	shipped := []string{"MIT", "ISC", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "0BSD", "Unlicense", "(MIT OR CC0-1.0)"}
	built := append([]string{"MPL-2.0", "BlueOak-1.0.0", "CC-BY-4.0", "MIT OR Apache-2.0", "Python-2.0", "(MIT OR Apache-2.0)", "MIT-0", "CC0-1.0"}, shipped...)
	for name, p := range lock.Packages {
		if name == "" {
			continue
		}
		allowed := shipped
		if p.Dev || p.Optional {
			allowed = built
		}
		if !slices.Contains(allowed, p.License) {
			t.Errorf("the console takes %s under %q", name, p.License)
		}
	}
}
