package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/spf13/cobra"
)

func (a *app) statsCommand() *cobra.Command {
	return group("stats", "Count what clients ask for and get", "look", a.queriesCommand(), a.trafficCommand(), a.clientsCommand(), a.sharesCommand())
}

// answered asks a path and shows what comes, in a table by its own columns.
func (a *app) answered(cmd *cobra.Command, path string, q url.Values, form string, table func(json.RawMessage) error) error {
	if err := checkOutput(form, "table", "json", "yaml"); err != nil {
		return err
	}
	cl, err := a.client()
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodGet, Path: path, Query: q}, &raw); err != nil {
		return err
	}
	switch form {
	case "json":
		return printJSON(a.out, raw)
	case "yaml":
		return printYAML(a.out, raw)
	}
	return table(raw)
}

// period adds the flags of a time.
func period(c *cobra.Command, q url.Values) {
	f := c.Flags()
	for name, doc := range map[string]string{"last": "how far back from now, like `1h` or 30d (default 1h)", "from": "beginning, a `TIME` like 2026-11-25T00:00:00Z", "until": "end, a `TIME` (default now)"} {
		f.Func(name, doc, func(v string) error { q.Set(name, v); return nil })
	}
}

func text(c *cobra.Command, q url.Values, name, doc string) {
	c.Flags().Func(strings.ReplaceAll(name, "_", "-"), doc, func(v string) error { q.Set(name, v); return nil })
}

func (a *app) queriesCommand() *cobra.Command {
	var form string
	var by []string
	var top int
	q := url.Values{}
	c := &cobra.Command{Use: "queries", Short: "Count queries by what they asked and got", Args: exactly(0),
		Long: `Count queries by what they asked and got. Numbers are exact, but for countries and
networks, which are estimated from samples; -o json shows them over time.`,
		Example: "  meridian stats queries --by name,pool --last 24h\n  meridian stats queries --by rcode,type --node edge-1"}
	outputFlag(c, &form, "table", "json", "yaml")
	c.Flags().StringSliceVar(&by, "by", []string{"name", "type"}, "`DIMENSIONS` to tell apart: "+strings.Join(history.Dimensions, ", "))
	c.Flags().IntVar(&top, "top", 20, "show the `N` with the most queries")
	for _, d := range history.Dimensions {
		text(c, q, d, "only with this "+d)
	}
	text(c, q, "step", "length of an interval of -o json and yaml, like `1m`, 1h or 1d")
	period(c, q)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		q.Set("group_by", strings.Join(by, ","))
		q.Set("top", fmt.Sprint(top))
		if form == "table" {
			q.Set("totals", "true")
		}
		return a.answered(cmd, "/stats/queries", q, form, func(raw json.RawMessage) error { return a.printCounts(raw, by) })
	}
	return c
}

func (a *app) clientsCommand() *cobra.Command {
	var form string
	var top int
	q := url.Values{}
	c := &cobra.Command{Use: "clients", Short: "List the client networks with the most queries, estimated", Args: exactly(0),
		Example: "  meridian stats clients --country cn --top 50"}
	outputFlag(c, &form, "table", "json", "yaml")
	c.Flags().IntVar(&top, "top", 20, "show `N` networks")
	text(c, q, "country", "only of this `COUNTRY`, like cn")
	period(c, q)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		q.Set("top", fmt.Sprint(top))
		return a.answered(cmd, "/stats/clients", q, form, func(raw json.RawMessage) error {
			return a.printCounts(raw, []string{history.BySubnet, history.ByCountry})
		})
	}
	return c
}

