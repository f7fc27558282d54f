package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

var auditColumns = []column{col("AT", "at"), col("WHO", "who"), col("FROM", "remote"), col("METHOD", "method"), col("OBJECT", "object"), col("OUTCOME", "outcome"), col("CODE", "code"), col("REVISION", "revision"),
	wide("COUNT", "count"), wide("ROUTE", "route"), wide("SOURCE", "source"), wide("PRINCIPAL", "principal"), wide("REQUEST", "request_id")}

func (a *app) auditCommand() *cobra.Command {
	var form, who, object, outcome, remote string
	var limit int
	var since time.Duration
	c := &cobra.Command{Use: "audit", GroupID: "look", Short: "Show who did what or tried to, newest first", Args: exactly(0),
		Example: "  meridian audit --outcome refused --since 24h\n  meridian audit --object \"pool web\""}
	outputFlag(c, &form, listForms...)
	c.Flags().IntVar(&limit, "limit", 20, "show at most `N`")
	c.Flags().StringVar(&who, "who", "", "only of this user or token, by `NAME` or id")
	c.Flags().StringVar(&object, "object", "", "only about what has this `TEXT` in its name")
	c.Flags().StringVar(&outcome, "outcome", "", "only done, refused or failed")
	c.Flags().StringVar(&remote, "from", "", "only from this `ADDRESS`")
	c.Flags().Var((*span)(&since), "since", "only of the last, like 24h or 7d")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, listForms...); err != nil {
			return err
		}
		if limit < 1 || since < 0 {
			return usagef("--limit must be at least 1, and --since not negative")
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		r, err := findResource("audit")
		if err != nil {
			return err
		}
		q := url.Values{"limit": {fmt.Sprint(min(limit, 1000))}}
		for name, v := range map[string]string{"who": who, "object": object, "outcome": outcome, "remote": remote} {
			if v != "" {
				q.Set(name, v)
			}
		}
		if since > 0 {
			q.Set("from", time.Now().Add(-since).UTC().Format(time.RFC3339Nano))
		}
		var items []json.RawMessage
		err = cl.Each(cmd.Context(), r.path, q, func(item json.RawMessage) bool {
			items = append(items, item)
			return len(items) < limit
		})
		if err != nil {
			return err
		}
		return printItems(a.out, form, r, items, false)
	}
	return c
}
