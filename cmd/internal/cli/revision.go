package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/spf13/cobra"
)

func (a *app) revisionsCommand() *cobra.Command {
	var (
		form, object, author, since, until, text string
		limit                                    int
	)
	c := &cobra.Command{Use: "revisions [N]", GroupID: "look", Short: "List committed changes, newest first, or show one", Args: between(0, 1),
		Long: `List committed changes, newest first: who changed what, when, from where and why.
With a number, show that one: what it changed, field by field, what clients got before
and after it with all tasks good, and which nodes have it.`,
		Example: "  meridian revisions --object pool/web\n  meridian revisions --author ann --since 24h\n  meridian revisions 42"}
	outputFlag(c, &form, listForms...)
	c.Flags().IntVar(&limit, "limit", 20, "show at most `N`")
	c.Flags().StringVar(&object, "object", "", "only those that changed this object: `KIND/NAME`, like pool/web")
	c.Flags().StringVar(&author, "author", "", "only those by this `NAME`")
	c.Flags().StringVar(&since, "since", "", "only those made since a `TIME`: 24h for a day ago, or like 2026-11-25T08:00:00Z")
	c.Flags().StringVar(&until, "until", "", "only those made before a `TIME`")
	c.Flags().StringVar(&text, "query", "", "only those with this `TEXT` in comment or author")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, listForms...); err != nil {
			return err
		}
		if limit < 1 {
			return usagef("--limit must be at least 1")
		}
		q := url.Values{"limit": {fmt.Sprint(min(limit, 1000))}}
		for name, v := range map[string]string{"author": author, "q": text} {
			if v != "" {
				q.Set(name, v)
			}
		}
		for name, v := range map[string]string{"since": since, "until": until} {
			if v == "" {
				continue
			}
			t, err := moment(v, time.Now())
			if err != nil {
				return usagef("--%s %v", name, err)
			}
			q.Set(name, t.Format(time.RFC3339))
		}
		if object != "" {
			k, err := objectKey(object)
			if err != nil {
				return err
			}
			q.Set("object", string(k.Kind)+"/"+k.Name)
		}
		if len(args) == 1 && len(q) > 1 {
			return usagef("one revision is shown whole; leave the filters out")
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		r, err := findResource("revision")
		if err != nil {
			return err
		}
		if len(args) == 1 {
			if n, err := strconv.ParseUint(args[0], 10, 63); err != nil || n == 0 {
				return usagef("%q is not the number of a revision", args[0])
			}
			return a.showRevision(cmd.Context(), cl, args[0], form)
		}
		items := []json.RawMessage{}
		err = cl.Each(cmd.Context(), r.path, q, func(item json.RawMessage) bool {
			items = append(items, item)
			return len(items) < limit
		})
		if err != nil {
			return err
		}
		if len(items) == 0 && (form == "table" || form == "wide") {
			fmt.Fprintln(a.err, "No revision matches.")
			return nil
		}
		return printItems(a.out, form, r, items, false)
	}
	return c
}

// moment reads a time, or a duration for so long ago.
func moment(v string, now time.Time) (time.Time, error) {
	if d, err := parseSpan(v); err == nil && d >= 0 {
		return now.Add(-d).UTC(), nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, v, time.Local); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 24h or 1d for a day ago, 2026-11-25, or 2026-11-25T08:00:00Z", v)
}

// objectKey reads KIND/NAME with any word for the kind.
func objectKey(v string) (traffic.Key, error) {
	word, name, _ := strings.Cut(v, "/")
	r, err := findResource(word)
	if err != nil {
		return traffic.Key{}, err
	}
	if r.kind == "" || name == "" {
		return traffic.Key{}, usagef("%q is no object; write KIND/NAME, like pool/web", v)
	}
	return traffic.Key{Kind: r.kind, Name: name}, nil
}

