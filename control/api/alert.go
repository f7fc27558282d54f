package api

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

type ackRequest struct {
	Reason string `json:"reason,omitempty" doc:"For those who wonder." maxLength:"1024"`
}

type muteRequest struct {
	Event  string           `json:"event,omitempty" doc:"Code of an alert; absent: any."`
	Kind   string           `json:"kind,omitempty" doc:"Of the object; absent: any."`
	Object string           `json:"object,omitempty" doc:"Absent: any. An access domain (NAME/TYPE) stands also for what reaches it alone." maxLength:"512"`
	For    traffic.Duration `json:"for" doc:"How long, like 2h; at most 720h."`
	Reason string           `json:"reason" doc:"Why, for people." minLength:"1" maxLength:"1024"`
}

var (
	languageParam = query("language", huma.TypeString, "Of title and text: en or zh; default en.")
	matchParam    = header("If-Match", "Version that it must have, 0 for one that must not exist, or * for any: else 412.")
)

var alertFilters = []*huma.Param{
	query("event", huma.TypeString, "Code of an alert; in the log also of its end."), query("kind", huma.TypeString, "Of the object: "+strings.Join(alert.Kinds, ", ")+"."),
	query("object", huma.TypeString, "Name of the object, in full; NAME/TYPE of an access domain."), query("severity", huma.TypeString, "warning, error or critical."),
	query("q", huma.TypeString, "Text in object or English text, any case."), languageParam,
}

