package history

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// Kinds of transitions.
const (
	OfTask    = "task"
	OfVantage = "vantage"
	OfAddress = "address"
	OfPool    = "pool"
	OfDomain  = "domain" // its answers changed
)

// Others is the subject in place of access domains that are too many to tell.
const Others = stat.Other

// Transition is a change of state of a health task, or what followed from it.
type Transition struct {
	ID       uint64          `json:"id" doc:"Given when it is written, rising."`
	At       time.Time       `json:"at"`
	Incident uint64          `json:"incident" doc:"Id of the first transition that came with this one: its cause, or its fellows."`
	Kind     string          `json:"kind" enum:"task,vantage,address,pool,domain"`
	Subject  string          `json:"subject" doc:"ADDRESS/TEMPLATE/PORT of a task, NAME/TYPE of an access domain, else the name."`
	Address  string          `json:"address,omitempty" doc:"Address of a task."`
	From     string          `json:"from"`
	To       string          `json:"to"`
	Cause    string          `json:"cause,omitempty" doc:"One sentence."`
	Said     *said.Said      `json:"said,omitempty" doc:"Cause with its code."`
	Data     json.RawMessage `json:"data,omitempty" doc:"Of a task: what each vantage found at that moment, and since when. Of an access domain: what each line got before and after."`
}

// MarshalJSON implements json.Marshaler.
func (t Transition) MarshalJSON() ([]byte, error) {
	type plain Transition
	if t.Said == nil {
		t.Said = said.Of(t.Cause)
	}
	return json.Marshal(plain(t))
}

// Moved keeps transitions that belong together, causes first. Only a process that
// leads keeps any: the others see the same.
func (h *History) Moved(list []Transition) {
	if h.leading.Load() == 0 || len(list) == 0 {
		return
	}
	for i := range list {
		t := &list[i]
		if t.At.IsZero() {
			t.At = h.now()
		}
		t.At = t.At.UTC().Truncate(time.Microsecond)
		t.Incident = uint64(i) // until they are numbered: how many stand before it
		h.transitions.put(*t, 1)
	}
	h.poke()
}

func (b *batch) writeTransitions(ctx context.Context, tx *txn) error {
	if len(b.transitions) == 0 {
		return nil
	}
	last, err := nextIDs(ctx, tx, "transition", len(b.transitions))
	if err != nil {
		return err
	}
	in := newInsert(tx, `INSERT INTO @transition (id, at, incident, kind, subject, address, was, becomes, cause, data)`, 10, "")
	for i := range b.transitions {
		t := b.transitions[i].v
		id := last - int64(len(b.transitions)-1-i)
		in.add(ctx, id, t.At.UnixMicro(), max(id-int64(t.Incident), 1), t.Kind, t.Subject, t.Address, t.From, t.To, t.Cause, append([]byte{}, t.Data...))
	}
	return in.end(ctx)
}

// TransitionFilter selects transitions; empty fields select all.
type TransitionFilter struct {
	Before                 uint64 // id, exclusive; 0 means open
	From, Until            time.Time
	Kind, Subject, Address string
	Incident               uint64
	Limit                  int
}

// Transitions returns the transitions that a filter selects, newest first.
func (h *History) Transitions(ctx context.Context, f TransitionFilter) ([]Transition, error) {
	db, err := h.reader()
	if err != nil {
		return nil, err
	}
	q, err := db.read.QueryContext(ctx, `
SELECT id, at, incident, kind, subject, address, was, becomes, cause, data FROM @transition
WHERE (id < $1 OR $1 = 0) AND (at >= $2 OR $2 = 0) AND (at < $3 OR $3 = 0) AND (kind = $4 OR $4 = '') AND (subject = $5 OR $5 = '')
	AND (address = $6 OR $6 = '') AND (incident = $7 OR $7 = 0)
ORDER BY id DESC LIMIT $8`, int64(f.Before), micro(f.From), micro(f.Until), f.Kind, f.Subject, f.Address, int64(f.Incident), f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read transitions: %w", store.Classify(err))
	}
	defer q.Close()
	out := []Transition{}
	for q.Next() {
		var t Transition
		var id, at, incident int64
		var data []byte
		if err := q.Scan(&id, &at, &incident, &t.Kind, &t.Subject, &t.Address, &t.From, &t.To, &t.Cause, &data); err != nil {
			return nil, fmt.Errorf("read transitions: %w", store.Classify(err))
		}
		t.ID, t.At, t.Incident = uint64(id), time.UnixMicro(at).UTC(), uint64(incident)
		if len(data) > 0 {
			t.Data = data
		}
		out = append(out, t)
	}
	return out, store.Classify(q.Err())
}

// Subject is what a transition is of.
type Subject struct{ Kind, Name string }

// lastAtOnce bounds the subjects of one statement.
const lastAtOnce = 100

// Last returns the newest transition of each subject that has one, without its data.
func (h *History) Last(ctx context.Context, of []Subject) (map[Subject]Transition, error) {
	db, err := h.reader()
	if err != nil {
		return nil, err
	}
	out := map[Subject]Transition{}
	for part := range slices.Chunk(of, lastAtOnce) {
		var where []string
		var args []any
		for _, s := range part {
			args = append(args, s.Kind, s.Name)
			where = append(where, fmt.Sprintf("(kind = $%d AND subject = $%d)", len(args)-1, len(args)))
		}
		q, err := db.read.QueryContext(ctx, `SELECT id, at, incident, kind, subject, was, becomes, cause FROM @transition
WHERE id IN (SELECT MAX(id) FROM @transition WHERE `+strings.Join(where, " OR ")+` GROUP BY kind, subject)`, args...)
		if err != nil {
			return nil, fmt.Errorf("read last transitions: %w", store.Classify(err))
		}
		for q.Next() {
			var t Transition
			var id, at, incident int64
			if err := q.Scan(&id, &at, &incident, &t.Kind, &t.Subject, &t.From, &t.To, &t.Cause); err != nil {
				q.Close()
				return nil, fmt.Errorf("read last transitions: %w", store.Classify(err))
			}
			t.ID, t.At, t.Incident = uint64(id), time.UnixMicro(at).UTC(), uint64(incident)
			out[Subject{t.Kind, t.Subject}] = t
		}
		q.Close()
		if err := q.Err(); err != nil {
			return nil, fmt.Errorf("read last transitions: %w", store.Classify(err))
		}
	}
	return out, nil
}