func (a *app) printCounts(raw json.RawMessage, by []string) error {
	var got struct {
		history.Counted
		Series []json.RawMessage `json:"series"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if len(got.Covered) == 0 {
		fmt.Fprintln(a.err, "No resolver has reported of this time: nothing is known of it.")
	}
	var columns []column
	for _, d := range by {
		columns = append(columns, col(strings.ToUpper(d), "key."+d))
	}
	columns = append(columns, col("QUERIES", "total"))
	if !got.Exact {
		columns = append(columns, col("SAMPLES", "samples"))
	}
	if err := printTable(a.out, columns, got.Series, false); err != nil {
		return err
	}
	if got.Others > 0 {
		fmt.Fprintf(a.out, "and %d queries of others\n", got.Others)
	}
	return nil
}

func (a *app) sharesCommand() *cobra.Command {
	var form, pool string
	q := url.Values{}
	c := &cobra.Command{Use: "shares [NAME[/TYPE]]", Short: "Compare configured weights with what was answered", Args: between(0, 1),
		Example: "  meridian stats shares www.example.com --last 24h\n  meridian stats shares --pool hangzhou"}
	outputFlag(c, &form, "table", "json", "yaml")
	c.Flags().StringVar(&pool, "pool", "", "of a `POOL`, over all access domains")
	period(c, q)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if (len(args) == 1) == (pool != "") {
			return usagef("give an access domain or --pool")
		}
		if pool != "" {
			q.Set("pool", pool)
		} else {
			q.Set("domain", args[0])
		}
		return a.answered(cmd, "/stats/shares", q, form, a.printShares)
	}
	return c
}

func (a *app) printShares(raw json.RawMessage) error {
	type part struct {
		Name       string
		Weight     int
		Configured *float64
		Queries    uint64
		Share      float64
	}
	var got struct {
		Total, Empty uint64
		Known        bool
		Pools        []struct {
			Name       string
			Weight     int
			Configured *float64
			Queries    uint64
			Share      float64
			Addresses  []part
		}
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if !got.Known {
		fmt.Fprintln(a.err, "No resolver has reported of this time: nothing is known of it.")
	}
	percent := func(v *float64) string {
		if v == nil {
			return ""
		}
		return fmt.Sprintf("%.2f %%", *v*100)
	}
	var rows []json.RawMessage
	row := func(pool, address string, p part) {
		b, err := json.Marshal(map[string]any{"pool": pool, "address": address, "weight": p.Weight, "configured": percent(p.Configured), "queries": p.Queries, "share": percent(&p.Share)})
		if err == nil {
			rows = append(rows, b)
		}
	}
	for _, p := range got.Pools {
		row(p.Name, "", part{p.Name, p.Weight, p.Configured, p.Queries, p.Share})
		for _, m := range p.Addresses {
			row("", m.Name, m)
		}
	}
	if err := printTable(a.out, []column{col("POOL", "pool"), col("ADDRESS", "address"), col("WEIGHT", "weight"), col("CONFIGURED", "configured"), col("QUERIES", "queries"), col("SHARE", "share")}, rows, false); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%d answers, %d of them empty\n", got.Total, got.Empty)
	return nil
}

var transitionColumns = []column{col("ID", "id"), col("AT", "at"), col("INCIDENT", "incident"), col("KIND", "kind"), col("SUBJECT", "subject"), col("FROM", "from"), col("TO", "to"), col("CAUSE", "cause")}

func (a *app) historyCommand() *cobra.Command {
	return group("history", "Look at past health: transitions with causes, latency and loss", "look", a.transitionsCommand(), a.measuredCommand(), a.retentionCommand())
}

func (a *app) transitionsCommand() *cobra.Command {
	var form string
	var limit int
	q := url.Values{}
	c := &cobra.Command{Use: "transitions", Short: "List transitions of health and what followed from them, newest first", Args: exactly(0),
		Example: "  meridian history transitions --address hz-1 --last 7d\n  meridian history transitions --incident 17"}
	outputFlag(c, &form, "table", "json", "yaml")
	c.Flags().IntVar(&limit, "limit", 20, "show at most `N`")
	text(c, q, "kind", "only this `KIND`: task, vantage, address, pool, domain")
	text(c, q, "subject", "only of this `SUBJECT`, in full")
	text(c, q, "address", "only of this `ADDRESS` and its tasks")
	text(c, q, "incident", "only of the incident with this `ID`")
	period(c, q)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		q.Set("limit", fmt.Sprint(limit))
		return a.answered(cmd, "/history/transitions", q, form, func(raw json.RawMessage) error {
			var got struct {
				Items []json.RawMessage `json:"items"`
			}
			if err := json.Unmarshal(raw, &got); err != nil {
				return fmt.Errorf("read the server's answer: %w", err)
			}
			return printTable(a.out, transitionColumns, got.Items, false)
		})
	}
	return c
}

func (a *app) measuredCommand() *cobra.Command {
	var form string
	q := url.Values{}
	c := &cobra.Command{Use: "health [ADDRESS]", Short: "Show latency and loss over time, by vantage", Args: between(0, 1),
		Example: "  meridian history health hz-1 --vantage bj --last 6h"}
	outputFlag(c, &form, "table", "json", "yaml")
	text(c, q, "template", "only tasks of this `TEMPLATE`")
	text(c, q, "vantage", "only as seen from this `VANTAGE`")
	text(c, q, "by", "what to tell apart: `task,vantage`, one of them, or none")
	text(c, q, "step", "length of an interval, like `1m`, 1h or 1d")
	period(c, q)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			q.Set("address", args[0])
		}
		return a.answered(cmd, "/history/health", q, form, func(raw json.RawMessage) error {
			var got struct{ Series []history.ProbeSeries }
			if err := json.Unmarshal(raw, &got); err != nil {
				return fmt.Errorf("read the server's answer: %w", err)
			}
			var rows []json.RawMessage
			for _, s := range got.Series {
				task := ""
				if s.Task != nil {
					task = s.Task.String()
				}
				for _, p := range s.Points {
					b, err := json.Marshal(struct {
						history.ProbePoint
						Task    string `json:"task"`
						Vantage string `json:"vantage"`
					}{p, task, s.Vantage})
					if err != nil {
						return err
					}
					rows = append(rows, b)
				}
			}
			return printTable(a.out, []column{col("AT", "at"), col("TASK", "task"), col("VANTAGE", "vantage"), col("PROBES", "probes"), col("FAILED", "failed"), col("LOST", "lost"),
				col("MIN ms", "min_ms"), col("P50 ms", "p50_ms"), col("P95 ms", "p95_ms"), col("MAX ms", "max_ms")}, rows, false)
		})
	}
	return c
}

func (a *app) retentionCommand() *cobra.Command {
	var form string
	set := map[string]string{}
	c := &cobra.Command{Use: "retention", Short: "Show or set for how long history and statistics are kept", Args: exactly(0),
		Example: "  meridian history retention --minutes 12h --events 4320h"}
	outputFlag(c, &form, "table", "json", "yaml")
	for name, what := range map[string]string{"minutes": "what is kept by the minute", "hours": "by the hour", "days": "by the day", "events": "events", "transitions": "transitions"} {
		c.Flags().Func(name, "keep "+what+" for this `TIME`, like 12h or 90d", func(v string) error {
			d, err := parseSpan(v)
			if err != nil {
				return err
			}
			set[name] = d.String()
			return nil
		})
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(set) > 0 {
			cl, err := a.client()
			if err != nil {
				return err
			}
			now, err := getJSON[map[string]any](cmd, cl, "/history/retention")
			if err != nil {
				return err
			}
			for k, v := range set {
				now[k] = v
			}
			if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPut, Path: "/history/retention", Body: now}, nil); err != nil {
				return err
			}
		}
		return a.answered(cmd, "/history/retention", nil, form, func(raw json.RawMessage) error {
			return printTable(a.out, []column{col("MINUTES", "minutes"), col("HOURS", "hours"), col("DAYS", "days"), col("EVENTS", "events"), col("TRANSITIONS", "transitions")}, []json.RawMessage{raw}, false)
		})
	}
	return c
}

// trafficColumns are those of each dimension's table.
var trafficColumns = []column{col("VALUE", "value"), col("QUERIES", "queries"), col("SHARE", "percent"), col("BEFORE", "queries_before"), col("CHANGE", "moved")}

func (a *app) trafficCommand() *cobra.Command {
	var form string
	var by []string
	var top int
	q := url.Values{}
	c := &cobra.Command{Use: "traffic", Short: "Show the queries of a time beside those of an earlier one", Args: exactly(0),
		Long: `Show the queries of a time beside those of an earlier one: how many, how many of them
were answered with NOERROR, and by each dimension which values hold what share.`,
		Example: "  meridian stats traffic --last 24h\n  meridian stats traffic --name www.example.com --by line,pool --last 7d --compare week"}
	outputFlag(c, &form, "table", "json", "yaml")
	c.Flags().StringSliceVar(&by, "by", []string{"name", "line", "country", "pool", "address", "rcode"}, "`DIMENSIONS` to show, each for itself: "+strings.Join(history.Dimensions, ", "))
	c.Flags().IntVar(&top, "top", 5, "show the `N` with the most queries")
	for _, d := range history.Dimensions {
		text(c, q, d, "only with this "+d)
	}
	text(c, q, "compare", "with `WHEN`: day, week, or period for the time right before (default day up to a day, week up to a week)")
	text(c, q, "points", "about how many intervals in -o json and yaml, `N`")
	period(c, q)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		q.Set("by", strings.Join(by, ","))
		q.Set("top", fmt.Sprint(top))
		return a.answered(cmd, "/stats/traffic", q, form, func(raw json.RawMessage) error { return a.printTraffic(raw, by) })
	}
	return c
}

func (a *app) printTraffic(raw json.RawMessage, by []string) error {
	var got struct {
		Compare string
		history.Overview
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	if !got.Known {
		fmt.Fprintln(a.err, "No resolver has reported of this time: nothing is known of it.")
	}
	before := map[string]string{"day": "a day before", "week": "a week before", "period": "in the period before"}[got.Compare]
	fmt.Fprintf(a.out, "%d queries", got.Total)
	if got.KnownBefore {
		fmt.Fprintf(a.out, ", %d %s (%s)\n", got.TotalBefore, first(before, "before"), moved(got.Change))
	} else {
		fmt.Fprintf(a.out, "; nothing is known of %s\n", first(map[string]string{"day": "the day before", "week": "the week before"}[got.Compare], "the period before"))
	}
	if got.Success != nil {
		what := "answered with NOERROR"
		if got.Of == "answers" {
			what = "answered with an address"
		}
		fmt.Fprintf(a.out, "%.2f %% %s\n", 100**got.Success, what)
	}
	for _, d := range by {
		b := got.By[d]
		if b == nil {
			continue
		}
		fmt.Fprintf(a.out, "\nby %s", d)
		if b.Absent != "" {
			fmt.Fprintf(a.out, ": %s\n", b.Absent)
			continue
		}
		if !b.Exact {
			fmt.Fprint(a.out, ", estimated")
		}
		fmt.Fprintln(a.out)
		rows := make([]json.RawMessage, len(b.Items))
		for i, item := range b.Items {
			row, err := json.Marshal(map[string]any{"value": first(item.Value, "(none)"), "queries": item.Queries, "queries_before": item.Before,
				"percent": fmt.Sprintf("%.1f %%", 100*item.Share), "moved": moved(item.Change)})
			if err != nil {
				return fmt.Errorf("show the server's answer: %w", err)
			}
			rows[i] = row
		}
		if err := printTable(a.out, trafficColumns, rows, false); err != nil {
			return err
		}
		if b.Others > 0 {
			fmt.Fprintf(a.out, "and %d of others\n", b.Others)
		}
	}
	return nil
}

// moved is a change as people read it.
func moved(change *float64) string {
	if change == nil {
		return "not known"
	}
	return fmt.Sprintf("%+.1f %%", 100**change)
}