func (s *server) alertRoutes() {
	const tag = "Alerts"
	one, entry := s.schemaOf(reflect.TypeFor[alert.Alert]()), s.schemaOf(reflect.TypeFor[alert.Entry]())
	mute, channel := s.schemaOf(reflect.TypeFor[alert.Mute]()), s.schemaOf(reflect.TypeFor[alert.Channel]())
	s.schemaOf(reflect.TypeFor[alert.Delivered]()) // of the stream
	add := func(r route) { r.tag = tag; s.route(r) }
	add(route{method: "GET", path: "/alerts/events", id: "listAlertEvents", summary: "The alerts that there are", need: auth.Viewer, answer: s.listOf("AlertEventList", s.schemaOf(reflect.TypeFor[alert.Event]())),
		handle: func(c *call) (answer, error) { return answer{body: page{Items: alert.Events}}, nil }})
	add(route{method: "GET", path: "/alerts/active", id: "listActiveAlerts", summary: "What is wrong now, newest first", need: auth.Viewer,
		params: append(append(slices.Clone(alertFilters), query("domain", huma.TypeString, "Only what reaches this access domain, NAME/TYPE."), query("acknowledged", huma.TypeBoolean, "Only those with, or without, somebody who takes care."),
			query("muted", huma.TypeBoolean, "Only those that are, or are not, muted.")), pageParams...),
		answer: s.listOf("AlertList", one), handle: s.activeAlerts})
	add(route{method: "GET", path: "/alerts/active/{id}", id: "getAlert", summary: "Read an alert, also one that is over", need: auth.Viewer, params: []*huma.Param{languageParam}, answer: one,
		handle: s.onAlert(func(*call, uint64) error { return nil })})
	add(route{method: "POST", path: "/alerts/active/{id}/acknowledge", id: "acknowledgeAlert", summary: "Take care of an alert: it is not repeated then", need: auth.Operator, body: s.schemaOf(reflect.TypeFor[ackRequest]()), answer: one,
		handle: s.onAlert(func(c *call, id uint64) error {
			in, err := decode[ackRequest](s, c)
			if err != nil {
				return err
			}
			return s.Alerts.Acknowledge(c.Context(), id, c.who.Name, in.Reason, false)
		})})
	add(route{method: "DELETE", path: "/alerts/active/{id}/acknowledge", id: "releaseAlert", summary: "Take care of an alert no more", need: auth.Operator, answer: one,
		handle: s.onAlert(func(c *call, id uint64) error {
			return s.Alerts.Acknowledge(c.Context(), id, c.who.Name, "", true)
		})})
	logParams := append(append(slices.Clone(alertFilters), query("action", huma.TypeString, strings.Join(alert.Actions, ", ")+"."), query("alert", huma.TypeInteger, "Only of this alert."),
		query("incident", huma.TypeInteger, "Only of this incident of GET /history/transitions.")), optional(timeParams)...)
	add(route{method: "GET", path: "/alerts/log", id: "listAlertLog", summary: "Alerts, their ends and what became of each, newest first; kept for 90 days", need: auth.Viewer,
		params: append(slices.Clone(logParams), pageParams...), answer: s.listOf("AlertLog", entry), handle: s.alertLog})
	add(route{method: "GET", path: "/alerts/export", id: "exportAlertLog", summary: "The log as a file, newest first", need: auth.Viewer, params: append(slices.Clone(logParams), query("format", huma.TypeString, "csv (default) or ndjson.")),
		answer: &huma.Schema{Type: huma.TypeString}, answerType: "text/csv", handle: s.exportAlerts})

	add(route{method: "GET", path: "/alerts/mutes", id: "listMutes", summary: "Mutes that last, newest first", need: auth.Viewer, params: pageParams, answer: s.listOf("MuteList", mute), handle: s.mutes})
	add(route{method: "POST", path: "/alerts/mutes", id: "createMute", summary: "Mute an event, an object or both for a time: alerts stand in the log and are not sent", need: auth.Operator,
		body: s.schemaOf(reflect.TypeFor[muteRequest]()), status: http.StatusCreated, answer: mute, handle: s.createMute})
	add(route{method: "DELETE", path: "/alerts/mutes/{id}", id: "endMute", summary: "End a mute; what lasts is sent then", need: auth.Operator, answer: mute, handle: func(c *call) (answer, error) {
		m, err := s.Alerts.EndMute(c.Context(), c.PathValue("id"), c.who.Name)
		return answer{body: m}, named(err, "Mute "+withoutSecrets(c.PathValue("id")))
	}})

	set := s.schemaOf(reflect.TypeFor[alert.Settings]())
	input := s.inputOf(strings.TrimPrefix(set.Ref, refPrefix))
	add(route{method: "GET", path: "/alerts/settings", id: "getAlertSettings", summary: "Read the settings", need: auth.Viewer, answer: set, handle: s.alertSettings})
	add(route{method: "PUT", path: "/alerts/settings", id: "setAlertSettings", summary: "Set all; what is absent takes its default", need: auth.Admin, params: []*huma.Param{matchParam}, body: input, answer: set,
		handle: func(c *call) (answer, error) { return s.setAlerts(c, input, alert.DefaultSettings()) }})
	add(route{method: "PATCH", path: "/alerts/settings", id: "changeAlertSettings", summary: "Change what is given", need: auth.Admin, params: []*huma.Param{matchParam}, body: input, bodyType: mergeType, answer: set,
		handle: func(c *call) (answer, error) {
			now, _, err := s.Alerts.Settings(c.Context())
			if err != nil {
				return answer{}, err
			}
			return s.setAlerts(c, input, now)
		}})

	add(route{method: "GET", path: "/alerts/channels", id: "listAlertChannels", summary: "List channels; their secrets are never shown", need: auth.Viewer,
		params: append([]*huma.Param{query("channel", huma.TypeString, "Only of this kind: "+strings.Join(alert.ChannelKinds, ", ")+"."), query("q", huma.TypeString, "Text in name or remark, any case.")}, pageParams...),
		answer: s.listOf("AlertChannelList", channel), handle: s.alertChannels})
	add(route{method: "GET", path: "/alerts/channels/{name}", id: "getAlertChannel", summary: "Read one", need: auth.Viewer, answer: channel, handle: s.alertChannel})
	add(route{method: "PUT", path: "/alerts/channels/{name}", id: "setAlertChannel", summary: "Make or change a channel; secrets that are absent stay as they are", need: auth.Admin, params: []*huma.Param{matchParam},
		body: s.schemaOf(reflect.TypeFor[alert.ChannelSpec]()), also: http.StatusCreated, answer: channel, handle: s.setAlertChannel})
	add(route{method: "DELETE", path: "/alerts/channels/{name}", id: "deleteAlertChannel", summary: "Delete a channel and what waits for it", need: auth.Admin, params: []*huma.Param{matchParam}, answer: channel, handle: s.deleteAlertChannel})
	add(route{method: "POST", path: "/alerts/channels/{name}/test", id: "testAlertChannel", summary: "Send a message to a channel now, and tell what the other side said", need: auth.Admin, answer: s.schemaOf(reflect.TypeFor[alert.Tested]()),
		handle: func(c *call) (answer, error) {
			t, err := s.Alerts.Test(c.Context(), c.PathValue("name"), c.who.Name)
			return answer{body: t}, named(err, "Channel "+withoutSecrets(c.PathValue("name")))
		}})

	domain := s.schemaOf(reflect.TypeFor[alert.Effective]())
	add(route{method: "GET", path: "/alerts/domains", id: "listAlertDomains", summary: "Access domains with rules of their own", need: auth.Viewer, params: append([]*huma.Param{query("q", huma.TypeString, "Text in the name, any case.")}, pageParams...),
		answer: s.listOf("AlertDomainList", domain), handle: s.alertDomains})
	add(route{method: "GET", path: "/alerts/domains/{name}/{type}", id: "getAlertDomain", summary: "What holds for an access domain, and what of it is inherited", need: auth.Viewer, answer: domain, handle: s.onAlertDomain(func(*call, string) error { return nil })})
	add(route{method: "PUT", path: "/alerts/domains/{name}/{type}", id: "setAlertDomain", summary: "Give an access domain rules of its own; what is absent is inherited", need: auth.Admin, params: []*huma.Param{matchParam},
		body: s.schemaOf(reflect.TypeFor[alert.Override]()), answer: domain, handle: s.onAlertDomain(s.setAlertDomain)})
	add(route{method: "DELETE", path: "/alerts/domains/{name}/{type}", id: "inheritAlertDomain", summary: "Let an access domain inherit all", need: auth.Admin, answer: domain,
		handle: s.onAlertDomain(func(c *call, d string) error {
			err := s.Alerts.DeleteDomain(c.Context(), d)
			if errors.Is(err, store.ErrNotFound) {
				return nil // it does inherit
			}
			return err
		})})
}

