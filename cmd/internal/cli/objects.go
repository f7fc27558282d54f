package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
	"github.com/spf13/cobra"
)

func (a *app) getCommand() *cobra.Command {
	var form, search string
	var filters []string
	c := &cobra.Command{
		Use: "get KIND [NAME]", GroupID: "config", Short: "List objects of a kind, or one of them",
		Long: "List objects of a kind, or one of them. An access domain is named NAME or NAME/TYPE,\na record ZONE/NAME/TYPE, like example.com/www.example.com/CNAME.", Args: between(1, 2), ValidArgsFunction: a.completeObject,
		Example: "  meridian get pools\n  meridian get access-domain gtm.example.com/A -o yaml\n  meridian get records --filter zone=example.com",
	}
	outputFlag(c, &form, listForms...)
	c.Flags().StringVarP(&search, "query", "q", "", "only objects in which this `TEXT` occurs")
	c.Flags().StringArrayVar(&filters, "filter", nil, "only objects with this `FIELD=VALUE`; may be repeated")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := findResource(args[0])
		if err != nil {
			return err
		}
		if err := checkOutput(form, listForms...); err != nil {
			return err
		}
		query, err := filterQuery(search, filters)
		if err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		if len(args) == 2 && len(query) > 0 {
			return usagef("--query and --filter are for lists; leave them out with a name")
		}
		items, err := fetch(cmd.Context(), cl, r, args[1:], query)
		if err != nil {
			return err
		}
		if len(items) == 0 && (form == "table" || form == "wide") {
			fmt.Fprintf(a.err, "There is no %s.\n", r.aliases[0])
			if r.kind == traffic.KindLine {
				fmt.Fprintln(a.err, "\"meridian get builtin-lines\" lists those that need no declaration.")
			}
			return nil
		}
		if form == "yaml" && r.kind != "" {
			return a.printDeclarative(cmd.Context(), cl, r.kind, items)
		}
		return printItems(a.out, form, r, items, len(args) == 2)
	}
	return c
}

// printDeclarative writes objects as a file that apply takes. Records are part of
// zones, so they come inside theirs, marked partial to keep the zone's others.
func (a *app) printDeclarative(ctx context.Context, cl *client.Client, k traffic.Kind, items []json.RawMessage) error {
	objects, err := decodeAll(k, items)
	if err != nil {
		return err
	}
	if k != traffic.KindRecord {
		return file.Write(a.out, objects...)
	}
	zones, err := findResource("zone")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, o := range objects {
		z := o.(*traffic.Record).Zone
		if seen[z] {
			continue
		}
		seen[z] = true
		item, err := fetch(ctx, cl, zones, []string{z}, nil)
		if err != nil {
			return err
		}
		zone, err := decodeAll(traffic.KindZone, item)
		if err != nil {
			return err
		}
		objects = append(objects, zone...)
	}
	return file.WritePartial(a.out, objects...)
}

func filterQuery(search string, filters []string) (url.Values, error) {
	q := url.Values{}
	if search != "" {
		q.Set("q", search)
	}
	for _, f := range filters {
		k, v, ok := strings.Cut(f, "=")
		if !ok || k == "" {
			return nil, usagef("--filter %q is not FIELD=VALUE", f)
		}
		q.Add(k, v)
	}
	return q, nil
}

// fetch reads one object by name, or all of a list.
func fetch(ctx context.Context, cl *client.Client, r resource, name []string, query url.Values) ([]json.RawMessage, error) {
	if len(name) == 1 || r.kind == traffic.KindSettings {
		n := ""
		if len(name) == 1 && r.kind != traffic.KindSettings {
			n = name[0]
			if err := r.checkName(n); err != nil {
				return nil, err
			}
		}
		if r.listed() {
			return pick(ctx, cl, r, n)
		}
		var item json.RawMessage
		err := cl.Do(ctx, client.Request{Method: http.MethodGet, Path: r.itemPath(n)}, &item)
		return []json.RawMessage{item}, err
	}
	var items []json.RawMessage
	err := cl.Each(ctx, r.path, query, func(item json.RawMessage) bool {
		items = append(items, item)
		return true
	})
	return items, err
}

