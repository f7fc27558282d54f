package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic/querylog"
	"github.com/spf13/cobra"
)

// watchFor is how long queries are shown without --follow: a glance.
const watchFor = 5 * time.Second

// watchMost is the longest that the server shows them at a time.
const watchMost = time.Hour

var errEnd = errors.New("the server has shown all")

// tailCommand shows single queries; those of "stats" are counted.
func (a *app) tailCommand() *cobra.Command {
	var form string
	var follow, whole bool
	length := span(watchFor)
	q := url.Values{}
	c := &cobra.Command{Use: "queries", GroupID: "look", Short: "Watch queries as resolvers answer them", Args: exactly(0),
		Long: `Watch queries as resolvers answer them, for five seconds or with --follow until
interrupted. Clients are shown as networks. Resolvers are asked only meanwhile, and
each shows a bounded number a second; what is beyond is counted. The audit keeps who
watched and with which filter.`,
		Example: "  meridian queries --name www.example.com\n  meridian queries --follow --rcode NXDOMAIN --node edge-1"}
	outputFlag(c, &form, "table", "json")
	c.Flags().BoolVar(&follow, "follow", false, "go on until interrupted")
	c.Flags().Var(&length, "for", "how long to watch without --follow")
	c.Flags().BoolVar(&whole, "whole", false, "show addresses of clients, not their networks")
	for _, f := range [][2]string{{"name", "only of this `NAME`; *.example.com for all below it"}, {"client", "only of this `NETWORK` or address: the client subnet that the query tells, else who asks"},
		{"line", "only of this `LINE`"}, {"type", "only of this record `TYPE`"}, {"rcode", "only with this response `CODE`"}, {"node", "only of these `NODES`, with commas (default all resolvers)"},
		{"every", "only one in `N`"}, {"rate", fmt.Sprintf("most queries a second of each resolver, `N` (default %d, at most %d)", querylog.DefaultRate, querylog.MostRate)}} {
		text(c, q, f[0], f[1])
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(form, "table", "json"); err != nil {
			return err
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		q.Set("for", time.Duration(length).String())
		if follow {
			q.Set("for", watchMost.String())
		}
		if whole {
			q.Set("whole", "true")
		}
		err = cl.Follow(cmd.Context(), "/queries/tail", q, func(e client.Event) error {
			switch e.Type {
			case "query":
				return a.printQuery(e.Data, form)
			case "node":
				a.printTailed(e.Data)
			case "end":
				if !follow {
					return errEnd
				}
			case client.Lost:
				if !follow {
					return fmt.Errorf("the connection to %s has ended", cl.Server())
				}
			}
			return nil
		})
		if errors.Is(err, errEnd) {
			return nil
		}
		return err
	}
	return c
}

// printQuery writes one line for a person, or one JSON object for a program.
func (a *app) printQuery(data json.RawMessage, form string) error {
	if form == "json" {
		fmt.Fprintf(a.out, "%s\n", data)
		return nil
	}
	var q querylog.LoggedQuery
	if err := json.Unmarshal(data, &q); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	who := q.Client
	if q.ECS != "" {
		who = q.ECS + " via " + q.Client
	}
	got := q.Rcode
	if q.Domain != "" {
		got += " " + strings.Join(strings.Fields(q.Line+" "+q.Pool+" "+q.Address), " > ")
		if q.Pool == "" {
			got += " > no data"
		}
	}
	fmt.Fprintln(a.out, oneLine(fmt.Sprintf("%s %s %s %s %s %s: %s", q.Time.Local().Format("15:04:05.000"), q.Node, q.Transport, who, first(q.Name, "?"), q.Type, got)))
	return nil
}

// printTailed says on the side what is to be known of one resolver.
func (a *app) printTailed(data json.RawMessage) {
	var n control.TailNews
	if json.Unmarshal(data, &n) != nil {
		return
	}
	if n.Trouble != "" {
		fmt.Fprintln(a.err, oneLine(n.Node+": "+n.Trouble))
	}
	if n.Dropped > 0 {
		fmt.Fprintf(a.err, "%s: %d more\n", oneLine(n.Node), n.Dropped)
	}
}
