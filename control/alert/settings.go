package alert

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
)

// Settings are the rules that hold where an access domain has none of its own.
type Settings struct {
	Enabled     bool             `json:"enabled" doc:"False: nothing is sent; alerts still stand in the log."`
	Channels    []string         `json:"channels" doc:"Channels that are told; empty: all."`
	Events      []string         `json:"events" doc:"Codes of the alerts that are told, each with its end."`
	MinDuration traffic.Duration `json:"min_duration" doc:"For how long something must be wrong before it is an alert; 0s: at once."`
	ClearAfter  traffic.Duration `json:"clear_after" doc:"For how long it must be right again before the alert ends; keeps one that flaps from being many. 0s: at once."`
	GroupWait   traffic.Duration `json:"group_wait" doc:"How long a message waits for what belongs to it."`
	RepeatEvery traffic.Duration `json:"repeat_every" doc:"How often an alert that lasts and that nobody has acknowledged is told again; 0s: never."`
	Quiet       QuietHours       `json:"quiet_hours"`
	ConsoleURL  string           `json:"console_url" doc:"Address of the console, for links in messages; empty: none."`
	Thresholds  Thresholds       `json:"thresholds"`
}

// QuietHours are times in which messages wait, but for what is grave.
type QuietHours struct {
	Enabled    bool     `json:"enabled"`
	From       string   `json:"from" doc:"HH:MM."`
	Until      string   `json:"until" doc:"HH:MM; earlier than from: on the next day."`
	Days       []string `json:"days" doc:"Days on which they begin: mon, tue, wed, thu, fri, sat, sun; empty: all."`
	Zone       string   `json:"time_zone" doc:"Like Asia/Shanghai or UTC."`
	LetThrough string   `json:"let_through" enum:"warning,error,critical,none" doc:"What is at least so grave is told all the same."`
}

// Thresholds say when something is wrong.
type Thresholds struct {
	NodeLagging     traffic.Duration `json:"node_lagging" doc:"How long a node may lack a revision."`
	NodeGone        traffic.Duration `json:"node_gone" doc:"How long a node may be silent."`
	DataStale       traffic.Duration `json:"data_stale" doc:"How long a vantage may be silent, and verdicts may hold for want of votes."`
	CertificateDays int              `json:"certificate_days" doc:"How many days a certificate must still hold."`
	GeoDays         int              `json:"geo_days" doc:"How old the location data may be, in days, while nobody looks for newer."`
	TrafficFactor   float64          `json:"traffic_factor" doc:"How many times more or fewer queries than usual are an anomaly."`
	TrafficEmpty    float64          `json:"traffic_empty" doc:"By how much the share of empty answers must rise, 0 to 1."`
	TrafficFloor    float64          `json:"traffic_floor" doc:"Queries a second below which a name is too quiet to judge."`
}

// DefaultSettings hold until somebody sets others. group_wait: verdicts of one failure
// come within an interval of probes, 5 s by default, and the round after it.
func DefaultSettings() Settings {
	return Settings{Enabled: true, Channels: []string{}, Events: Codes(), GroupWait: traffic.Duration(10 * time.Second), RepeatEvery: traffic.Duration(4 * time.Hour),
		Quiet: QuietHours{From: "22:00", Until: "07:00", Days: []string{}, Zone: "UTC", LetThrough: Critical},
		Thresholds: Thresholds{NodeLagging: traffic.Duration(time.Minute), NodeGone: traffic.Duration(time.Minute), DataStale: traffic.Duration(time.Minute),
			CertificateDays: 21, GeoDays: 30, TrafficFactor: 3, TrafficEmpty: 0.2, TrafficFloor: 1}}
}

// normalize makes empty lists of none.
func (s *Settings) normalize() {
	for _, list := range []*[]string{&s.Channels, &s.Events, &s.Quiet.Days} {
		if *list == nil {
			*list = []string{}
		}
	}
}

// Override is what an access domain has in place of Settings; absent fields inherit.
type Override struct {
	Off      bool     `json:"off" doc:"Nothing about this access domain is sent."`
	Channels []string `json:"channels,omitempty" doc:"Absent: inherited; empty: all."`
	Events   []string `json:"events,omitempty" doc:"Absent: inherited; empty: none."`
}

// Effective is what holds for an access domain, and where it comes from.
type Effective struct {
	Domain   string   `json:"domain" doc:"NAME/TYPE"`
	Off      bool     `json:"off"`
	Channels []string `json:"channels"`
	Events   []string `json:"events"`
	Inherits Inherits `json:"inherits"`
	Version  uint64   `json:"version" doc:"Of its own rules, for If-Match; 0: it has none."`
}

