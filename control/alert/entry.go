package alert

import (
	"encoding/json"
	"time"

	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/store"
)

// Alert is an alert as it is shown.
type Alert struct {
	ID           uint64    `json:"id"`
	Event        string    `json:"event" doc:"Code; GET /alerts/events lists all."`
	Severity     string    `json:"severity" enum:"warning,error,critical"`
	Kind         string    `json:"kind" doc:"Of the object."`
	Object       string    `json:"object"`
	Since        time.Time `json:"since" doc:"When it became so."`
	RaisedAt     time.Time `json:"raised_at" doc:"When it became an alert."`
	ResolvedAt   time.Time `json:"resolved_at,omitzero" doc:"Absent while it lasts."`
	Title        string    `json:"title" doc:"One line."`
	Text         string    `json:"text" doc:"Several: cause, what clients get instead."`
	Facts        Facts     `json:"facts" doc:"What the texts are made of."`
	Incident     uint64    `json:"incident,omitempty" doc:"Of GET /history/transitions; known some seconds later."`
	Bundle       uint64    `json:"bundle" doc:"The same for alerts that are told together: id of the first."`
	Acknowledged *Ack      `json:"acknowledged,omitempty" doc:"Who takes care of it; it is not repeated then."`
	Muted        *Mute     `json:"muted,omitempty" doc:"The mute that it falls under."`
}

// Ack says who takes care of an alert.
type Ack struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}

// Mute is an operator's word that something is known and needs no message.
type Mute struct {
	ID        string    `json:"id"`
	Event     string    `json:"event,omitempty" doc:"Code of the alert; absent: any."`
	Kind      string    `json:"kind,omitempty" doc:"Of the object; absent: any."`
	Object    string    `json:"object,omitempty" doc:"Absent: any. An access domain (NAME/TYPE) stands also for what reaches it alone."`
	Reason    string    `json:"reason"`
	By        string    `json:"by"`
	CreatedAt time.Time `json:"created_at"`
	EndsAt    time.Time `json:"ends_at"`
}

// Entry is a line of the log.
type Entry struct {
	ID         uint64    `json:"id"`
	At         time.Time `json:"at"`
	Alert      uint64    `json:"alert,omitempty" doc:"Id of the alert; absent for mutes."`
	Action     string    `json:"action" enum:"alert,resume,repeat,acknowledge,release,mute,unmute,many" doc:"In the stream, many: so much was written that the lists must be read again."`
	Event      string    `json:"event" doc:"Code of what happened: of an alert, or of its end."`
	Of         string    `json:"of" doc:"Code of the alert, the same for its end."`
	Kind       string    `json:"kind"`
	Object     string    `json:"object"`
	Severity   string    `json:"severity,omitempty"`
	Title      string    `json:"title"`
	Text       string    `json:"text"`
	Facts      Facts     `json:"facts"`
	Since      time.Time `json:"since,omitzero" doc:"When the alert began."`
	Incident   uint64    `json:"incident,omitempty"`
	Who        string    `json:"who,omitempty" doc:"Of what a person did."`
	Deliveries []Outcome `json:"deliveries" doc:"What became of it, by channel. Not in the stream."`
}

// Outcome is what became of an entry at one channel.
type Outcome struct {
	Channel  string    `json:"channel"`
	State    string    `json:"state" enum:"waiting,muted,pending,sent,failed" doc:"waiting: for what belongs to it, or for the end of quiet hours; pending: under way, or waiting for another attempt; failed: given up."`
	DueAt    time.Time `json:"due_at,omitzero" doc:"waiting: when it is told at the earliest."`
	Delivery string    `json:"delivery,omitempty" doc:"Id of the message, which stands in it."`
	Attempts int       `json:"attempts,omitempty"`
	At       time.Time `json:"at,omitzero" doc:"When it was sent or given up."`
	Answer   string    `json:"answer,omitempty" doc:"What the other side said, or what was wrong."`
}

