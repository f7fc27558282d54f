package cli

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/spf13/cobra"
)

func (a *app) rollbackCommand() *cobra.Command {
	return a.undoCommand("rollback", &cobra.Command{
		Short: "Make the configuration what it was at revision N",
		Long: `Make the configuration what it was at revision N: a new revision undoes all that came
after it. The location map in force stays, and zone serials go forward.`,
		Example: "  meridian rollback 41 --dry-run\n  meridian rollback 41 --comment \"the move failed\" --wait",
	})
}

func (a *app) revertCommand() *cobra.Command {
	return a.undoCommand("revert", &cobra.Command{
		Short: "Undo revision N alone, and keep what came after it",
		Long: `Undo what revision N did, as a new revision, and keep what later ones did. Where a later
one changed the same field, or builds on what would go, nothing is changed; each such
object is named with the revisions that changed it (exit code 4).`,
		Example: "  meridian revisions 42\n  meridian revert 42 --dry-run\n  meridian revert 42 --comment \"wrong weights\"",
	})
}

// undoCommand completes a command that makes a new revision from an old one.
func (a *app) undoCommand(verb string, c *cobra.Command) *cobra.Command {
	var (
		form, comment string
		dry, wait     bool
		timeout       time.Duration
	)
	c.Use, c.GroupID, c.Args = verb+" N", "config", exactly(1)
	c.Flags().BoolVar(&dry, "dry-run", false, "show what would change, and change nothing")
	c.Flags().StringVar(&comment, "comment", "", "`TEXT` for the revision, in place of one that names N")
	c.Flags().BoolVar(&wait, "wait", false, "wait until every node heard within 30 s serves the revision")
	c.Flags().DurationVar(&timeout, "timeout", time.Minute, "with --wait: how long")
	outputFlag(c, &form, "text", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "text", "json"); err != nil {
			return err
		}
		n, err := strconv.ParseUint(args[0], 10, 63)
		switch {
		case err != nil || n == 0:
			return usagef("%q is not the number of a revision; see \"meridian revisions\"", args[0])
		case wait && dry:
			return usagef("--wait and --dry-run exclude each other")
		case timeout <= 0:
			return usagef("--timeout must be positive")
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		q := url.Values{}
		if dry {
			q.Set("dry_run", "true")
		}
		if comment != "" {
			q.Set("comment", comment)
		}
		var out changeAnswer
		r := client.Request{Method: http.MethodPost, Path: "/revisions/" + strconv.FormatUint(n, 10) + "/" + verb, Query: q, Timeout: 5 * time.Minute}
		if err := cl.Do(cmd.Context(), r, &out); err != nil {
			return err
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
