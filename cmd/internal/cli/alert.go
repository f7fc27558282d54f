package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"github.com/meridian-gtm/meridian/traffic"
)

var (
	alertColumns = []column{col("SINCE", "since"), col("SEVERITY", "severity"), col("WHAT", "title"), col("TAKEN CARE OF BY", "acknowledged.by"), col("MUTED UNTIL", "muted.ends_at"),
		col("ID", "id"), wide("EVENT", "event"), wide("KIND", "kind"), wide("OBJECT", "object"), wide("INCIDENT", "incident")}
	alertLogColumns = []column{col("AT", "at"), col("ACTION", "action"), col("SEVERITY", "severity"), col("WHAT", "title"), col("WHO", "who"), col("TOLD", "told"),
		wide("EVENT", "event"), wide("KIND", "kind"), wide("OBJECT", "object"), wide("ALERT", "alert"), wide("INCIDENT", "incident"), wide("ID", "id")}
	alertChannelColumns = []column{col("NAME", "name"), col("KIND", "kind"), col("ENABLED", "enabled"), col("LANGUAGE", "language"), col("FROM", "min_severity"), col("TO", "target"), col("WAITING", "waiting"),
		col("LAST", "last_delivery.state"), col("AT", "last_delivery.ended_at"), wide("ANSWER", "last_delivery.answer"), wide("RATE", "rate_per_minute"), wide("REMARK", "remark"), wide("VERSION", "version")}
	muteColumns        = []column{col("ID", "id"), col("EVENT", "event"), col("KIND", "kind"), col("OBJECT", "object"), col("ENDS", "ends_at"), col("BY", "by"), col("REASON", "reason"), wide("CREATED", "created_at")}
	alertDomainColumns = []column{col("DOMAIN", "domain"), col("OFF", "off"), col("CHANNELS", "channels"), col("EVENTS", "events"), col("INHERITS CHANNELS", "inherits.channels"), col("INHERITS EVENTS", "inherits.events")}
)

func (a *app) alertCommand() *cobra.Command {
	channels, domains := a.alertChannelsCommand(), a.alertDomainsCommand()
	channels.AddCommand(a.alertChannelSetCommand(), a.alertChannelDeleteCommand())
	domains.AddCommand(a.alertDomainShowCommand(), a.alertDomainSetCommand(), a.alertDomainInheritCommand())
	return group("alert", "See what is wrong and who was told, mute it, and say whom to tell", "look",
		a.alertListCommand(), a.alertLogCommand(), a.alertExportCommand(), a.alertAckCommand(), a.alertMuteCommand(), a.alertUnmuteCommand(), a.alertMutesCommand(), channels, a.alertTestCommand(), domains, a.alertSettingsCommand())
}

// alertFilter are the flags that the list and the log share.
type alertFilter struct {
	form, event, kind, object, severity, text, language string
	limit                                               int
}

func (f *alertFilter) flags(c *cobra.Command, most int) {
	outputFlag(c, &f.form, listForms...)
	f.query(c)
	c.Flags().IntVar(&f.limit, "limit", most, "show at most `N`")
}

func (f *alertFilter) query(c *cobra.Command) {
	c.Flags().StringVar(&f.event, "event", "", "only this `CODE`, like pool_unavailable")
	c.Flags().StringVar(&f.kind, "kind", "", "only about objects of this `KIND`, like address, pool, access_domain or node")
	c.Flags().StringVar(&f.object, "object", "", "only about the object of this `NAME`")
	c.Flags().StringVar(&f.severity, "severity", "", "only warning, error or critical")
	c.Flags().StringVar(&f.text, "text", "", "only what has this `TEXT`")
	c.Flags().StringVar(&f.language, "language", "", "en or zh; default en")
}

func (f *alertFilter) values() url.Values {
	q := url.Values{}
	for name, v := range map[string]string{"event": f.event, "kind": f.kind, "object": f.object, "severity": f.severity, "q": f.text, "language": f.language} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q
}

