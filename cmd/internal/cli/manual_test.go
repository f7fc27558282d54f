package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/meridian-gtm/meridian/config"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/node"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
)

var update = flag.Bool("update", false, "write the generated pages of the manual again")

const manual = "../../../docs/manual/"

// pages are the texts whose examples must work.
func pages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob(manual + "*.md")
	if err != nil || len(names) < 4 {
		t.Fatalf("the manual has %d pages (%v)", len(names), err)
	}
	out := map[string]string{}
	for _, n := range append(names, "../../../README.md") {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = string(b)
	}
	return out
}

var block = regexp.MustCompile("(?ms)^```yaml( node| channel| rules)?\n(.*?)^```$")

// TestYAMLExamples: every example of the manual is a configuration without errors.
func TestYAMLExamples(t *testing.T) {
	t.Parallel()
	seen := 0
	for page, text := range pages(t) {
		for i, m := range block.FindAllStringSubmatch(text, -1) {
			seen++
			name := fmt.Sprintf("%s example %d", filepath.Base(page), i+1)
			switch m[1] {
			case " channel":
				var c alert.ChannelSpec
				if err := asJSON(m[2], &c); err != nil {
					t.Errorf("%s: %v", name, err)
				} else if err := c.Check(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			case " rules":
				set := alert.DefaultSettings()
				if err := asJSON(m[2], &set); err != nil {
					t.Errorf("%s: %v", name, err)
				} else if err := set.Check(set.Channels); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			case " node":
				path := filepath.Join(t.TempDir(), "node.yaml")
				if err := os.WriteFile(path, []byte(m[2]), 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := config.Load(path, nil); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			set, err := file.Parse(name, []byte(m[2]))
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			if r := checkOffline(set.Objects); !r.OK() {
				t.Errorf("%s: %v", name, r.Err())
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d examples found", seen)
	}
}

// asJSON reads YAML as the API reads the same in JSON, and takes no field that it lacks.
func asJSON(text string, into any) error {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

var shellLine = regexp.MustCompile(`(?m)^    (?:sudo )?(?:bin/)?meridian (.*?)(?:\s+#.*)?$`)

// TestCommandExamples: every command line of the manual and of the help texts names
// commands and flags that exist.
func TestCommandExamples(t *testing.T) {
	t.Parallel()
	lines := map[string]string{}
	for page, text := range pages(t) {
		if filepath.Base(page) == "commands.md" {
			continue // made from the help texts, which are looked at below
		}
		for _, m := range shellLine.FindAllStringSubmatch(text, -1) {
			lines[m[1]] = filepath.Base(page)
		}
	}
	walk((&app{}).root(), func(c *cobra.Command) {
		for l := range strings.Lines(c.Example) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(l), "meridian "); ok {
				lines[rest] = c.CommandPath() + " --help"
			}
		}
	})
	if len(lines) < 20 {
		t.Errorf("only %d command lines found", len(lines))
	}
	for line, where := range lines {
		if err := parses(line); err != nil {
			t.Errorf("%s: meridian %s: %v", where, line, err)
		}
	}
}

// parses holds a command line to the commands without running it.
func parses(line string) error {
	line, _, _ = strings.Cut(line, " > ")
	line, _, _ = strings.Cut(line, " || ")
	args := words(line)
	root := (&app{}).root()
	c, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if c == root {
		return fmt.Errorf("names no command")
	}
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	return c.ValidateArgs(c.Flags().Args())
}

// words splits a line as a shell does, as far as examples need it.
func words(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		out = append(out, m[1]+m[2])
	}
	return out
}

// TestEveryCommandHasAnExample: whoever asks for help gets a line to begin with. That it
// parses is held by the test of all examples.
func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	walk((&app{}).root(), func(c *cobra.Command) {
		if !c.HasAvailableSubCommands() && !strings.Contains(c.Example, strings.TrimPrefix(c.CommandPath(), "meridian ")) {
			t.Errorf("%s has no example of itself", c.CommandPath())
		}
	})
}

func walk(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, sub := range c.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			walk(sub, f)
		}
	}
}

// TestGeneratedPages holds the reference pages to the code; -update writes them.
func TestGeneratedPages(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"commands.md": commandsPage(), "fields.md": fieldsPage(), "metrics.md": metricsPage()} {
		if *update {
			if err := os.WriteFile(manual+name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		b, err := os.ReadFile(manual + name)
		if err != nil || string(b) != text {
			t.Errorf("docs/manual/%s is not what the code says (%v); run make generate", name, err)
		}
	}
}

func commandsPage() string {
	var b strings.Builder
	b.WriteString("# Commands\n\nGenerated from the program by `make generate`.\n\n" +
		"Client commands read `MERIDIAN_SERVER` (default `" + defaultServer + "`) and `MERIDIAN_TOKEN`, else `meridian/config.yaml` in the user's configuration folder\n" +
		"(`~/.config` on Linux), which knows `server`, `token`, `token_file` and `ca`. The flags `--server` and `--token-file` stand above both; `--ca` (or `MERIDIAN_CA`, or `ca`) names the authority of a server that speaks TLS.\n\n" +
		"Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 conflict, 5 denied. Results go to standard output, everything else to standard error.\n")
	walk((&app{}).root(), func(c *cobra.Command) {
		if !c.HasParent() {
			return
		}
		fmt.Fprintf(&b, "\n## %s\n\n", strings.TrimPrefix(c.CommandPath(), "meridian "))
		text := c.Long
		if text == "" {
			text = c.Short + "."
		}
		fmt.Fprintf(&b, "%s\n", text)
		if c.Runnable() && !c.HasSubCommands() {
			fmt.Fprintf(&b, "\n    %s\n", c.UseLine())
		}
		var flags []string
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" {
				return
			}
			arg, usage := pflag.UnquoteUsage(f)
			name := "--" + f.Name
			if f.Shorthand != "" {
				name = "-" + f.Shorthand + ", " + name
			}
			flags = append(flags, fmt.Sprintf("| `%s` | %s |", strings.TrimSpace(name+" "+arg), cellText(usage+defaultText(f))))
		})
		if len(flags) > 0 {
			fmt.Fprintf(&b, "\n| Flag | |\n| --- | --- |\n%s\n", strings.Join(flags, "\n"))
		}
		if c.Example != "" {
			fmt.Fprintf(&b, "\nFor example:\n\n")
			for s := bufio.NewScanner(strings.NewReader(c.Example)); s.Scan(); {
				fmt.Fprintf(&b, "    %s\n", strings.TrimSpace(s.Text()))
			}
		}
	})
	return b.String()
}