func languageOf(c *call) (string, error) {
	switch l := c.URL.Query().Get("language"); l {
	case "", send.English:
		return send.English, nil
	case send.Chinese:
		return l, nil
	}
	return "", invalidField("language", "invalid_parameter", "must be en or zh")
}

// boolOf reads a parameter that may be absent: then any value is wanted.
func boolOf(c *call, name string) (wants func(bool) bool, err error) {
	v := c.URL.Query().Get(name)
	if v == "" {
		return func(bool) bool { return true }, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return nil, invalidField(name, "invalid_parameter", "must be true or false")
	}
	return func(is bool) bool { return is == b }, nil
}

func idOf(c *call, text, what string) (uint64, error) {
	id, err := strconv.ParseUint(text, 10, 63)
	if err != nil || id == 0 {
		return 0, invalidField(what, "invalid_parameter", "must be the id of an alert, a number")
	}
	return id, nil
}

func (s *server) activeAlerts(c *call) (answer, error) {
	language, err := languageOf(c)
	if err != nil {
		return answer{}, err
	}
	acked, err := boolOf(c, "acknowledged")
	if err != nil {
		return answer{}, err
	}
	muted, err := boolOf(c, "muted")
	if err != nil {
		return answer{}, err
	}
	list, err := s.Alerts.Active(c.Context(), language)
	if err != nil {
		return answer{}, err
	}
	event, kind, object, severity, has := wants(c, "event"), wants(c, "kind"), wants(c, "object"), wants(c, "severity"), contains(c)
	domain := c.URL.Query().Get("domain")
	// The newest first: an id that falls as time rises, as a text of one length.
	key := func(a alert.Alert) string { return fmt.Sprintf("%020d", ^a.ID) }
	return filtered(c, list, key, func(a alert.Alert) bool {
		return event(a.Event) && kind(a.Kind) && object(a.Object) && severity(a.Severity) && has(a.Object, a.Title, a.Text) && acked(a.Acknowledged != nil) && muted(a.Muted != nil) &&
			(domain == "" || a.Kind == alert.OfDomain && a.Object == domain || slices.Contains(a.Facts.Domains, domain))
	})
}