// print reads a list and prints it, each item after change, if that is given.
func (a *app) printAlerts(cmd *cobra.Command, path string, q url.Values, form string, limit int, columns []column, change func(map[string]any)) error {
	if err := checkOutput(form, listForms...); err != nil {
		return err
	}
	if limit < 1 {
		return usagef("--limit must be at least 1")
	}
	cl, err := a.client()
	if err != nil {
		return err
	}
	q.Set("limit", fmt.Sprint(min(limit, 1000)))
	items := []json.RawMessage{}
	err = cl.Each(cmd.Context(), path, q, func(item json.RawMessage) bool {
		if m := map[string]any{}; change != nil && (form == "table" || form == "wide") && json.Unmarshal(item, &m) == nil {
			change(m)
			if b, err := json.Marshal(m); err == nil {
				item = b
			}
		}
		items = append(items, item)
		return len(items) < limit
	})
	if err != nil {
		return err
	}
	return printItems(a.out, form, resource{columns: columns}, items, false)
}

func (a *app) alertListCommand() *cobra.Command {
	var f alertFilter
	var domain string
	c := &cobra.Command{Use: "list", Short: "Show what is wrong now, newest first", Args: exactly(0), Example: "  meridian alert list\n  meridian alert list --severity critical\n  meridian alert list --domain gtm.example.com/A -o json"}
	f.flags(c, 100)
	c.Flags().StringVar(&domain, "domain", "", "only what reaches this access domain, `NAME/TYPE`")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		q := f.values()
		if domain != "" {
			q.Set("domain", domain)
		}
		return a.printAlerts(cmd, "/alerts/active", q, f.form, f.limit, alertColumns, nil)
	}
	return c
}

// logFilter are the flags of the log and of its export.
type logFilter struct {
	alertFilter
	action string
	since  time.Duration
}

func (f *logFilter) add(c *cobra.Command) {
	c.Flags().StringVar(&f.action, "action", "", "only alert, resume, repeat, acknowledge, release, mute or unmute")
	c.Flags().Var((*span)(&f.since), "since", "only of the last, like 24h or 7d")
}

func (f *logFilter) values() url.Values {
	q := f.alertFilter.values()
	if f.action != "" {
		q.Set("action", f.action)
	}
	if f.since > 0 {
		q.Set("from", time.Now().Add(-f.since).UTC().Format(time.RFC3339Nano))
	}
	return q
}

func (a *app) alertLogCommand() *cobra.Command {
	var f logFilter
	c := &cobra.Command{Use: "log", Short: "Show alerts, their ends and who was told, newest first; 90 days", Args: exactly(0),
		Example: "  meridian alert log --since 24h\n  meridian alert log --object hz-1 --action alert\n  meridian alert log --event pool_unavailable -o wide"}
	f.flags(c, 20)
	f.add(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return a.printAlerts(cmd, "/alerts/log", f.values(), f.form, f.limit, alertLogColumns, func(m map[string]any) {
			list, _ := m["deliveries"].([]any)
			var told []string
			for _, d := range list {
				if d, ok := d.(map[string]any); ok {
					told = append(told, fmt.Sprintf("%v: %v", d["channel"], d["state"]))
				}
			}
			m["told"] = strings.Join(told, ", ")
		})
	}
	return c
}

func (a *app) alertExportCommand() *cobra.Command {
	var f logFilter
	var format string
	c := &cobra.Command{Use: "export", Short: "Write the log to standard output as CSV or JSON lines", Args: exactly(0), Example: "  meridian alert export --since 30d > alerts.csv\n  meridian alert export --format ndjson --event address_alert"}
	f.query(c)
	f.add(c)
	c.Flags().StringVar(&format, "format", "csv", "csv or ndjson")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		q := f.values()
		q.Set("format", format)
		return cl.Download(cmd.Context(), "/alerts/export?"+q.Encode(), a.out)
	}
	return c
}

