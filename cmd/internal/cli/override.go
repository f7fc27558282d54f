package cli

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/spf13/cobra"
)

var overrideColumns = []column{col("ID", "id"), col("ACTION", "action"), col("TARGET", "target"), col("SELECTOR", "selector"), col("STATE", "state"), col("CACHED UNTIL", "cached_until"),
	col("ENDS", "ends_at"), col("AUTHOR", "author"), col("REASON", "reason"), wide("WAITING", "waiting"), wide("UNKNOWN", "unknown"), wide("NAMES", "names"), wide("REACHES", "reaches"), wide("CREATED", "created_at"), wide("VERSION", "version")}

func (a *app) overrideCommand() *cobra.Command {
	return group("override", "Drain or enable something at once, above configuration and health", "config",
		a.orderCommand(traffic.Drain), a.orderCommand(traffic.Enable), a.extendCommand(), a.overrideListCommand(), a.clearCommand())
}

// write is what the commands that write overrides share.
type overrideWrite struct {
	dry     bool
	form    string
	comment string
	key     string
}

func (w *overrideWrite) flags(c *cobra.Command) {
	c.Flags().BoolVar(&w.dry, "dry-run", false, "show what would change, in answers too, and change nothing")
	c.Flags().StringVar(&w.key, "idempotency-key", "", "`KEY` under which a repeat of the same command is done once")
	outputFlag(c, &w.form, "text", "json")
}

func (w *overrideWrite) request(method, path string, body any) client.Request {
	q := url.Values{}
	if w.dry {
		q.Set("dry_run", "true")
	}
	h := http.Header{}
	if w.key != "" {
		h.Set("Idempotency-Key", w.key)
	}
	return client.Request{Method: method, Path: path, Query: q, Header: h, Body: body, Timeout: 5 * time.Minute}
}

func (a *app) orderCommand(action traffic.Action) *cobra.Command {
	var (
		w         overrideWrite
		selectors []string
		last      time.Duration
		reason    string
	)
	c := &cobra.Command{Use: string(action) + " [TARGET]", Args: between(0, 1), ValidArgsFunction: a.completeTarget}
	const target = `TARGET is address/NAME, pool/NAME, NAME/TYPE of an access domain, an id, or a name where
it stands for one thing only. --selector takes its place: all addresses and pools that
carry the labels, now or later. "meridian apply" and the like neither touch nor see it.`
	if action == traffic.Drain {
		c.Short = "Take an address, a pool, an access domain or all with some labels out of answers"
		c.Long = "Take something out of answers, and out of the last resort. A drained access domain answers\nnothing at all.\n\n" + target
		c.Example = "  meridian override drain --selector site=hz --for 2h --reason \"new racks\"\n  meridian override drain pool/hangzhou --dry-run"
	} else {
		c.Short = "Let something count as available whatever health says"
		c.Long = "Let something count as available whatever health says: a pool or an access domain with all\nthat it holds. What is disabled or withdrawn by itself stays out.\n\n" + target
		c.Example = "  meridian override enable hz-1 --for 30m --reason \"the probes are wrong\""
	}
	c.Flags().StringArrayVar(&selectors, "selector", nil, "`K=V` label that addresses and pools must carry; several must all match")
	c.Flags().Var((*span)(&last), "for", "how long, like 2h or 3d; default until it is cleared")
	c.Flags().StringVar(&reason, "reason", "", "`TEXT` for those who wonder why")
	w.flags(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(w.form, "text", "json"); err != nil {
			return err
		}
		body := map[string]any{"action": action, "reason": reason}
		switch {
		case len(args) == 0 && len(selectors) == 0:
			return usagef("name a target, like pool/NAME, or give --selector K=V")
		case len(args) == 1 && len(selectors) > 0:
			return usagef("a target and --selector exclude each other")
		case cmd.Flags().Changed("for") && last <= 0:
			return usagef("--for must be positive; leave it out for no end")
		case len(args) == 1:
			body["target"] = args[0]
		default:
			body["selector"] = strings.Join(selectors, ",")
		}
		if last > 0 {
			body["for"] = traffic.Duration(last)
		}
		return a.writeOverride(cmd.Context(), w, w.request(http.MethodPost, "/overrides", body))
	}
	return c
}