// onAlert does something to the alert in the path and answers it as it stands then.
func (s *server) onAlert(f func(*call, uint64) error) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		language, err := languageOf(c)
		if err != nil {
			return answer{}, err
		}
		id, err := idOf(c, c.PathValue("id"), "id")
		if err != nil {
			return answer{}, err
		}
		c.deed.Object = "alert " + c.PathValue("id")
		if err := f(c, id); err != nil {
			return answer{}, named(err, "Alert "+c.PathValue("id")+", as one that lasts,")
		}
		a, err := s.Alerts.One(c.Context(), id, language)
		return answer{body: a}, named(err, "Alert "+c.PathValue("id"))
	}
}

func (s *server) alertFilter(c *call) (f store.AlertFilter, language string, err error) {
	if language, err = languageOf(c); err != nil {
		return f, "", err
	}
	q := c.URL.Query()
	f = store.AlertFilter{Event: q.Get("event"), Kind: q.Get("kind"), Object: q.Get("object"), Severity: q.Get("severity"), Action: q.Get("action"), Text: q.Get("q")}
	if f.Action != "" && !slices.Contains(alert.Actions, f.Action) {
		return f, "", invalidField("action", "invalid_parameter", fmt.Sprintf("is %q; use %s", f.Action, strings.Join(alert.Actions, ", ")))
	}
	for name, into := range map[string]*uint64{"cursor": &f.Before, "incident": &f.Incident, "alert": &f.Alert} {
		if v := q.Get(name); v != "" {
			if *into, err = idOf(c, v, name); err != nil {
				return f, "", err
			}
		}
	}
	if f.From, f.Until, err = s.timesOf(c, 0); err != nil {
		return f, "", err
	}
	if !q.Has("until") {
		f.Until = time.Time{}
	}
	return f, language, nil
}

func (s *server) alertLog(c *call) (answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return answer{}, err
	}
	f, language, err := s.alertFilter(c)
	if err != nil {
		return answer{}, err
	}
	f.Limit = limit + 1
	list, err := s.Alerts.Entries(c.Context(), f, language)
	if err != nil {
		return answer{}, err
	}
	p := page{}
	if len(list) > limit {
		list = list[:limit]
		p.Next = strconv.FormatUint(list[limit-1].ID, 10)
	}
	p.Items = list
	return answer{body: p}, nil
}

// exportPage is how many entries an export reads at once.
const exportPage = 1000