// send makes a request and prints a sentence, or the answer in another form.
func (a *app) sendAlert(cmd *cobra.Command, r client.Request, format string, args ...any) error {
	cl, err := a.client()
	if err != nil {
		return err
	}
	if err := cl.Do(cmd.Context(), r, nil); err != nil {
		return err
	}
	fmt.Fprintf(a.out, format+"\n", args...)
	return nil
}

func (a *app) alertAckCommand() *cobra.Command {
	var reason string
	var release bool
	c := &cobra.Command{Use: "ack ID", Short: "Take care of an alert: it is not told again while it lasts", Args: exactly(1), Example: "  meridian alert ack 1795657487387520 --reason \"on it\"\n  meridian alert ack 1795657487387520 --release"}
	c.Flags().StringVar(&reason, "reason", "", "`TEXT` for those who wonder")
	c.Flags().BoolVar(&release, "release", false, "take care of it no more")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		path := "/alerts/active/" + url.PathEscape(args[0]) + "/acknowledge"
		if release {
			return a.sendAlert(cmd, client.Request{Method: http.MethodDelete, Path: path}, "Nobody takes care of alert %s.", args[0])
		}
		return a.sendAlert(cmd, client.Request{Method: http.MethodPost, Path: path, Body: map[string]any{"reason": reason}}, "You take care of alert %s.", args[0])
	}
	return c
}

func (a *app) alertMuteCommand() *cobra.Command {
	var event, kind, reason string
	last := 2 * time.Hour
	c := &cobra.Command{Use: "mute [OBJECT]", Short: "Send nothing about an object, an event or both for a time", Args: between(0, 1),
		Long: `Send nothing about an object, an event or both for a time. Alerts stand in the log all the
same; what still lasts when the mute ends is told then. An access domain (NAME/TYPE) stands
also for what reaches it alone.`,
		Example: "  meridian alert mute hz-1 --for 4h --reason \"new racks\"\n  meridian alert mute --event traffic_anomaly --for 3d --reason \"sale\""}
	c.Flags().StringVar(&event, "event", "", "`CODE` of an alert; default any")
	c.Flags().StringVar(&kind, "kind", "", "`KIND` of the object, where a name stands for several")
	c.Flags().Var((*span)(&last), "for", "how long, like 2h or 3d")
	c.Flags().StringVar(&reason, "reason", "", "`TEXT` for those who wonder; required")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 && event == "" {
			return usagef("name an object, or give --event")
		}
		if reason == "" {
			return usagef("say why with --reason")
		}
		body := map[string]any{"for": traffic.Duration(last), "reason": reason}
		for k, v := range map[string]string{"event": event, "kind": kind, "object": strings.Join(args, "")} {
			if v != "" {
				body[k] = v
			}
		}
		cl, err := a.client()
		if err != nil {
			return err
		}
		var out struct {
			ID   string    `json:"id"`
			Ends time.Time `json:"ends_at"`
		}
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPost, Path: "/alerts/mutes", Body: body}, &out); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "Muted until %s: %s\n", out.Ends.UTC().Format(time.RFC3339), out.ID)
		return nil
	}
	return c
}

func (a *app) alertUnmuteCommand() *cobra.Command {
	return &cobra.Command{Use: "unmute ID", Short: "End a mute", Args: exactly(1), Example: "  meridian alert unmute mute-k3n8pq2w", RunE: func(cmd *cobra.Command, args []string) error {
		return a.sendAlert(cmd, client.Request{Method: http.MethodDelete, Path: "/alerts/mutes/" + url.PathEscape(args[0])}, "Mute %s has ended.", args[0])
	}}
}

func (a *app) alertMutesCommand() *cobra.Command {
	return a.alertPlainList("mutes", "List mutes that last", "/alerts/mutes", "  meridian alert mutes", muteColumns, nil)
}

