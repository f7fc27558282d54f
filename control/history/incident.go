package history

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// Incident is a stretch of trouble: from the first thing that went down until the last
// of what went down with it is well again.
type Incident struct {
	ID    uint64    `json:"id" doc:"Of its first transition."`
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended,omitzero" doc:"When the last of it was well again; absent while it goes on."`
	// Head is the gravest thing that it reached.
	Kind        string     `json:"kind" enum:"task,vantage,address,pool,domain" doc:"Of the gravest thing that it reached: an access domain whose answers changed, else a pool, an address, a task, a vantage."`
	Subject     string     `json:"subject"`
	Cause       string     `json:"cause,omitempty" doc:"Of its first transition that was for the worse."`
	Said        *said.Said `json:"said,omitempty" doc:"Cause with its code."`
	Domains     Reached    `json:"domains" doc:"Access domains whose answers changed."`
	Pools       Reached    `json:"pools"`
	Addresses   Reached    `json:"addresses"`
	Tasks       Reached    `json:"tasks"`
	Vantages    Reached    `json:"vantages"`
	Transitions int        `json:"transitions" doc:"How many transitions it has."`
	Down        []string   `json:"down" doc:"What of it is down now, as KIND/NAME; at most 20."`

	bad     map[string]bool
	seen    map[string]bool
	batches []uint64
	lastAt  time.Time
	lastID  uint64
	names   map[string][]string // by kind, in order of their coming
}

// Reached is what an incident reached of one kind.
type Reached struct {
	Count int      `json:"count"`
	Names []string `json:"names" doc:"At most 20."`
}

const (
	mostReached = 20
	// mostRead bounds the transitions of one look: a failure of 10,000 addresses twice over.
	mostRead = 50_000
	// lookBehind is how long before the time asked for an incident may have begun to be told with its beginning.
	lookBehind = 24 * time.Hour
	// again is how soon after its end trouble with the same things is the same incident: a flapping endpoint is one.
	again = time.Minute
	// mostSteps bounds the transitions that one incident is told with.
	mostSteps = 2000
)

// gravity orders kinds, the gravest first.
var gravity = []string{OfDomain, OfPool, OfAddress, OfTask, OfVantage}

// incidentsOf gathers transitions, oldest first, into incidents, oldest first. Batches
// that touch the same things while these are in trouble belong together. still tells
// whether a thing is down now: what is gone, or was well again unseen, is no longer.
func incidentsOf(list []Transition, still func(kind, subject string) bool) []*Incident {
	var out []*Incident
	of := map[string]*Incident{} // by what they touch, of those that go on or have just ended
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Incident == list[0].Incident {
			n++
		}
		batch := list[:n]
		list = list[n:]
		at := batch[0].At
		var in *Incident
		worse := false
		for i := range batch {
			t := &batch[i]
			worse = worse || t.worse()
			k := of[t.key()]
			switch {
			case k == nil || k == in:
			case !k.Ended.IsZero() && at.Sub(k.Ended) > again:
				for s := range k.seen {
					if of[s] == k {
						delete(of, s)
					}
				}
			case in == nil:
				in = k
			default:
				in = join(of, &out, in, k)
			}
		}
		if in == nil {
			if !worse {
				continue // only good news of what nobody saw go wrong
			}
			in = &Incident{ID: batch[0].ID, Began: at, bad: map[string]bool{}, seen: map[string]bool{}, names: map[string][]string{}}
			out = append(out, in)
		}
		in.take(batch)
		for i := range batch {
			of[batch[i].key()] = in
		}
	}
	for _, in := range out {
		if in.Ended.IsZero() {
			for k := range in.bad {
				kind, subject, _ := strings.Cut(k, " ")
				if !still(kind, subject) {
					delete(in.bad, k)
				}
			}
			if len(in.bad) == 0 {
				in.Ended = in.lastAt
			}
		}
		in.finish()
	}
	return out
}

func (t *Transition) key() string { return t.Kind + " " + t.Subject }

// worse reports whether something went down. Answers change for the worse and for the
// better alike, so they neither begin nor prolong an incident.
func (t *Transition) worse() bool { return t.Kind != OfDomain && stateOf(t.To) == isDown }

func (in *Incident) take(batch []Transition) {
	for i := range batch {
		t := &batch[i]
		k := t.key()
		in.lastAt, in.lastID = t.At, t.ID
		in.Transitions++
		if !in.seen[k] {
			in.seen[k] = true
			in.names[t.Kind] = append(in.names[t.Kind], t.Subject)
		}
		switch {
		case t.worse():
			in.bad[k] = true
			if in.Cause == "" {
				in.Cause = t.Cause
			}
		case t.Kind != OfDomain && stateOf(t.To) == isUp:
			delete(in.bad, k)
		}
	}
	in.batches = append(in.batches, batch[0].Incident)
	in.Ended = time.Time{}
	if len(in.bad) == 0 {
		in.Ended = in.lastAt
	}
}

// join makes one of two incidents that turned out to be the same: the older takes all.
func join(of map[string]*Incident, out *[]*Incident, a, b *Incident) *Incident {
	if b.ID < a.ID {
		a, b = b, a
	}
	for k := range b.bad {
		a.bad[k] = true
	}
	for kind, names := range b.names {
		for _, n := range names {
			if k := kind + " " + n; !a.seen[k] {
				a.seen[k] = true
				a.names[kind] = append(a.names[kind], n)
			}
		}
	}
	for k := range b.seen {
		of[k] = a
	}
	a.Transitions += b.Transitions
	a.batches = append(a.batches, b.batches...)
	if a.Cause == "" {
		a.Cause = b.Cause
	}
	*out = slices.DeleteFunc(*out, func(in *Incident) bool { return in == b })
	return a
}