// Delivery is a message to one channel.
type Delivery struct {
	ID        string    `json:"id"`
	State     string    `json:"state" enum:"pending,sent,failed"`
	CreatedAt time.Time `json:"created_at"`
	Attempts  int       `json:"attempts"`
	NextAt    time.Time `json:"next_attempt_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	Answer    string    `json:"answer,omitempty"`
}

// facts of what the store holds; the domains that routing needs travel with them.
type keptFacts struct {
	Facts
	Since time.Time `json:"alert_since,omitzero"`
	Route []string  `json:"route,omitempty"` // Condition.Domains
}

func readFacts(b []byte) (f keptFacts) {
	if len(b) > 0 {
		if err := json.Unmarshal(b, &f); err != nil {
			return keptFacts{} // of a later release, which may have other types
		}
	}
	return f
}

func (f keptFacts) bytes() []byte {
	b, err := json.Marshal(f)
	if err != nil {
		panic("alert: encode facts: " + err.Error()) // plain data
	}
	return b
}

// show makes the public form of an alert.
func (s *Service) show(a *store.Alert, r *Rules, language string) Alert {
	f := readFacts(a.Facts)
	k := Key{a.Event, a.Kind, a.Object}
	said := Telling{Action: ActAlert, Key: k, Since: a.Since, At: a.RaisedAt, Facts: f.Facts}
	out := Alert{ID: a.ID, Event: a.Event, Severity: a.Severity, Kind: a.Kind, Object: a.Object, Since: a.Since, RaisedAt: a.RaisedAt, ResolvedAt: a.ResolvedAt,
		Title: said.Title(language), Text: said.Text(language), Facts: f.Facts, Incident: a.Incident, Bundle: a.Bundle}
	if !a.AckedAt.IsZero() {
		out.Acknowledged = &Ack{a.AckedBy, a.AckedAt, a.AckReason}
	}
	if r != nil && a.ResolvedAt.IsZero() {
		if m := r.muted(k, &f.Facts, s.moment()); m != nil {
			v := showMute(m)
			out.Muted = &v
		}
	}
	return out
}

func showMute(m *store.AlertMute) Mute {
	return Mute{ID: m.ID, Event: m.Event, Kind: m.Kind, Object: m.Object, Reason: m.Reason, By: m.CreatedBy, CreatedAt: m.CreatedAt, EndsAt: m.EndsAt}
}

func tellingOf(e *store.AlertEntry) (Telling, keptFacts) {
	f := readFacts(e.Facts)
	since := f.Since
	if since.IsZero() {
		since = e.At
	}
	return Telling{Action: e.Action, Key: Key{e.Event, e.Kind, e.Object}, Who: e.Who, Since: since, At: e.At, Facts: f.Facts}, f
}

// entry makes the public form of a line of the log, without its outcomes.
func (s *Service) entry(e *store.AlertEntry, language string) Entry {
	said, f := tellingOf(e)
	out := Entry{ID: e.ID, At: e.At, Alert: e.Alert, Action: e.Action, Event: e.Event, Of: e.Event, Kind: e.Kind, Object: e.Object, Severity: e.Severity,
		Title: said.Title(language), Text: said.Text(language), Facts: f.Facts, Since: f.Since, Incident: e.Incident, Who: e.Who, Deliveries: []Outcome{}}
	if e.Action == ActResume {
		out.Event = endOf(e.Event)
	}
	return out
}

func outcome(n *store.AlertNotice, of map[uint64]store.AlertDelivery) Outcome {
	o := Outcome{Channel: n.Channel, State: n.State}
	if n.State == store.NoticeWaiting {
		o.DueAt = n.DueAt
	}
	if n.State == store.NoticeBound {
		d := of[n.Delivery]
		o.State, o.Delivery, o.Attempts, o.At, o.Answer = d.State, store.DeliveryText(n.Delivery), d.Attempts, d.EndedAt, d.Answer
	}
	return o
}

func showDelivery(d *store.AlertDelivery) Delivery {
	out := Delivery{ID: store.DeliveryText(d.ID), State: d.State, CreatedAt: d.CreatedAt, Attempts: d.Attempts, EndedAt: d.EndedAt, Answer: d.Answer}
	if d.State == store.DeliveryPending {
		out.NextAt = d.NextAt
	}
	return out
}

// sent makes an entry of a message.
func sent(e *store.AlertEntry, language string) send.Entry {
	said, f := tellingOf(e)
	out := send.Entry{Alert: e.Alert, Action: e.Action, Event: e.Event, Of: e.Event, Severity: e.Severity, Kind: e.Kind, Object: e.Object, At: e.At, Since: said.Since,
		Title: said.Title(language), Text: said.Text(language), Incident: e.Incident, Facts: keptFacts{Facts: f.Facts}.bytes()}
	if e.Action == ActResume {
		out.Event = endOf(e.Event)
	}
	return out
}