// alertPlainList is a list without filters.
func (a *app) alertPlainList(use, short, path, example string, columns []column, change func(map[string]any)) *cobra.Command {
	var form string
	c := &cobra.Command{Use: use, Short: short, Args: exactly(0), Example: example}
	outputFlag(c, &form, listForms...)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return a.printAlerts(cmd, path, url.Values{}, form, 10_000, columns, change)
	}
	return c
}

func (a *app) alertChannelsCommand() *cobra.Command {
	return a.alertPlainList("channels", "List channels; their secrets are never shown", "/alerts/channels", "  meridian alert channels\n  meridian alert channels set ops -f ops.yaml", alertChannelColumns, func(m map[string]any) {
		m["target"] = m["url"]
		if m["kind"] == "email" {
			m["target"] = m["to"]
		}
	})
}

func (a *app) alertChannelSetCommand() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "set NAME -f FILE", Short: "Make or change a channel from a file in YAML or JSON", Args: exactly(1),
		Long: `Make or change a channel from a file in YAML or JSON, with the fields of the API. Secrets that
are absent stay as they are; they may be given as {value_from: {file: PATH}} on the machine of
control.`,
		Example: "  meridian alert channels set ops -f ops.yaml\n  echo 'kind: slack\nurl: {value_from: {file: /etc/meridian/slack.url}}' | meridian alert channels set chat -f -"}
	c.Flags().StringVarP(&file, "file", "f", "", "`FILE`, - for standard input")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		body, err := a.readDocument(file)
		if err != nil {
			return err
		}
		return a.sendAlert(cmd, client.Request{Method: http.MethodPut, Path: "/alerts/channels/" + url.PathEscape(args[0]), Body: body}, "Channel %s is set. Try it: meridian alert test %s", args[0], args[0])
	}
	return c
}

// readDocument reads one document of a file or of the standard input.
func (a *app) readDocument(file string) (map[string]any, error) {
	if file == "" {
		return nil, usagef("give a file with -f, or - for standard input")
	}
	b, err := a.readFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	var m map[string]any
	if err := yaml.Unmarshal(b, &m); err != nil || m == nil {
		return nil, fmt.Errorf("%s is no document in YAML or JSON with fields", file)
	}
	return m, nil
}

func (a *app) alertTestCommand() *cobra.Command {
	return &cobra.Command{Use: "test NAME", Short: "Send a message to a channel now, and show what the other side said", Args: exactly(1), Example: "  meridian alert test ops", RunE: func(cmd *cobra.Command, args []string) error {
		cl, err := a.client()
		if err != nil {
			return err
		}
		var out struct {
			OK     bool   `json:"ok"`
			Answer string `json:"answer"`
			Took   int64  `json:"took_ms"`
		}
		if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodPost, Path: "/alerts/channels/" + url.PathEscape(args[0]) + "/test", Timeout: time.Minute}, &out); err != nil {
			return err
		}
		if !out.OK {
			return fmt.Errorf("channel %s was not reached: %s", args[0], out.Answer)
		}
		fmt.Fprintf(a.out, "Channel %s took the message in %d ms: %s\n", args[0], out.Took, out.Answer)
		return nil
	}}
}

func (a *app) alertChannelDeleteCommand() *cobra.Command {
	return &cobra.Command{Use: "delete NAME", Short: "Delete a channel and what waits for it", Args: exactly(1), Example: "  meridian alert channels delete ops", RunE: func(cmd *cobra.Command, args []string) error {
		return a.sendAlert(cmd, client.Request{Method: http.MethodDelete, Path: "/alerts/channels/" + url.PathEscape(args[0])}, "Channel %s is deleted.", args[0])
	}}
}

func alertDomainPath(domain string) (string, error) {
	i := strings.LastIndexByte(domain, '/')
	if i <= 0 {
		return "", usagef("%q is no access domain; write NAME/TYPE, like gtm.example.com/A", domain)
	}
	return "/alerts/domains/" + url.PathEscape(domain[:i]) + "/" + url.PathEscape(domain[i+1:]), nil
}