func defaultText(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "[]", "0", "0s":
		return ""
	}
	return " (default " + f.DefValue + ")"
}

func cellText(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

func metricsPage() string {
	var b strings.Builder
	b.WriteString("# Metrics\n\nGenerated from the program by `make generate`. What they are for, and how to scrape them: [Monitoring](monitoring.md). Beside these there are `go_…` and `process_…`, of the Go runtime and the process.\n")
	for _, role := range []struct{ name, title string }{{"", "Every node"}, {"resolver", "Resolvers"}, {"resolver, control", "Resolvers and control"}, {"prober", "Probers"}, {"control", "Control"}} {
		fmt.Fprintf(&b, "\n## %s\n\n| Metric | Type | Labels | |\n| --- | --- | --- | --- |\n", role.title)
		for _, m := range node.Metrics() {
			if m.Role != role.name {
				continue
			}
			help := m.Help
			if m.Opt != "" {
				help += " Only with `" + m.Opt + "`."
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, m.Type, strings.Join(m.Labels, ", "), cellText(help))
		}
	}
	return b.String()
}

func fieldsPage() string {
	var b strings.Builder
	b.WriteString("# Fields\n\nGenerated from the program by `make generate`. These are the fields of the declarative file and of the API's objects.\n")
	for _, k := range traffic.Kinds {
		o := traffic.New(k)
		fmt.Fprintf(&b, "\n## %s\n\n| Field | Type | Default | |\n| --- | --- | --- | --- |\n", strings.ReplaceAll(string(k), "_", " "))
		fieldRows(&b, reflect.TypeOf(o).Elem(), reflect.ValueOf(o).Elem(), "")
	}
	return b.String()
}

// fieldRows writes the fields of a type. v is a new object with its defaults, the
// zero Value inside lists.
func fieldRows(b *strings.Builder, t reflect.Type, v reflect.Value, prefix string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		var fv reflect.Value
		if v.IsValid() {
			fv = v.Field(i)
		}
		if f.Anonymous {
			fieldRows(b, f.Type, fv, prefix)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		typ, inner := typeText(f.Type)
		var notes []string
		if d := f.Tag.Get("doc"); d != "" {
			notes = append(notes, d)
		}
		if e := f.Tag.Get("enum"); e != "" {
			notes = append(notes, "One of "+strings.ReplaceAll(e, ",", ", ")+".")
		}
		if lo, hi := f.Tag.Get("minimum"), f.Tag.Get("maximum"); lo+hi != "" {
			notes = append(notes, fmt.Sprintf("From %s to %s.", first(lo, "0"), first(hi, "any")))
		}
		if f.Tag.Get("readOnly") == "true" {
			notes = append(notes, "Set by the server; not in files.")
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", prefix+name, typ, defaultOf(f, fv), cellText(strings.Join(notes, " ")))
		if inner != nil {
			suffix := "."
			if f.Type.Kind() == reflect.Slice {
				suffix = "[]."
			}
			if f.Type.Kind() != reflect.Struct {
				fv = reflect.Value{}
			}
			fieldRows(b, inner, fv, prefix+name+suffix)
		}
	}
}

// defaultOf is the value in a new object, else what the tag says.
func defaultOf(f reflect.StructField, v reflect.Value) string {
	if v.IsValid() && !v.IsZero() && v.Kind() != reflect.Struct && v.Kind() != reflect.Bool {
		if s := fmt.Sprint(v.Interface()); f.Tag.Get("default") == "" || f.Name == "Policy" {
			return strings.Trim(s, "[]")
		}
	}
	return f.Tag.Get("default")
}

func typeText(t reflect.Type) (text string, inner reflect.Type) {
	switch {
	case t == reflect.TypeFor[traffic.Duration]():
		return "duration", nil
	case t == reflect.TypeFor[traffic.Value]():
		return "text or value_from", nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeText(t.Elem())
	case reflect.Struct:
		return "fields", t
	case reflect.Slice:
		text, inner = typeText(t.Elem())
		return "list of " + text, inner
	case reflect.Map:
		text, _ = typeText(t.Elem())
		return "mapping to " + text, nil
	case reflect.Bool:
		return "true or false", nil
	case reflect.Int, reflect.Uint32:
		return "whole number", nil
	case reflect.Float64:
		return "number", nil
	}
	return "text", nil
}