func (in *Incident) finish() {
	in.Said = said.Of(in.Cause)
	for _, kind := range gravity {
		if names := in.names[kind]; len(names) > 0 {
			in.Kind, in.Subject = kind, names[0]
			break
		}
	}
	reached := func(kind string) Reached {
		names := in.names[kind]
		return Reached{len(names), append([]string{}, names[:min(len(names), mostReached)]...)}
	}
	in.Domains, in.Pools, in.Addresses, in.Tasks, in.Vantages = reached(OfDomain), reached(OfPool), reached(OfAddress), reached(OfTask), reached(OfVantage)
	in.Down = []string{}
	for k := range in.bad {
		kind, subject, _ := strings.Cut(k, " ")
		in.Down = append(in.Down, kind+"/"+subject)
	}
	slices.Sort(in.Down)
	in.Down = in.Down[:min(len(in.Down), mostReached)]
}

// touches reports whether an incident has a subject of a kind; empty ones are any.
func (in *Incident) touches(kind, subject string) bool {
	for k, names := range in.names {
		if (kind == "" || kind == k) && (subject == "" || slices.Contains(names, subject)) {
			return true
		}
	}
	return false
}

// IncidentFilter selects incidents; empty fields select all.
type IncidentFilter struct {
	From, Until   time.Time // that went on at some time between
	Open          *bool
	Kind, Subject string // that reached such a thing
	Text          string // part of the name of something that they reached, or of the cause, any case
}

func (f *IncidentFilter) takes(in *Incident) bool {
	if !in.Ended.IsZero() && in.Ended.Before(f.From) || f.Open != nil && *f.Open != in.Ended.IsZero() || !in.touches(f.Kind, f.Subject) {
		return false
	}
	text := strings.ToLower(f.Text)
	if text == "" || strings.Contains(strings.ToLower(in.Cause), text) {
		return true
	}
	for k := range in.seen {
		if strings.Contains(strings.ToLower(k), text) {
			return true
		}
	}
	return false
}

// Incidents returns the incidents that a filter selects, newest first. more says that
// there were more transitions than are looked through at once, so older ones are missing.
func (h *History) Incidents(ctx context.Context, f IncidentFilter, still func(kind, subject string) bool) (list []*Incident, more bool, err error) {
	moves, err := h.moves(ctx, f.From.Add(-lookBehind), f.Until, mostRead)
	if err != nil {
		return nil, false, err
	}
	all := incidentsOf(moves, still)
	slices.Reverse(all)
	return slices.DeleteFunc(all, func(in *Incident) bool { return !f.takes(in) }), len(moves) == mostRead, nil
}

// Incident returns the incident that a batch of transitions belongs to, with its
// transitions, oldest first; nil when there is none.
func (h *History) Incident(ctx context.Context, id uint64, now time.Time, still func(kind, subject string) bool) (*Incident, []Transition, error) {
	of, err := h.Transitions(ctx, TransitionFilter{Incident: id, Limit: 1})
	if err != nil || len(of) == 0 {
		return nil, nil, err
	}
	moves, err := h.moves(ctx, of[0].At.Add(-lookBehind), now.Add(time.Hour), mostRead)
	if err != nil {
		return nil, nil, err
	}
	for _, in := range incidentsOf(moves, still) {
		if !slices.Contains(in.batches, id) {
			continue
		}
		steps, err := h.steps(ctx, in)
		return in, steps, err
	}
	return nil, nil, nil
}

// moves returns the newest transitions of a time without their data, oldest first.
func (h *History) moves(ctx context.Context, from, until time.Time, limit int) ([]Transition, error) {
	db, err := h.reader()
	if err != nil {
		return nil, err
	}
	q, err := db.read.QueryContext(ctx, `
SELECT id, at, incident, kind, subject, was, becomes, cause FROM @transition WHERE at >= $1 AND at < $2 ORDER BY id DESC LIMIT $3`, micro(from), micro(until), limit)
	if err != nil {
		return nil, fmt.Errorf("read incidents: %w", store.Classify(err))
	}
	defer q.Close()
	var out []Transition
	for q.Next() {
		var t Transition
		var id, at, incident int64
		if err := q.Scan(&id, &at, &incident, &t.Kind, &t.Subject, &t.From, &t.To, &t.Cause); err != nil {
			return nil, fmt.Errorf("read incidents: %w", store.Classify(err))
		}
		t.ID, t.At, t.Incident = uint64(id), time.UnixMicro(at).UTC(), uint64(incident)
		out = append(out, t)
	}
	slices.Reverse(out)
	return out, store.Classify(q.Err())
}

// steps returns the first transitions of an incident in full, oldest first.
func (h *History) steps(ctx context.Context, in *Incident) ([]Transition, error) {
	out := []Transition{}
	slices.Sort(in.batches)
	for _, b := range in.batches {
		list, err := h.Transitions(ctx, TransitionFilter{Incident: b, Limit: mostSteps - len(out)})
		if err != nil {
			return nil, err
		}
		slices.Reverse(list)
		if out = append(out, list...); len(out) == mostSteps {
			break
		}
	}
	return out, nil
}

const (
	isUp = iota
	isDown
	isUnknown
)

// stateOf reads the word of a transition.
func stateOf(word string) int {
	switch word {
	case "up", "available", "alive", "heard":
		return isUp
	case "down", "unavailable", "lost", "isolated":
		return isDown
	}
	return isUnknown
}
