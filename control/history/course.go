package history

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
)

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