func (a *app) alertDomainsCommand() *cobra.Command {
	return a.alertPlainList("domains", "List access domains with rules of their own", "/alerts/domains", "  meridian alert domains\n  meridian alert domains set gtm.example.com/A --channel web-team", alertDomainColumns, nil)
}

func (a *app) alertDomainShowCommand() *cobra.Command {
	var form string
	c := &cobra.Command{Use: "show NAME/TYPE", Short: "Show what holds for an access domain, and what of it is inherited", Args: exactly(1), Example: "  meridian alert domains show gtm.example.com/A"}
	outputFlag(c, &form, "yaml", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		path, err := alertDomainPath(args[0])
		if err != nil {
			return err
		}
		return a.showDocument(cmd, path, form)
	}
	return c
}

// showDocument prints one document of the API.
func (a *app) showDocument(cmd *cobra.Command, path, form string) error {
	if err := checkOutput(form, "yaml", "json"); err != nil {
		return err
	}
	cl, err := a.client()
	if err != nil {
		return err
	}
	var out json.RawMessage
	if err := cl.Do(cmd.Context(), client.Request{Method: http.MethodGet, Path: path}, &out); err != nil {
		return err
	}
	if form == "json" {
		return printJSON(a.out, out)
	}
	return printYAML(a.out, out)
}

func (a *app) alertDomainSetCommand() *cobra.Command {
	var off bool
	var channels, events []string
	c := &cobra.Command{Use: "set NAME/TYPE", Short: "Give an access domain rules of its own; what is not given is inherited", Args: exactly(1),
		Example: "  meridian alert domains set gtm.example.com/A --channel web-team\n  meridian alert domains set test.example.com/A --off"}
	c.Flags().BoolVar(&off, "off", false, "send nothing about it")
	c.Flags().StringSliceVar(&channels, "channel", nil, "`NAME` of a channel to tell in place of the general ones; may be repeated")
	c.Flags().StringSliceVar(&events, "event", nil, "`CODE` of an alert to tell in place of the general ones; may be repeated")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		path, err := alertDomainPath(args[0])
		if err != nil {
			return err
		}
		body := map[string]any{"off": off}
		if cmd.Flags().Changed("channel") {
			body["channels"] = channels
		}
		if cmd.Flags().Changed("event") {
			body["events"] = events
		}
		return a.sendAlert(cmd, client.Request{Method: http.MethodPut, Path: path, Body: body}, "%s has rules of its own.", args[0])
	}
	return c
}

func (a *app) alertDomainInheritCommand() *cobra.Command {
	return &cobra.Command{Use: "inherit NAME/TYPE", Short: "Let an access domain inherit all rules", Args: exactly(1), Example: "  meridian alert domains inherit gtm.example.com/A", RunE: func(cmd *cobra.Command, args []string) error {
		path, err := alertDomainPath(args[0])
		if err != nil {
			return err
		}
		return a.sendAlert(cmd, client.Request{Method: http.MethodDelete, Path: path}, "%s inherits all.", args[0])
	}}
}

func (a *app) alertSettingsCommand() *cobra.Command {
	var file, form string
	c := &cobra.Command{Use: "settings", Short: "Show the general rules, or change those that a file gives", Args: exactly(0), Example: "  meridian alert settings\n  echo 'group_wait: 30s' | meridian alert settings -f -"}
	outputFlag(c, &form, "yaml", "json")
	c.Flags().StringVarP(&file, "file", "f", "", "`FILE` in YAML or JSON with what shall change, - for standard input")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if file == "" {
			return a.showDocument(cmd, "/alerts/settings", form)
		}
		body, err := a.readDocument(file)
		if err != nil {
			return err
		}
		return a.sendAlert(cmd, client.Request{Method: http.MethodPatch, Path: "/alerts/settings", Body: body}, "The rules are set.")
	}
	return c
}
