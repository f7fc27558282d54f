package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/spf13/cobra"
)

// changeSet is the body of POST /changes.
type changeSet struct {
	Put            []putObject `json:"put"`
	ReplaceRecords []string    `json:"replace_records,omitempty"`
	Set            string      `json:"set,omitempty"`
	Prune          bool        `json:"prune,omitempty"`
	Comment        string      `json:"comment,omitempty"`
}

type putObject struct {
	Kind traffic.Kind    `json:"kind"`
	Body json.RawMessage `json:"body"`
}

// changeAnswer is what writes give back. Revision is the one that holds the change, or
// the present one when nothing changed or on a dry run.
type changeAnswer struct {
	Revision  uint64                 `json:"revision"`
	Changes   []control.ObjectChange `json:"changes"`
	Unchanged int                    `json:"unchanged"`
	Warnings  []traffic.Problem      `json:"warnings"`
	Effect    *steer.Effect          `json:"effect,omitempty"` // of a dry run
}

func (a *app) applyCommand() *cobra.Command {
	var (
		files        []string
		dry, wait    bool
		cs           changeSet
		form         string
		timeout      time.Duration
		idempotently string
	)
	c := &cobra.Command{
		Use: "apply -f FILE|DIR", GroupID: "config", Short: "Make the server's configuration as the files say, in one revision", Args: exactly(0),
		Long: `Apply the objects of files as one change set: all of it or nothing. Objects that
the files do not name stay as they are, except that a zone whose records are given
has exactly these (unless it says partial: true).

With --prune --set NAME, what was last applied under that set and is not in the
files any more is deleted.

--dry-run shows the change and then its effect: for each access domain that would
answer otherwise, what a typical client of each line gets before and after, by health
as it is now. Names that would go empty come first.`,
		Example: "  meridian apply -f gtm.yaml --dry-run\n  meridian apply -f gtm/ --prune --set shop --comment \"move the shop\" --wait",
	}
	c.Flags().StringArrayVarP(&files, "file", "f", nil, "`FILE` or folder of *.yaml, - for standard input; may be repeated")
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would change, in the configuration and in answers, and change nothing")
	c.Flags().BoolVar(&cs.Prune, "prune", false, "delete what was last applied under --set and is not in the files")
	c.Flags().StringVar(&cs.Set, "set", "", "`NAME` of the set that the files are")
	c.Flags().StringVar(&cs.Comment, "comment", "", "`TEXT` for the revision")
	c.Flags().BoolVar(&wait, "wait", false, "wait until every node heard within 30 s serves the revision")
	c.Flags().DurationVar(&timeout, "timeout", time.Minute, "with --wait: how long")
	c.Flags().StringVar(&idempotently, "idempotency-key", "", "`KEY` under which a repeat of the same command is done once")
	outputFlag(c, &form, "text", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "text", "json"); err != nil {
			return err
		}
		switch {
		case len(files) == 0:
			return usagef("name a file or folder: meridian apply -f FILE")
		case cs.Prune && cs.Set == "":
			return usagef("--prune needs --set NAME: only what was applied under a set can be pruned")
		case wait && dry:
			return usagef("--wait and --dry-run exclude each other")
		case timeout <= 0:
			return usagef("--timeout must be positive")
		}
		set, err := a.load(files)
		if err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		out, err := sendChanges(cmd.Context(), cl, set, cs, dry, idempotently)
		if err != nil {
			return a.located(set, err)
		}
		if form == "json" {
			err = printJSON(a.out, out)
		} else {
			a.printPlan(out, dry)
		}
		if err != nil || !wait {
			return err
		}
		return a.waitApplied(cmd.Context(), cl, out.Revision, timeout)
	}
	return c
}

// load reads declarative files; findings go to standard error line by line.
func (a *app) load(paths []string) (*file.Set, error) {
	if slices.Contains(paths, "-") {
		if len(paths) > 1 {
			return nil, usagef("- (standard input) stands alone")
		}
		data, err := io.ReadAll(a.in)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		set, err := file.Parse("-", data)
		return set, a.findings(err)
	}
	set, err := file.Load(paths...)
	return set, a.findings(err)
}

// findings prints the findings of a file and replaces them by one line.
func (a *app) findings(err error) error {
	var invalid *file.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	a.printProblems(invalid.Problems, "")
	return silent{exitFailed}
}

func (a *app) printProblems(list []file.Problem, after string) {
	for _, p := range list {
		fmt.Fprintln(a.err, p)
	}
	fmt.Fprintf(a.err, "%s%s.\n", plural(len(list), "error"), after)
}

// located shows the server's findings at the lines of the files.
func (a *app) located(set *file.Set, err error) error {
	var p *client.Problem
	if !errors.As(err, &p) || len(p.Errors) == 0 {
		return err
	}
	a.printProblems(set.Locate(p.Errors), "; nothing was changed")
	code, _ := exitCode(err)
	return silent{code}
}