func (s *server) exportAlerts(c *call) (answer, error) {
	f, language, err := s.alertFilter(c)
	if err != nil {
		return answer{}, err
	}
	f.Limit = exportPage
	format := c.URL.Query().Get("format")
	if format != "" && format != "csv" && format != "ndjson" {
		return answer{}, invalidField("format", "invalid_parameter", "must be csv or ndjson")
	}
	// The first page before anything is said: what cannot be read is an error then.
	first, err := s.Alerts.Entries(c.Context(), f, language)
	if err != nil {
		return answer{}, err
	}
	each := func(write func(alert.Entry) error) error {
		for list := first; ; {
			for _, e := range list {
				if err := write(e); err != nil {
					return err
				}
			}
			if len(list) < exportPage {
				return nil
			}
			f.Before = list[len(list)-1].ID
			if list, err = s.Alerts.Entries(c.Context(), f, language); err != nil {
				return err
			}
		}
	}
	if format == "ndjson" {
		return answer{contentType: "application/x-ndjson", stream: func(w io.Writer) error {
			enc := json.NewEncoder(w)
			return each(func(e alert.Entry) error { return enc.Encode(e) })
		}}, nil
	}
	c.w.Header().Set("Content-Disposition", `attachment; filename="alerts.csv"`)
	return answer{contentType: "text/csv; charset=utf-8", stream: func(w io.Writer) error {
		out := csv.NewWriter(w)
		if err := out.Write([]string{"id", "at", "alert", "action", "event", "severity", "kind", "object", "title", "text", "incident", "who", "deliveries"}); err != nil {
			return err
		}
		if err := each(func(e alert.Entry) error { return out.Write(alertRow(e)) }); err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	}}, nil
}

func alertRow(e alert.Entry) []string {
	var told []string
	for _, d := range e.Deliveries {
		told = append(told, d.Channel+": "+d.State)
	}
	number := func(n uint64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatUint(n, 10)
	}
	row := []string{number(e.ID), e.At.Format(time.RFC3339Nano), number(e.Alert), e.Action, e.Event, e.Severity, e.Kind, e.Object, e.Title, e.Text, number(e.Incident), e.Who, strings.Join(told, "; ")}
	for i, v := range row { // what a spreadsheet would take for a formula
		if v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) {
			row[i] = "'" + v
		}
	}
	return row
}

func (s *server) mutes(c *call) (answer, error) {
	list, err := s.Alerts.Mutes(c.Context())
	if err != nil {
		return answer{}, err
	}
	key := func(m alert.Mute) string { return fmt.Sprintf("%020d %s", ^uint64(m.CreatedAt.UnixMicro()), m.ID) }
	return filtered(c, list, key, func(alert.Mute) bool { return true })
}

func (s *server) createMute(c *call) (answer, error) {
	in, err := decode[muteRequest](s, c)
	if err != nil {
		return answer{}, err
	}
	c.deed.Object = strings.Join(strings.Fields("mute "+in.Event+" "+in.Object), " ")
	m, err := s.Alerts.AddMute(c.Context(), alert.Key{Event: in.Event, Kind: in.Kind, Object: in.Object}, time.Duration(in.For), in.Reason, c.who.Name)
	return answer{body: m, location: "/api/v1/alerts/mutes/" + m.ID}, err
}

func (s *server) alertSettings(c *call) (answer, error) {
	set, version, err := s.Alerts.Settings(c.Context())
	return answer{body: set, etag: etag(version)}, err
}

// expected reads If-Match as the version of something about alerts.
func expected(c *call) (alert.Expect, error) {
	v := c.Header.Get("If-Match")
	if v == "" || v == "*" {
		return nil, nil
	}
	n, err := strconv.ParseUint(strings.Trim(strings.TrimPrefix(strings.TrimSpace(v), "W/"), `"`), 10, 63)
	if err != nil {
		return nil, invalidField("If-Match", "invalid_parameter", "must be a version, like \"12\", or *")
	}
	return &n, nil
}

// alertError gives what package alert refuses its public form.
func alertError(err error, what string) error {
	var used *alert.InUse
	switch {
	case errors.Is(err, alert.ErrVersion):
		return problem(http.StatusPreconditionFailed, "version_mismatch", what+" has changed since you read it; read it again and repeat the change on it.")
	case errors.As(err, &used):
		return problem(http.StatusConflict, "in_use", what+" is named by "+strings.Join(used.By, ", ")+"; take it out there first.")
	}
	return named(err, what)
}

