package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/spf13/cobra"
)

func (a *app) describeCommand() *cobra.Command {
	var form string
	c := &cobra.Command{
		Use: "describe KIND [NAME]", GroupID: "config", Short: "Show all about one object, or each of a kind: fields, history, users, health", Args: between(1, 2), ValidArgsFunction: a.completeObject,
		Example: "  meridian describe pool hangzhou\n  meridian describe access-domain gtm.example.com/A",
	}
	outputFlag(c, &form, listForms...)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := findResource(args[0])
		if err != nil {
			return err
		}
		if err := checkOutput(form, listForms...); err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		if r.path == "/revisions" && len(args) == 2 {
			return a.showRevision(cmd.Context(), cl, args[1], form)
		}
		items, err := fetch(cmd.Context(), cl, r, args[1:], nil)
		if err != nil {
			return err
		}
		if form == "json" || form == "yaml" {
			return printItems(a.out, form, r, items, len(args) == 2)
		}
		for i, item := range items {
			if i > 0 {
				fmt.Fprintln(a.out, "---")
			}
			if err := a.describe(cmd.Context(), cl, r, item); err != nil {
				return err
			}
		}
		return nil
	}
	return c
}

func (a *app) describe(ctx context.Context, cl *client.Client, r resource, item json.RawMessage) error {
	var meta struct {
		ID        string         `json:"id"`
		Version   uint64         `json:"version"`
		Set       string         `json:"set"`
		CreatedAt time.Time      `json:"created_at"`
		UpdatedAt time.Time      `json:"updated_at"`
		UsedBy    []traffic.Key  `json:"used_by"`
		Override  *steer.Ordered `json:"override"`
	}
	if r.kind == "" {
		return printYAML(a.out, item)
	}
	if err := json.Unmarshal(item, &meta); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	o, err := traffic.Decode(r.kind, item)
	if err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	// All fields with their values in force, defaults too: what export leaves out.
	if err := printYAML(a.out, json.RawMessage(traffic.Encode(o))); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	tw := tabwriter.NewWriter(a.out, 2, 0, 2, ' ', 0)
	line := func(k, v string) {
		if v != "" {
			fmt.Fprintf(tw, "%s:\t%s\n", k, v)
		}
	}
	line("ID", meta.ID)
	line("Version", fmt.Sprint(meta.Version))
	line("Set", meta.Set)
	line("Created", when(meta.CreatedAt))
	line("Updated", when(meta.UpdatedAt))
	var users []string
	for _, k := range meta.UsedBy {
		users = append(users, k.String())
	}
	line("Used by", strings.Join(users, ", "))
	line("Override", ordered(meta.Override))
	if err := tw.Flush(); err != nil {
		return err
	}
	if err := a.describeHistory(ctx, cl, o.Key()); err != nil {
		return err
	}
	return a.describeHealth(ctx, cl, o)
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// describeHealth shows the health tasks of an address, or of a pool's addresses.
func (a *app) describeHealth(ctx context.Context, cl *client.Client, o traffic.Object) error {
	var addresses []string
	switch v := o.(type) {
	case *traffic.Address:
		addresses = []string{v.Name}
	case *traffic.Pool:
		for _, m := range v.Members {
			addresses = append(addresses, m.Address)
		}
	}
	if len(addresses) == 0 {
		return nil
	}
	var tasks []control.TaskHealth
	var bad error
	err := cl.Each(ctx, "/health", url.Values{"address": addresses}, func(item json.RawMessage) bool {
		var t control.TaskHealth
		bad = json.Unmarshal(item, &t)
		tasks = append(tasks, t)
		return bad == nil
	})
	if err == nil {
		err = bad
	}
	if err != nil || len(tasks) == 0 {
		return err
	}
	fmt.Fprintln(a.out, "\nHealth:")
	return printTasks(a.out, tasks)
}

func printTasks(w io.Writer, tasks []control.TaskHealth) error {
	tw := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	for _, t := range tasks {
		state := t.State
		if t.Stale {
			state += " (stale)"
		}
		if t.Override != nil {
			state += ", " + string(t.Override.Action) + " by " + t.Override.ID
		}
		fmt.Fprintf(tw, "  %s\t%s\t%d of %d voting vantages call it failed\tsince %s\n", t.TaskKey, state, t.Failed, t.Voting, when(t.Since))
		for _, f := range t.Findings {
			fmt.Fprintf(tw, "    %s\t%s\t%s\t%s\n", f.Vantage, f.Finding, first(oneLine(f.Reason), time.Duration(f.Latency).Round(10*time.Microsecond).String()), when(f.Since))
		}
	}
	return tw.Flush()
}