// Inherits says which rules an access domain takes from the settings.
type Inherits struct {
	Off      bool `json:"off" doc:"The settings, and not its own rules, say that nothing is sent."`
	Channels bool `json:"channels"`
	Events   bool `json:"events"`
}

// effective is what an override, nil for none, makes of the settings.
func (s *Settings) effective(domain string, o *Override) Effective {
	e := Effective{Domain: domain, Off: !s.Enabled, Channels: s.Channels, Events: s.Events, Inherits: Inherits{Off: !s.Enabled, Channels: true, Events: true}}
	if o == nil {
		return e
	}
	if o.Off {
		e.Off, e.Inherits.Off = true, false
	}
	if o.Channels != nil {
		e.Channels, e.Inherits.Channels = o.Channels, false
	}
	if o.Events != nil {
		e.Events, e.Inherits.Events = o.Events, false
	}
	return e
}

type problems []traffic.Problem

func (p *problems) add(field, code, format string, args ...any) {
	*p = append(*p, traffic.Problem{Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &traffic.Invalid{Problems: p}
}

// longest bounds times that make no sense beyond it.
const longest = 30 * 24 * time.Hour

// Check returns *traffic.Invalid for what cannot be; channels are the names of those that exist.
func (s *Settings) Check(channels []string) error {
	var p problems
	checkRules(&p, s.Channels, s.Events, channels)
	for _, d := range []struct {
		field       string
		d           traffic.Duration
		least, most time.Duration
	}{
		{"min_duration", s.MinDuration, 0, 24 * time.Hour}, {"clear_after", s.ClearAfter, 0, 24 * time.Hour}, {"group_wait", s.GroupWait, 0, 10 * time.Minute},
		{"thresholds.node_lagging", s.Thresholds.NodeLagging, 10 * time.Second, longest}, {"thresholds.node_gone", s.Thresholds.NodeGone, 30 * time.Second, longest},
		{"thresholds.data_stale", s.Thresholds.DataStale, 10 * time.Second, longest},
	} {
		if t := time.Duration(d.d); t < d.least || t > d.most {
			p.add(d.field, "out_of_range", "is %s; it must be %s to %s", t, d.least, d.most)
		}
	}
	if t := time.Duration(s.RepeatEvery); t != 0 && (t < 5*time.Minute || t > longest) {
		p.add("repeat_every", "out_of_range", "is %s; it must be 0s for never, or 5m to %s", t, longest)
	}
	if s.ConsoleURL != "" {
		if u, err := url.Parse(s.ConsoleURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			p.add("console_url", "invalid_value", "is no address like https://gtm.example.com; leave it empty for no links")
		}
	}
	t := s.Thresholds
	for _, n := range []struct {
		field      string
		v          float64
		least, max float64
	}{{"certificate_days", float64(t.CertificateDays), 1, 3650}, {"geo_days", float64(t.GeoDays), 1, 3650}, {"traffic_factor", t.TrafficFactor, 1.5, 1000}, {"traffic_empty", t.TrafficEmpty, 0.01, 1}, {"traffic_floor", t.TrafficFloor, 0.01, 1e6}} {
		if !(n.v >= n.least && n.v <= n.max) {
			p.add("thresholds."+n.field, "out_of_range", "is %v; it must be %v to %v", n.v, n.least, n.max)
		}
	}
	s.Quiet.check(&p)
	return p.err()
}

func checkRules(p *problems, channels, events, known []string) {
	for i, c := range channels {
		if !slices.Contains(known, c) {
			p.add("channels["+strconv.Itoa(i)+"]", "unknown_channel", "%q is no channel; make it first", c)
		} else if slices.Contains(channels[:i], c) {
			p.add("channels["+strconv.Itoa(i)+"]", "duplicate", "%q stands twice", c)
		}
	}
	for i, e := range events {
		if _, ok := EventOf(e); !ok {
			p.add("events["+strconv.Itoa(i)+"]", "invalid_value", "%q is no alert; use %s", e, strings.Join(Codes(), ", "))
		} else if slices.Contains(events[:i], e) {
			p.add("events["+strconv.Itoa(i)+"]", "duplicate", "%q stands twice", e)
		}
	}
}

// Check returns *traffic.Invalid for what cannot be.
func (o *Override) Check(channels []string) error {
	var p problems
	checkRules(&p, o.Channels, o.Events, channels)
	return p.err()
}