// showRevision shows who made a revision, what it did to the configuration and to
// answers, and which nodes have it.
func (a *app) showRevision(ctx context.Context, cl *client.Client, number, form string) error {
	var raw json.RawMessage
	err := cl.Do(ctx, client.Request{Method: http.MethodGet, Path: "/revisions/" + url.PathEscape(number), Query: url.Values{"effect": {"true"}}, Timeout: 5 * time.Minute}, &raw)
	if err != nil {
		return err
	}
	switch form {
	case "json":
		return printJSON(a.out, raw)
	case "yaml":
		return printYAML(a.out, raw)
	}
	var r struct {
		control.Record
		Effect *steer.Effect `json:"effect"`
		Nodes  []struct {
			ID      string `json:"id"`
			Applied bool   `json:"applied"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	fmt.Fprintf(a.out, "Revision %d, %s, by %s through %s", r.Number, when(r.At), r.Author, r.Source)
	if r.Remote != "" {
		fmt.Fprintf(a.out, " from %s", r.Remote)
	}
	if r.Principal != "" {
		fmt.Fprintf(a.out, " (%s)", r.Principal)
	}
	fmt.Fprintln(a.out)
	if r.Comment != "" {
		fmt.Fprintf(a.out, "Comment: %s\n", oneLine(r.Comment))
	}
	var b bytes.Buffer
	printChanges(&b, r.Changes)
	if _, err := b.WriteTo(a.out); err != nil {
		return err
	}
	if r.Compacted {
		fmt.Fprintln(a.out, "The fields are not kept any more; one cannot go back before this revision.")
	}
	if r.Effect != nil {
		a.printEffect(r.Effect, true)
	}
	var missing []string
	for _, n := range r.Nodes {
		if !n.Applied {
			missing = append(missing, n.ID)
		}
	}
	fmt.Fprintf(a.out, "Applied by %d of %s.\n", len(r.Nodes)-len(missing), plural(len(r.Nodes), "node"))
	if len(missing) > 0 {
		fmt.Fprintf(a.out, "Not yet: %s\n", strings.Join(missing, ", "))
	}
	return nil
}

// diffRevisions compares two revisions: "A..B", or "A" with what stands now.
func (a *app) diffRevisions(ctx context.Context, cl *client.Client, span, form string) (changed bool, err error) {
	from, to, two := strings.Cut(span, "..")
	q := url.Values{}
	for _, n := range []string{from, to} {
		if _, err := strconv.ParseUint(n, 10, 63); err != nil && (n == from || two) {
			return false, usagef("--revision %q: write A..B, or A to compare it with what stands now; see \"meridian revisions\"", span)
		}
	}
	if two {
		q.Set("with", to)
	}
	var out control.Diff
	if err := cl.Do(ctx, client.Request{Method: http.MethodGet, Path: "/revisions/" + from + "/diff", Query: q, Timeout: 5 * time.Minute}, &out); err != nil {
		return false, err
	}
	if form == "json" {
		return len(out.Changes) > 0, printJSON(a.out, out)
	}
	created, changedN, deleted := printChanges(a.out, out.Changes)
	fmt.Fprintf(a.out, "From revision %d to %d: %d created, %d changed, %d deleted.\n", out.From, out.To, created, changedN, deleted)
	if len(out.Changes) > 0 {
		a.printEffect(&out.Effect, true)
	}
	return len(out.Changes) > 0, nil
}

// lastChanges is how many revisions describe shows.
const lastChanges = 5

// describeHistory shows who changed an object last.
func (a *app) describeHistory(ctx context.Context, cl *client.Client, k traffic.Key) error {
	var list struct {
		Items []control.Revision `json:"items"`
		Next  string             `json:"next_cursor"`
	}
	q := url.Values{"object": {string(k.Kind) + "/" + k.Name}, "limit": {fmt.Sprint(lastChanges)}}
	if err := cl.Do(ctx, client.Request{Method: http.MethodGet, Path: "/revisions", Query: q}, &list); err != nil {
		return err
	}
	if len(list.Items) == 0 {
		return nil
	}
	fmt.Fprintln(a.out, "\nLast changes:")
	tw := tabwriter.NewWriter(a.out, 2, 0, 2, ' ', 0)
	for _, r := range list.Items {
		fmt.Fprintf(tw, "  revision %d\t%s\t%s\t%s\n", r.Number, when(r.At), r.Author, oneLine(r.Comment))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if list.Next != "" {
		fmt.Fprintf(a.out, "  older ones: meridian revisions --object %s/%s\n", k.Kind, k.Name)
	}
	return nil
}