func (s *server) setAlerts(c *call, schema *huma.Schema, base alert.Settings) (answer, error) {
	want, err := expected(c)
	if err != nil {
		return answer{}, err
	}
	b, err := c.read()
	if err != nil {
		return answer{}, err
	}
	v, err := parse(b)
	if err != nil {
		return answer{}, err
	}
	check := structure{registry: s.doc.Components.Schemas, strict: true}
	if check.check(schema, "", v); len(check.found) > 0 {
		return answer{}, invalid(check.found...)
	}
	if err := json.Unmarshal(b, &base); err != nil {
		return answer{}, invalidField("", "invalid_value", err.Error())
	}
	if _, err := s.Alerts.PutSettings(c.Context(), base, want, c.who.Name); err != nil {
		return answer{}, alertError(err, "The alert settings")
	}
	return s.alertSettings(c)
}

func (s *server) alertChannels(c *call) (answer, error) {
	list, err := s.Alerts.Channels(c.Context())
	if err != nil {
		return answer{}, err
	}
	kind, has := wants(c, "channel"), contains(c)
	return filtered(c, list, func(ch alert.Channel) string { return ch.Name }, func(ch alert.Channel) bool { return kind(ch.Kind) && has(ch.Name, ch.Remark) })
}

func (s *server) alertChannel(c *call) (answer, error) {
	ch, err := s.Alerts.Channel(c.Context(), c.PathValue("name"))
	return answer{body: ch, etag: etag(ch.Version)}, named(err, "Channel "+withoutSecrets(c.PathValue("name")))
}

func (s *server) setAlertChannel(c *call) (answer, error) {
	name := c.PathValue("name")
	want, err := expected(c)
	if err != nil {
		return answer{}, err
	}
	in, err := decode[alert.ChannelSpec](s, c)
	if err != nil {
		return answer{}, err
	}
	created, err := s.Alerts.PutChannel(c.Context(), name, in, want, c.who.Name)
	if err != nil {
		return answer{}, alertError(err, "Channel "+withoutSecrets(name))
	}
	a, err := s.alertChannel(c)
	if created {
		a.status, a.location = http.StatusCreated, "/api/v1/alerts/channels/"+name
	}
	return a, err
}

func (s *server) deleteAlertChannel(c *call) (answer, error) {
	want, err := expected(c)
	if err != nil {
		return answer{}, err
	}
	a, err := s.alertChannel(c)
	if err == nil {
		err = alertError(s.Alerts.DeleteChannel(c.Context(), c.PathValue("name"), want), "Channel "+withoutSecrets(c.PathValue("name")))
	}
	return a, err
}

func (s *server) alertDomains(c *call) (answer, error) {
	list, err := s.Alerts.Domains(c.Context())
	if err != nil {
		return answer{}, err
	}
	has := contains(c)
	return filtered(c, list, func(d alert.Effective) string { return d.Domain }, func(d alert.Effective) bool { return has(d.Domain) })
}

// onAlertDomain does something to the rules of the access domain in the path and answers
// what holds for it then.
func (s *server) onAlertDomain(f func(*call, string) error) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		domain := control.CanonicalRef(traffic.KindAccessDomain, c.PathValue("name")+"/"+c.PathValue("type"))
		if err := f(c, domain); err != nil {
			return answer{}, alertError(err, "What holds for "+domain)
		}
		e, err := s.Alerts.Domain(c.Context(), domain)
		return answer{body: e, etag: etag(e.Version)}, err
	}
}

func (s *server) setAlertDomain(c *call, domain string) error {
	want, err := expected(c)
	if err != nil {
		return err
	}
	in, err := decode[alert.Override](s, c)
	if err != nil {
		return err
	}
	if _, err := s.control.Get(traffic.Key{Kind: traffic.KindAccessDomain, Name: domain}); err != nil {
		return err
	}
	return s.Alerts.PutDomain(c.Context(), domain, in, want, c.who.Name)
}
