package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/spf13/cobra"
)

func (a *app) overrideListCommand() *cobra.Command {
	var form, search string
	c := &cobra.Command{Use: "list", Short: "List overrides, and how far each has come", Args: exactly(0), Example: "  meridian override list -o wide",
		Long: `List overrides, oldest first. STATE is spreading while a resolver that is present does not
have it (-o wide names them), draining until the last answer from before that a cache can
hold has expired, then drained; for enable: settling, then in_force.`}
	outputFlag(c, &form, listForms...)
	c.Flags().StringVarP(&search, "query", "q", "", "only those in which this `TEXT` occurs")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, listForms...); err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		q, err := filterQuery(search, nil)
		if err != nil {
			return err
		}
		r, err := findResource("override")
		if err != nil {
			return err
		}
		items, err := fetch(cmd.Context(), cl, r, nil, q)
		if err != nil {
			return err
		}
		if len(items) == 0 && (form == "table" || form == "wide") {
			fmt.Fprintln(a.err, "There is no override.")
			return nil
		}
		created := func(item json.RawMessage) (v struct {
			CreatedAt time.Time `json:"created_at"`
		}) {
			_ = json.Unmarshal(item, &v) // what has no time comes first
			return v
		}
		slices.SortStableFunc(items, func(x, y json.RawMessage) int { return created(x).CreatedAt.Compare(created(y).CreatedAt) })
		return printItems(a.out, form, r, items, false)
	}
	return c
}

// spreadFor is how long a command looks whether all resolvers have an order: they take a
// fraction of a second, and whoever drains a site wants to know.
const spreadFor = 3 * time.Second

// writeOverride sends a write and says what it means.
func (a *app) writeOverride(ctx context.Context, w overrideWrite, r client.Request) error {
	cl, err := a.client()
	if err != nil {
		return err
	}
	var out control.OverrideResult
	if err := cl.Do(ctx, r, &out); err != nil {
		return err
	}
	if w.form == "json" {
		return printJSON(a.out, out)
	}
	for _, ch := range out.Changes {
		if o := out.Override; o != nil {
			fmt.Fprintf(a.out, "%s%s\n", map[bool]string{true: "would be: "}[out.DryRun], orderText(o))
		} else {
			fmt.Fprintf(a.out, "%s %s\n", ch.Name, map[bool]string{true: "would be cleared", false: "is cleared"}[out.DryRun])
		}
	}
	a.warn(out.Warnings)
	if len(out.Changes) == 0 {
		fmt.Fprintf(a.out, "Nothing to change; revision %d stands.\n", out.Revision)
		return nil
	}
	a.printEffect(&out.Effect, false)
	if out.DryRun {
		fmt.Fprintf(a.out, "Caches would keep answers from before for up to %s.\n", seconds(out.Caches.CachedFor))
		return nil
	}
	fmt.Fprintf(a.out, "Revision %d.\n", out.Revision)
	if out.Override == nil || out.Caches.CachedFor == 0 {
		if out.Caches.CachedFor > 0 {
			fmt.Fprintf(a.out, "Caches keep answers from before for up to %s, if every node has the change now until %s.\n", seconds(out.Caches.CachedFor), when(out.Caches.Until))
		}
		return nil
	}
	return a.awaitSpread(ctx, cl, out.Override.ID)
}

func (a *app) awaitSpread(ctx context.Context, cl *client.Client, id string) error {
	for deadline := time.Now().Add(spreadFor); ; {
		var o control.OverrideState
		if err := cl.Do(ctx, client.Request{Method: http.MethodGet, Path: "/overrides/" + url.PathEscape(id)}, &o); err != nil {
			return err
		}
		if o.State != control.StateSpreading || time.Now().After(deadline) {
			fmt.Fprintln(a.out, spreadText(&o))
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func spreadText(o *control.OverrideState) string {
	s := "It is spreading"
	if o.State != control.StateSpreading {
		s = "Every resolver heard has it"
	} else if len(o.Waiting) > 0 {
		s += "; not yet at " + strings.Join(o.Waiting, ", ")
	}
	if len(o.Unknown) > 0 {
		s += "; silent, and perhaps answering as before: " + strings.Join(o.Unknown, ", ")
	}
	if !o.CachedUntil.IsZero() {
		return s + "; the last cached answer from before expires at " + when(o.CachedUntil) + "."
	}
	return fmt.Sprintf("%s; the last cached answer from before expires %s after they all have it. See \"meridian override list\".", s, seconds(o.CachedFor))
}

func seconds(n uint32) string { return (time.Duration(n) * time.Second).String() }

func orderText(o *control.OverrideState) string {
	s := o.Order()
	if o.State != control.StatePlanned {
		s += " (" + o.ID + ")"
	}
	if !o.EndsAt.IsZero() {
		s += ", until " + when(o.EndsAt)
	}
	return s
}

// ordered says who ordered what, until when and why; "" for nobody.
func ordered(o *steer.Ordered) string {
	if o == nil {
		return ""
	}
	s := string(o.Action) + " " + o.Target + o.Selector + " by " + o.Author + " (" + o.ID + ")"
	if !o.EndsAt.IsZero() {
		s += ", until " + when(o.EndsAt)
	}
	if o.Reason != "" {
		s += ": " + oneLine(o.Reason)
	}
	return s
}

func stateText(state string, until time.Time) string {
	if (state == control.StateDraining || state == control.StateSettling) && !until.IsZero() {
		return state + " until " + when(until)
	}
	return state
}
