package cli

import (
	"fmt"
	"net/http"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/spf13/cobra"
)

func (a *app) checkCommand() *cobra.Command {
	var files []string
	c := &cobra.Command{
		Use: "check -f FILE|DIR", GroupID: "config", Short: "Check files without a server: syntax, references, rules, assertions", Args: exactly(0),
		Long: `Check files as if they were the whole configuration, without a server: for CI and
editors. What they refer to must be in them. Exit code 1 when something is wrong.`,
		Example: "  meridian check -f gtm/",
	}
	c.Flags().StringArrayVarP(&files, "file", "f", nil, "`FILE` or folder of *.yaml, - for standard input; may be repeated")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(files) == 0 {
			return usagef("name a file or folder: meridian check -f FILE")
		}
		set, err := a.load(files)
		if err != nil {
			return err
		}
		r := checkOffline(set.Objects)
		for _, w := range set.Locate(r.Warnings) {
			fmt.Fprintf(a.err, "warning: %s\n", w)
		}
		if !r.OK() {
			a.printProblems(set.Locate(r.Errors), "")
			return silent{exitFailed}
		}
		fmt.Fprintf(a.out, "%s, no errors, %s.\n", plural(len(set.Objects), "object"), plural(len(r.Warnings), "warning"))
		return nil
	}
	return c
}

// checkOffline holds objects to every rule as the whole configuration.
func checkOffline(objects []traffic.Object) *traffic.Report {
	d := traffic.NewDraft(traffic.NewModel())
	for _, o := range objects {
		d.Put(o)
	}
	r := d.Check()
	for _, rule := range offlineRules {
		if r.OK() {
			rule(d, r)
		}
	}
	r.Sort()
	return r
}

// offlineRules are the rules beyond the words that need no server.
var offlineRules = []func(*traffic.Draft, *traffic.Report){steer.CheckAssertions}

func (a *app) diffCommand() *cobra.Command {
	var files []string
	var cs changeSet
	var exit bool
	var form, span string
	c := &cobra.Command{
		Use: "diff -f FILE|DIR", GroupID: "config", Short: "Show what apply would change, or what differs between revisions", Args: exactly(0),
		Long: `Show what apply would change: the objects and their fields, then the effect on answers
like apply --dry-run. A token with the role viewer is enough.

With --revision A..B, compare the configuration at revision A with that at B, in either
direction; with A alone, with what stands now. Revision 0 is the time before the first.`,
		Example: "  meridian diff -f gtm/ --exit-code || echo drift\n  meridian diff --revision 41..44\n  meridian diff --revision 41",
	}
	c.Flags().StringArrayVarP(&files, "file", "f", nil, "`FILE` or folder of *.yaml, - for standard input; may be repeated")
	c.Flags().BoolVar(&cs.Prune, "prune", false, "as in apply")
	c.Flags().StringVar(&cs.Set, "set", "", "as in apply: `NAME` of the set that the files are")
	c.Flags().StringVar(&span, "revision", "", "compare revisions `A..B`, or A with what stands now")
	c.Flags().BoolVar(&exit, "exit-code", false, "exit with 1 when something would change, or differs")
	outputFlag(c, &form, "text", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "text", "json"); err != nil {
			return err
		}
		if span != "" {
			if len(files) > 0 || cs.Prune || cs.Set != "" {
				return usagef("--revision compares what is in the server's history; leave -f, --prune and --set out")
			}
			cl, err := a.client()
			if err != nil {
				return err
			}
			changed, err := a.diffRevisions(cmd.Context(), cl, span, form)
			if err == nil && exit && changed {
				return silent{exitFailed}
			}
			return err
		}
		switch {
		case len(files) == 0:
			return usagef("name a file or folder: meridian diff -f FILE; or revisions: meridian diff --revision A..B")
		case cs.Prune && cs.Set == "":
			return usagef("--prune needs --set NAME")
		}
		set, err := a.load(files)
		if err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		out, err := sendPreview(cmd.Context(), cl, set, cs)
		if err != nil {
			return a.located(set, err)
		}
		if form == "json" {
			err = printJSON(a.out, out)
		} else {
			a.printPlan(changeAnswer{Changes: out.Changes, Unchanged: out.Unchanged, Warnings: out.Warnings, Effect: &out.Effect}, true)
		}
		if err == nil && exit && len(out.Changes) > 0 {
			return silent{exitFailed}
		}
		return err
	}
	return c
}

func (a *app) exportCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "export", GroupID: "config", Short: "Write the whole configuration as a file that apply takes", Args: exactly(0),
		Example: "  meridian export > backup.yaml",
	}
	c.Flags().StringVar(&format, "format", "yaml", "`FORM` of the file: yaml")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if format != "yaml" {
			return usagef("--format %q is unknown; use yaml", format)
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		var objects []traffic.Object
		for _, r := range resources {
			if r.kind == "" {
				continue
			}
			items, err := fetch(cmd.Context(), cl, r, nil, nil)
			if err != nil {
				return err
			}
			list, err := decodeAll(r.kind, items)
			if err != nil {
				return err
			}
			objects = append(objects, list...)
		}
		return file.Write(a.out, objects...)
	}
	return c
}

func getJSON[T any](cmd *cobra.Command, cl *client.Client, path string) (T, error) {
	var out T
	err := cl.Do(cmd.Context(), client.Request{Method: http.MethodGet, Path: path}, &out)
	return out, err
}
