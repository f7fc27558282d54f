package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control"
	"github.com/spf13/cobra"
)

func (a *app) vantagesCommand() *cobra.Command {
	return a.listCommand("vantages", "List the places that probe", "vantages")
}

// listCommand is "get" of a kind under its own name.
func (a *app) listCommand(use, short, kind string) *cobra.Command {
	var form string
	c := &cobra.Command{Use: use, GroupID: "look", Short: short, Args: exactly(0)}
	outputFlag(c, &form, listForms...)
	examples := map[string]string{"tokens": "token list", "users": "user list -o wide", "vantages": "vantages"}
	c.Example = "  meridian " + examples[kind]
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, listForms...); err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		return a.printList(cmd, cl, kind, form, nil)
	}
	return c
}

func (a *app) printList(cmd *cobra.Command, cl *client.Client, kind, form string, query url.Values) error {
	r, err := findResource(kind)
	if err != nil {
		return err
	}
	items, err := fetch(cmd.Context(), cl, r, nil, query)
	if err != nil {
		return err
	}
	if len(items) == 0 && (form == "table" || form == "wide") {
		fmt.Fprintf(a.err, "There is no %s.\n", r.aliases[0])
		return nil
	}
	return printItems(a.out, form, r, items, false)
}

var revisionColumns = []column{col("NUMBER", "number"), col("AT", "at"), col("AUTHOR", "author"), col("SOURCE", "source"), col("FROM", "remote"), col("OBJECTS", "objects"), col("OBJECT", "object"), col("COMMENT", "comment"),
	wide("PRINCIPAL", "principal"), wide("EPOCH", "epoch"), wide("CHAIN", "chain")}

var eventColumns = []column{col("AT", "at"), col("SEVERITY", "severity"), col("KIND", "kind"), col("SUBJECT", "subject"), col("TEXT", "text")}

func (a *app) eventsCommand() *cobra.Command {
	var form string
	var limit int
	var follow bool
	c := &cobra.Command{Use: "events", GroupID: "look", Short: "Show what happened: health, revisions, nodes", Args: exactly(0),
		Example: "  meridian events --follow"}
	outputFlag(c, &form, listForms...)
	c.Flags().IntVar(&limit, "limit", 20, "show at most `N` past events")
	c.Flags().BoolVar(&follow, "follow", false, "go on with what happens from now on, until interrupted")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, listForms...); err != nil {
			return err
		}
		if limit < 0 {
			return usagef("--limit must not be negative")
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		r, err := findResource("event")
		if err != nil {
			return err
		}
		var items []json.RawMessage
		if limit > 0 {
			err = cl.Each(cmd.Context(), r.path, url.Values{"limit": {fmt.Sprint(min(limit, 1000))}}, func(item json.RawMessage) bool {
				items = append(items, item)
				return len(items) < limit
			})
			if err != nil {
				return err
			}
		}
		if !follow {
			return printItems(a.out, form, r, items, false)
		}
		return a.followEvents(cmd.Context(), cl, items, form)
	}
	return c
}

// followEvents shows past events, oldest first, and goes on with the stream. After
// each connection it asks for what was kept since the last event shown, so that
// nothing is lost between list and stream, or while the server was away.
func (a *app) followEvents(ctx context.Context, cl *client.Client, past []json.RawMessage, form string) error {
	last := uint64(0)
	show := func(typ string, data json.RawMessage) {
		var e struct {
			ID json.Number `json:"id"`
		}
		if typ == "event" && json.Unmarshal(data, &e) == nil {
			id, _ := strconv.ParseUint(e.ID.String(), 10, 64)
			if id <= last {
				return
			}
			last = id
		}
		a.printEvent(typ, data, form)
	}
	for _, item := range slices.Backward(past) {
		show("event", item)
	}
	return cl.Follow(ctx, "/stream", url.Values{"types": {"event,revision,node"}}, func(e client.Event) error {
		switch e.Type {
		case client.Lost:
			fmt.Fprintf(a.err, "The connection to %s has ended; trying again every second.\n", cl.Server())
			return nil
		case "hello":
		default:
			show(e.Type, e.Data)
			return nil
		}
		if last == 0 {
			return nil
		}
		return cl.Each(ctx, "/events", url.Values{"after": {fmt.Sprint(last)}}, func(item json.RawMessage) bool {
			show("event", item)
			return true
		})
	})
}

// printEvent writes one line for a person, or one JSON object for a program.
func (a *app) printEvent(typ string, data json.RawMessage, form string) {
	if form == "json" {
		fmt.Fprintf(a.out, "{\"type\":%q,\"data\":%s}\n", typ, data)
		return
	}
	var e struct {
		control.Event
		// Of revisions and nodes.
		Number uint64 `json:"number"`
		Author string `json:"author"`
		Node   string `json:"-"`
		Ready  bool   `json:"ready"`
	}
	if typ == "node" { // its id is a name
		var n control.Node
		if json.Unmarshal(data, &n) == nil {
			e.Node, e.Ready = n.ID, n.Ready
		}
	} else if err := json.Unmarshal(data, &e); err != nil {
		fmt.Fprintf(a.out, "%s %s\n", typ, data)
		return
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	text := strings.TrimSpace(e.Kind + " " + e.Subject + ": " + e.Text)
	switch typ {
	case "revision":
		text = fmt.Sprintf("revision %d by %s", e.Number, e.Author)
	case "node":
		text = fmt.Sprintf("node %s ready=%v", e.Node, e.Ready)
	}
	fmt.Fprintf(a.out, "%s %-8s %s\n", e.At.Local().Format("2006-01-02 15:04:05"), first(e.Severity, typ), oneLine(text))
}
