package cli

import (
	"fmt"
	"net/http"

	"github.com/meridian-gtm/meridian/control"
	"github.com/spf13/cobra"
)

func (a *app) failbackCommand() *cobra.Command {
	var w overrideWrite
	c := &cobra.Command{
		Use: "failback NAME", GroupID: "config", Short: "Let a non-preemptive policy return to its first member", Args: exactly(1), ValidArgsFunction: a.completeTarget,
		Long: `Let a pool or an access domain with the policy sequential, mode non_preemptive, forget the
member that it is on: every node chooses anew, the available member with the smallest
serial. NAME is pool/NAME, NAME/TYPE, an id, or a name where it is unique.`,
		Example: "  meridian failback gtm.example.com\n  meridian failback pool/hangzhou --dry-run",
	}
	c.Flags().StringVar(&w.comment, "comment", "", "`TEXT` for the event")
	w.flags(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(w.form, "text", "json"); err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		r := w.request(http.MethodPost, "/failback", map[string]string{"target": args[0]})
		if w.comment != "" {
			r.Query.Set("comment", w.comment)
		}
		var out control.FailbackResult
		if err := cl.Do(cmd.Context(), r, &out); err != nil {
			return err
		}
		switch {
		case w.form == "json":
			return printJSON(a.out, out)
		case out.To == "":
			fmt.Fprintf(a.out, "%s has no available member to return to.\n", out.Target)
		case out.From == out.To:
			fmt.Fprintf(a.out, "%s is on %s already.\n", out.Target, out.To)
		case out.DryRun:
			fmt.Fprintf(a.out, "%s would go from %s to %s.\n", out.Target, first(out.From, "no member"), out.To)
		default:
			fmt.Fprintf(a.out, "%s goes from %s to %s.\n", out.Target, first(out.From, "no member"), out.To)
		}
		return nil
	}
	return c
}
