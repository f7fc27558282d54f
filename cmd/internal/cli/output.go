package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// outputFlag adds -o with the forms that a command knows; the first is the default.
func outputFlag(c *cobra.Command, to *string, forms ...string) {
	c.Flags().StringVarP(to, "output", "o", forms[0], "output `FORM`: "+strings.Join(forms, ", "))
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(cobra.AppendActiveHelp(forms, ""), cobra.ShellCompDirectiveNoFileComp))
}

func checkOutput(got string, forms ...string) error {
	if !slices.Contains(forms, got) {
		return usagef("--output %q is unknown; use %s", got, strings.Join(forms, ", "))
	}
	return nil
}

var listForms = []string{"table", "wide", "json", "yaml"}

// printItems writes items of a resource in a form.
func printItems(w io.Writer, form string, r resource, items []json.RawMessage, single bool) error {
	switch form {
	case "json":
		if single {
			return printJSON(w, items[0])
		}
		return printJSON(w, map[string]any{"items": items})
	case "yaml":
		if single {
			return printYAML(w, items[0])
		}
		return printYAML(w, map[string]any{"items": items})
	}
	return printTable(w, r.columns, items, form == "wide")
}

func printJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	out.WriteByte('\n')
	_, err = w.Write(out.Bytes())
	return err
}

// printYAML writes JSON-like data as YAML, with the order of fields kept.
func printYAML(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	// JSON is YAML; only its styles are to be forgotten.
	var n yaml.Node
	if err := yaml.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	blockStyle(&n)
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	defer enc.Close()
	return enc.Encode(&n)
}

func blockStyle(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		blockStyle(c)
	}
}

// decodeAll reads declared objects from the server's answer.
func decodeAll(k traffic.Kind, items []json.RawMessage) ([]traffic.Object, error) {
	objects := make([]traffic.Object, 0, len(items))
	for _, item := range items {
		o, err := traffic.Decode(k, item)
		if err != nil {
			return nil, fmt.Errorf("read the server's answer: %w", err)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// printTable writes columns of JSON items.
func printTable(w io.Writer, columns []column, items []json.RawMessage, all bool) error {
	var shown []column
	var titles []string
	for _, c := range columns {
		if !c.wide || all {
			shown = append(shown, c)
			titles = append(titles, c.title)
		}
	}
	tw := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	fmt.Fprintln(tw, strings.Join(titles, "\t"))
	for _, item := range items {
		var v any
		dec := json.NewDecoder(bytes.NewReader(item))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			return fmt.Errorf("read the server's answer: %w", err)
		}
		cells := make([]string, len(shown))
		for i, c := range shown {
			value := at(v, c.path)
			if c.path == "grants" {
				value = grantCell(value)
			}
			cells[i] = cell(value, all)
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	return tw.Flush()
}

// grantCell writes grants as --grant takes them: which labels narrow which role.
func grantCell(v any) string {
	list, _ := v.([]any)
	out := make([]string, len(list))
	for i, g := range list {
		text := cell(at(g, "role"), true)
		if labels, ok := at(g, "labels").(map[string]any); ok && len(labels) > 0 {
			text += ":" + cell(labels, true)
		}
		out[i] = text
	}
	return strings.Join(out, "; ")
}

// at follows a path like soa.contact or members.#.address (of every entry).
func at(v any, path string) any {
	for path != "" {
		var part string
		part, path, _ = strings.Cut(path, ".")
		if part == "#" {
			list, _ := v.([]any)
			out := make([]any, len(list))
			for i, e := range list {
				out[i] = at(e, path)
			}
			return out
		}
		m, _ := v.(map[string]any)
		v = m[part]
	}
	return v
}

// cellWidth bounds what a table shows of a list; -o wide shows all.
const cellWidth = 48

func cell(v any, all bool) string {
	switch x := v.(type) {
	case nil:
		return "-"
	case bool:
		if x {
			return "yes"
		}
		return "no"
	case string:
		if x == "" {
			return "-"
		}
		if t, err := time.Parse(time.RFC3339Nano, x); err == nil {
			return t.Local().Format("2006-01-02 15:04:05")
		}
		return oneLine(x)
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = cell(e, true)
		}
		s := strings.Join(parts, ",")
		if len(s) > cellWidth && !all {
			s = fmt.Sprintf("%d entries", len(x))
		}
		return first(s, "-")
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			parts = append(parts, k+"="+cell(x[k], true))
		}
		return first(strings.Join(parts, ","), "-")
	}
	return fmt.Sprint(v)
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// shows makes a command that reads one document and prints it as JSON, as YAML, or by
// text for people, who may be told the server.
func (a *app) shows(path string, form *string, text func(server string, raw json.RawMessage) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		if err := checkOutput(*form, "text", "json", "yaml"); err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		raw, err := getJSON[json.RawMessage](cmd, cl, path)
		if err != nil {
			return err
		}
		switch *form {
		case "json":
			return printJSON(a.out, raw)
		case "yaml":
			return printYAML(a.out, raw)
		}
		return text(cl.Server(), raw)
	}
}