// pick reads one item of a kind that the API only lists.
func pick(ctx context.Context, cl *client.Client, r resource, name string) ([]json.RawMessage, error) {
	var found []json.RawMessage
	err := cl.Each(ctx, r.path, nil, func(item json.RawMessage) bool {
		var v struct {
			ID                json.RawMessage `json:"id"`
			Name, Code, Alias string
		}
		if json.Unmarshal(item, &v) == nil && (strings.Trim(string(v.ID), `"`) == name || v.Name == name || v.Code == name || v.Alias == name) {
			found = append(found, item)
		}
		return len(found) == 0
	})
	if err == nil && len(found) == 0 {
		err = &client.Problem{Status: http.StatusNotFound, Code: "not_found", Detail: strings.ToUpper(r.aliases[0][:1]) + r.aliases[0][1:] + " " + name + " does not exist."}
	}
	return found, err
}

func (a *app) deleteCommand() *cobra.Command {
	var comment string
	c := &cobra.Command{
		Use: "delete KIND NAME", GroupID: "config", Short: "Delete an object that nothing uses", Args: exactly(2), ValidArgsFunction: a.completeObject,
		Long:    "Delete an object. One that others use is refused with the list of its users (exit code 4).\nA zone takes its records with it.",
		Example: "  meridian delete pool hangzhou --comment \"not used any more\"",
	}
	c.Flags().StringVar(&comment, "comment", "", "`TEXT` for the revision")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := findResource(args[0])
		if err != nil {
			return err
		}
		if r.kind == "" {
			return usagef("a %s is not declared and cannot be deleted", r.aliases[0])
		}
		if r.kind == traffic.KindSettings {
			return usagef("settings cannot be deleted; apply others")
		}
		if err := r.checkName(args[1]); err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		var out struct {
			Revision uint64            `json:"revision"`
			Warnings []traffic.Problem `json:"warnings"`
		}
		q := url.Values{}
		if comment != "" {
			q.Set("comment", comment)
		}
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodDelete, Path: r.itemPath(args[1]), Query: q}, &out); err != nil {
			return err
		}
		a.warn(out.Warnings)
		fmt.Fprintf(a.out, "%s %s deleted in revision %d.\n", r.aliases[0], args[1], out.Revision)
		return nil
	}
	return c
}

func (a *app) warn(list []traffic.Problem) {
	for _, w := range list {
		fmt.Fprintf(a.err, "warning: %s\n", w)
	}
}

// completeObject offers kinds, then the live names of the kind.
func (a *app) completeObject(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		var out []string
		for _, r := range resources {
			out = append(out, r.aliases[0])
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	r, err := findResource(args[0])
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completeNames(cmd.Context(), r, prefix), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) completeNames(ctx context.Context, r resource, prefix string) []string {
	cl, err := a.client()
	if err != nil {
		return nil
	}
	var out []string
	_ = cl.Each(ctx, r.path, url.Values{"limit": {"200"}}, func(item json.RawMessage) bool {
		if n := itemName(r, item); strings.HasPrefix(n, prefix) {
			out = append(out, n)
		}
		return len(out) < 200
	})
	return out
}

// itemName is the name by which get finds an item again.
func itemName(r resource, item json.RawMessage) string {
	if r.kind != "" {
		if o, err := traffic.Decode(r.kind, item); err == nil {
			return o.Key().Name
		}
		return ""
	}
	var v struct {
		ID     string `json:"id"`
		Number uint64 `json:"number"`
	}
	_ = json.Unmarshal(item, &v)
	if v.ID == "" && v.Number != 0 {
		return fmt.Sprint(v.Number)
	}
	return v.ID
}