func sendChanges(ctx context.Context, cl *client.Client, set *file.Set, cs changeSet, dry bool, key string) (changeAnswer, error) {
	cs.fill(set)
	r := client.Request{Method: http.MethodPost, Path: "/changes", Body: cs, Timeout: 5 * time.Minute}
	if dry {
		r.Query = url.Values{"dry_run": {"true"}}
	}
	if key != "" {
		r.Header = http.Header{"Idempotency-Key": {key}}
	}
	var out changeAnswer
	err := cl.Do(ctx, r, &out)
	return out, err
}

// sendPreview asks what the change would do.
func sendPreview(ctx context.Context, cl *client.Client, set *file.Set, cs changeSet) (control.Preview, error) {
	cs.fill(set)
	var out control.Preview
	err := cl.Do(ctx, client.Request{Method: http.MethodPost, Path: "/preview", Body: cs, Timeout: 5 * time.Minute}, &out)
	return out, err
}

func (cs *changeSet) fill(set *file.Set) {
	cs.Put = make([]putObject, len(set.Objects))
	for i, o := range set.Objects {
		cs.Put[i] = putObject{o.Key().Kind, traffic.Encode(o)}
	}
	cs.ReplaceRecords = set.Whole
}

// printPlan shows what changes, field by field.
func (a *app) printPlan(out changeAnswer, dry bool) {
	created, changed, deleted := printChanges(a.out, out.Changes)
	a.warn(out.Warnings)
	verb := [2]string{"created", "changed"}
	if dry {
		verb = [2]string{"to create", "to change"}
	}
	last := "deleted"
	if dry {
		last = "to delete"
	}
	fmt.Fprintf(a.out, "%d %s, %d %s, %d %s, %d unchanged.\n", created, verb[0], changed, verb[1], deleted, last, out.Unchanged)
	switch {
	case dry:
		if out.Effect != nil && len(out.Changes) > 0 {
			a.printEffect(out.Effect, false)
		}
	case len(out.Changes) == 0:
		fmt.Fprintf(a.out, "Nothing to change; revision %d stands.\n", out.Revision)
	default:
		fmt.Fprintf(a.out, "Revision %d.\n", out.Revision)
	}
}

// printChanges writes one line per object and per changed field.
func printChanges(w io.Writer, list []control.ObjectChange) (created, changed, deleted int) {
	for _, c := range list {
		switch c.Action {
		case "create":
			created++
			fmt.Fprintf(w, "+ %s %s\n", c.Kind, c.Name)
			printContent(w, c.Fields)
		case "delete":
			deleted++
			fmt.Fprintf(w, "- %s %s\n", c.Kind, c.Name)
			printContent(w, c.Fields)
		default:
			changed++
			fmt.Fprintf(w, "~ %s %s\n", c.Kind, c.Name)
			for _, f := range c.Fields {
				fmt.Fprintf(w, "    %s: %s -> %s\n", f.Field, short(f.Before), short(f.After))
			}
		}
	}
	return created, changed, deleted
}

// printContent shows what came or went; of a plan, whose content is in the files, the
// server tells no fields.
func printContent(w io.Writer, fields []control.FieldChange) {
	for _, f := range fields {
		v := f.After
		if len(v) == 0 {
			v = f.Before
		}
		switch s := short(v); s {
		case `""`, `{}`, `[]`, `null`:
		default:
			fmt.Fprintf(w, "    %s: %s\n", f.Field, s)
		}
	}
}

// short shows one side of a changed field; "-" is a side on which it does not exist.
func short(v json.RawMessage) string {
	if len(v) == 0 {
		return "-"
	}
	s := string(v)
	if len(s) > 160 {
		s = s[:strings.LastIndexFunc(s[:160], func(r rune) bool { return r < 0x80 })] + "…"
	}
	return s
}

// waitApplied polls the revision until every node that was heard lately has it. The
// server counts nodes that it heard within 30 s.
func (a *app) waitApplied(ctx context.Context, cl *client.Client, revision uint64, timeout time.Duration) error {
	if revision == 0 {
		return nil // an installation without any change
	}
	deadline := time.Now().Add(timeout)
	for {
		var rev struct {
			Nodes []struct {
				ID       string           `json:"id"`
				Applied  bool             `json:"applied"`
				Position traffic.Position `json:"position"`
			} `json:"nodes"`
		}
		if err := cl.Do(ctx, client.Request{Method: http.MethodGet, Path: fmt.Sprintf("/revisions/%d", revision), Query: url.Values{"changes": {"false"}}}, &rev); err != nil {
			return err
		}
		var behind []string
		for _, n := range rev.Nodes {
			if !n.Applied {
				behind = append(behind, fmt.Sprintf("%s (at %d)", n.ID, n.Position.Revision))
			}
		}
		if len(rev.Nodes) > 0 && len(behind) == 0 {
			fmt.Fprintf(a.out, "Applied by %s.\n", plural(len(rev.Nodes), "node"))
			return nil
		}
		if time.Now().After(deadline) {
			if len(rev.Nodes) == 0 {
				return fmt.Errorf("revision %d is committed, but no node has been heard within 30 s", revision)
			}
			return fmt.Errorf("revision %d is committed, but after %v not applied by %s", revision, timeout, strings.Join(behind, ", "))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
