package history

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

// Incident is what went wrong together: the transitions that one batch of failures
// brought, and when all that failed had come back.
type Incident struct {
	ID       uint64         `json:"id" doc:"Id of its first transition."`
	Open     bool           `json:"open" doc:"Something that failed in it has not come back."`
	Began    time.Time      `json:"began"`
	Ended    time.Time      `json:"ended,omitzero" doc:"When the last of it had come back; absent while it is open."`
	Duration float64        `json:"duration_seconds" doc:"Until it ended, or until now."`
	Cause    Transition     `json:"cause" doc:"The first of it."`
	Counts   map[string]int `json:"counts" doc:"How many objects of each kind it reached: task, vantage, address, pool, domain."`
	Objects  []Reached      `json:"objects" doc:"What failed, in the order of causes; at most 50."`
	Answers  []Answered     `json:"answers" doc:"Access domains whose answers changed; at most 20."`
}

// Reached is one object of an incident.
type Reached struct {
	Kind    string    `json:"kind" enum:"task,vantage,address,pool"`
	Subject string    `json:"subject"`
	Address string    `json:"address,omitempty"`
	At      time.Time `json:"at"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Cause   string    `json:"cause,omitempty"`
	Ended   time.Time `json:"ended,omitzero" doc:"When it changed again; absent while it has not."`
}

// Answered is a change of answers.
type Answered struct {
	Domain  string          `json:"domain" doc:"NAME/TYPE, or (other) with how many more in to."`
	From    string          `json:"from"`
	To      string          `json:"to"`
	Classes json.RawMessage `json:"classes,omitempty" doc:"What each line got before and after."`
}

// bad are the states that make an incident.
const bad = `('down', 'unavailable', 'lost', 'isolated')`

const (
	mostReached  = 50
	mostAnswered = 20
	// mostOfOne bounds the transitions that are read of one incident.
	mostOfOne = 2000
)

// IncidentFilter selects incidents; empty fields select all.
type IncidentFilter struct {
	Before        uint64 // id, exclusive; 0 means open
	From, Until   time.Time
	Kind, Subject string // both: only incidents that reach this object
	IDs           []uint64
	Limit         int
}

// Incidents returns incidents, newest first. Times of others than IDs are when they began.
func (h *History) Incidents(ctx context.Context, f IncidentFilter) ([]Incident, error) {
	db, err := h.reader()
	if err != nil {
		return nil, err
	}
	args := []any{int64(f.Before), micro(f.From), micro(f.Until), f.Limit}
	where := ""
	if f.Subject != "" {
		args = append(args, f.Kind, f.Subject)
		where += " AND incident IN (SELECT incident FROM @transition WHERE kind = $5 AND subject = $6)"
	}
	if f.IDs != nil {
		if len(f.IDs) == 0 {
			return []Incident{}, nil
		}
		where += " AND incident IN (" + joined(f.IDs) + ")"
	}
	rows, err := db.read.QueryContext(ctx, `SELECT DISTINCT incident FROM @transition
WHERE (incident < $1 OR $1 = 0) AND (at >= $2 OR $2 = 0) AND (at < $3 OR $3 = 0) AND becomes IN `+bad+where+` ORDER BY incident DESC LIMIT $4`, args...)
	if err != nil {
		return nil, fmt.Errorf("read incidents: %w", store.Classify(err))
	}
	var ids []uint64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			rows.Close()
			return nil, fmt.Errorf("read incidents: %w", store.Classify(err))
		}
		ids = append(ids, uint64(id))
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read incidents: %w", store.Classify(err))
	}
	out := make([]Incident, 0, len(ids))
	for _, id := range ids {
		list, err := h.Transitions(ctx, TransitionFilter{Incident: id, Limit: mostOfOne})
		if err != nil {
			return nil, err
		}
		slices.Reverse(list) // causes first
		in, err := h.incident(ctx, db, list)
		if err != nil {
			return nil, err
		}
		out = append(out, in)
	}
	return out, nil
}

func joined(ids []uint64) string {
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = strconv.FormatUint(id, 10)
	}
	return strings.Join(text, ", ")
}

func isBad(state string) bool { return strings.Contains(bad, "'"+state+"'") }

// incident makes one of its transitions.
func (h *History) incident(ctx context.Context, db *database, list []Transition) (Incident, error) {
	in := Incident{Counts: map[string]int{}, Objects: []Reached{}, Answers: []Answered{}}
	if len(list) == 0 {
		return in, nil
	}
	in.ID, in.Began = list[0].Incident, list[0].At
	first := slices.IndexFunc(list, func(t Transition) bool { return isBad(t.To) })
	in.Cause = list[max(first, 0)]
	in.Cause.Data = nil
	var failed []Transition
	for _, t := range list {
		switch {
		case t.Kind == OfDomain:
			in.Counts[t.Kind]++
			if len(in.Answers) < mostAnswered {
				in.Answers = append(in.Answers, Answered{t.Subject, t.From, t.To, t.Data})
			}
		case isBad(t.To):
			in.Counts[t.Kind]++
			failed = append(failed, t)
		}
	}
	ends, err := h.ends(ctx, db, failed)
	if err != nil {
		return in, err
	}
	for _, t := range failed {
		end := ends[Subject{t.Kind, t.Subject}]
		switch {
		case end.IsZero():
			in.Open = true
		case end.After(in.Ended):
			in.Ended = end
		}
		if len(in.Objects) < mostReached {
			in.Objects = append(in.Objects, Reached{t.Kind, t.Subject, t.Address, t.At, t.From, t.To, t.Cause, end})
		}
	}
	until := in.Ended
	if in.Open {
		in.Ended, until = time.Time{}, h.now()
	}
	in.Duration = max(0, until.Sub(in.Began).Seconds())
	return in, nil
}

// ends tells when each of some transitions was followed by another of its subject.
func (h *History) ends(ctx context.Context, db *database, of []Transition) (map[Subject]time.Time, error) {
	out := map[Subject]time.Time{}
	for part := range slices.Chunk(of, lastAtOnce) {
		var where []string
		var args []any
		for _, t := range part {
			args = append(args, t.Kind, t.Subject, int64(t.ID))
			n := len(args)
			where = append(where, fmt.Sprintf("(kind = $%d AND subject = $%d AND id > $%d)", n-2, n-1, n))
		}
		rows, err := db.read.QueryContext(ctx, `SELECT kind, subject, at FROM @transition
WHERE id IN (SELECT MIN(id) FROM @transition WHERE `+strings.Join(where, " OR ")+` GROUP BY kind, subject)`, args...)
		if err != nil {
			return nil, fmt.Errorf("read ends of incidents: %w", store.Classify(err))
		}
		for rows.Next() {
			var s Subject
			var at int64
			if err := rows.Scan(&s.Kind, &s.Name, &at); err != nil {
				rows.Close()
				return nil, fmt.Errorf("read ends of incidents: %w", store.Classify(err))
			}
			out[s] = time.UnixMicro(at).UTC()
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("read ends of incidents: %w", store.Classify(err))
		}
	}
	return out, nil
}

// Moment is a state that began.
type Moment struct {
	At    time.Time
	State string
}

// Course is how a subject went over a time.
type Course struct {
	Before string // its state when the time began; "" where nothing tells
	Moves  []Moment
	// Parts are, for an address, how its tasks went.
	Parts map[string]*Course
}

// mostMoves bounds what is read for one answer.
const mostMoves = 50_000

// Courses tells how subjects of a kind went from one time to another; of addresses also
// how their tasks did.
func (h *History) Courses(ctx context.Context, kind string, names []string, from, until time.Time) (map[string]*Course, error) {
	db, err := h.reader()
	if err != nil {
		return nil, err
	}
	out := map[string]*Course{}
	for _, n := range names {
		out[n] = &Course{Parts: map[string]*Course{}}
	}
	course := func(k, subject, address string) *Course {
		if k == kind {
			return out[subject]
		}
		c := out[address]
		if c == nil {
			return nil
		}
		if c.Parts[subject] == nil {
			c.Parts[subject] = &Course{}
		}
		return c.Parts[subject]
	}
	for part := range slices.Chunk(slices.Clone(names), lastAtOnce) {
		args := []any{kind, micro(from), micro(until)}
		var places []string
		for _, n := range part {
			args = append(args, n)
			places = append(places, "$"+strconv.Itoa(len(args)))
		}
		in := strings.Join(places, ", ")
		which := "kind = $1 AND subject IN (" + in + ")"
		if kind == OfAddress {
			which = "(" + which + " OR kind = '" + OfTask + "' AND address IN (" + in + "))"
		}
		read := func(where string, f func(c *Course, at time.Time, was, becomes string)) error {
			rows, err := db.read.QueryContext(ctx, `SELECT kind, subject, address, at, was, becomes FROM @transition WHERE `+where, args...)
			if err != nil {
				return fmt.Errorf("read courses: %w", store.Classify(err))
			}
			defer rows.Close()
			for rows.Next() {
				var k, subject, address, was, becomes string
				var at int64
				if err := rows.Scan(&k, &subject, &address, &at, &was, &becomes); err != nil {
					return fmt.Errorf("read courses: %w", store.Classify(err))
				}
				if c := course(k, subject, address); c != nil {
					f(c, time.UnixMicro(at).UTC(), was, becomes)
				}
			}
			return store.Classify(rows.Err())
		}
		// $3 stands in both, so that the arguments are the same.
		err := read(`id IN (SELECT MAX(id) FROM @transition WHERE `+which+` AND at < $2 AND at < $3 GROUP BY kind, subject)`, func(c *Course, _ time.Time, _, becomes string) { c.Before = becomes })
		if err != nil {
			return nil, err
		}
		err = read(which+` AND at >= $2 AND at < $3 ORDER BY id LIMIT `+strconv.Itoa(mostMoves), func(c *Course, at time.Time, was, becomes string) {
			if c.Before == "" && len(c.Moves) == 0 {
				c.Before = was
			}
			c.Moves = append(c.Moves, Moment{at, becomes})
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// compareIncidents puts open ones first, then newest first.
func compareIncidents(a, b Incident) int {
	if a.Open != b.Open {
		return map[bool]int{true: -1, false: 1}[a.Open]
	}
	return cmp.Compare(b.ID, a.ID)
}

// SortIncidents puts open ones first, then newest first.
func SortIncidents(list []Incident) { slices.SortFunc(list, compareIncidents) }