func (a *app) extendCommand() *cobra.Command {
	var (
		w      overrideWrite
		f      overrideFilter
		last   time.Duration
		noEnd  bool
		reason string
	)
	c := &cobra.Command{Use: "extend [ID|TARGET]", Short: "Let an override last longer or shorter from now on, or say another reason", Args: between(0, 1), ValidArgsFunction: a.completeOverride,
		Example: "  meridian override extend override-k3n8pq2w --for 1h\n  meridian override extend --selector site=hz --no-end"}
	c.Flags().Var((*span)(&last), "for", "how long from now on, like 1h or 3d")
	c.Flags().BoolVar(&noEnd, "no-end", false, "until it is cleared")
	c.Flags().StringVar(&reason, "reason", "", "`TEXT` in place of the old one")
	c.Flags().StringArrayVar(&f.selectors, "selector", nil, "`K=V`: those with exactly this selector")
	w.flags(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(w.form, "text", "json"); err != nil {
			return err
		}
		body := map[string]any{}
		switch given := cmd.Flags().Changed; {
		case given("for") && noEnd:
			return usagef("--for and --no-end exclude each other")
		case given("for") && last <= 0:
			return usagef("--for must be positive; --no-end lets it stand until it is cleared")
		case !given("for") && !noEnd && !given("reason"):
			return usagef("say what to change: --for, --no-end or --reason")
		case given("for"), noEnd:
			body["for"] = traffic.Duration(last)
		}
		if cmd.Flags().Changed("reason") {
			body["reason"] = reason
		}
		return a.eachOverride(cmd.Context(), w, f, args, func(id string) client.Request {
			return w.request(http.MethodPatch, "/overrides/"+url.PathEscape(id), body)
		})
	}
	return c
}

func (a *app) clearCommand() *cobra.Command {
	var w overrideWrite
	var f overrideFilter
	c := &cobra.Command{Use: "clear [ID|TARGET]", Short: "Clear an override, or all that name a target", Args: between(0, 1), ValidArgsFunction: a.completeOverride,
		Example: "  meridian override clear override-k3n8pq2w\n  meridian override clear --selector site=hz"}
	c.Flags().StringArrayVar(&f.selectors, "selector", nil, "`K=V`: those with exactly this selector")
	c.Flags().BoolVar(&f.all, "all", false, "every override")
	w.flags(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(w.form, "text", "json"); err != nil {
			return err
		}
		return a.eachOverride(cmd.Context(), w, f, args, func(id string) client.Request {
			return w.request(http.MethodDelete, "/overrides/"+url.PathEscape(id), nil)
		})
	}
	return c
}

// overrideFilter says which overrides are meant, besides an argument.
type overrideFilter struct {
	selectors []string
	all       bool
}

// eachOverride sends a write to the override of an id, or to all that a filter finds; the
// JSON of the latter is one document, a list, however many there are.
func (a *app) eachOverride(ctx context.Context, w overrideWrite, filter overrideFilter, args []string, request func(id string) client.Request) error {
	given := len(args)
	for _, yes := range []bool{len(filter.selectors) > 0, filter.all} {
		if yes {
			given++
		}
	}
	q := url.Values{}
	switch {
	case given != 1:
		return usagef("say which: the id of an override, a target, or a flag")
	case len(args) == 1 && strings.HasPrefix(args[0], "override-"):
		return a.writeOverride(ctx, w, request(args[0]))
	case len(args) == 1:
		q.Set("target", args[0])
	case len(filter.selectors) > 0:
		q.Set("selector", strings.Join(filter.selectors, ","))
	}
	cl, err := a.client()
	if err != nil {
		return err
	}
	var ids []string
	err = cl.Each(ctx, "/overrides", q, func(item json.RawMessage) bool {
		var o struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(item, &o) == nil {
			ids = append(ids, o.ID)
		}
		return true
	})
	if err == nil && len(ids) == 0 {
		err = &client.Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "There is no such override; \"meridian override list\" shows all."}
	}
	done := []control.OverrideResult{}
	for i := 0; i < len(ids) && err == nil; i++ {
		if w.form == "json" {
			var r control.OverrideResult
			if err = cl.Do(ctx, request(ids[i]), &r); err == nil {
				done = append(done, r)
			}
		} else {
			err = a.writeOverride(ctx, w, request(ids[i]))
		}
	}
	if len(done) > 0 { // what was done before a failure is told
		err = errors.Join(printJSON(a.out, map[string]any{"items": done}), err)
	}
	return err
}

// completeTarget offers what an override can name.
func (a *app) completeTarget(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, k := range []string{"address", "pool", "access-domain"} {
		r, err := findResource(k)
		if err != nil {
			continue
		}
		before := k + "/"
		if r.kind == traffic.KindAccessDomain {
			before = ""
		}
		if rest, ok := strings.CutPrefix(prefix, before); ok {
			for _, n := range a.completeNames(cmd.Context(), r, rest) {
				out = append(out, before+n)
			}
		} else if strings.HasPrefix(before, prefix) {
			out = append(out, before)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func (a *app) completeOverride(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	r, err := findResource("override")
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completeNames(cmd.Context(), r, prefix), cobra.ShellCompDirectiveNoFileComp
}
