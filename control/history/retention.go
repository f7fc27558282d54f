package history

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// Retention says for how long what is kept. It is no part of the configuration: it makes
// no revision, and each database of history has its own.
type Retention struct {
	Minutes     traffic.Duration `json:"minutes" doc:"Measurements and counts by the minute."`
	Hours       traffic.Duration `json:"hours" doc:"By the hour."`
	Days        traffic.Duration `json:"days" doc:"By the day."`
	Events      traffic.Duration `json:"events" doc:"Events and alerts."`
	Transitions traffic.Duration `json:"transitions" doc:"Transitions of health and what followed."`
}

const day = 24 * time.Hour

// DefaultRetention: a day by the minute; a month and some by the hour, so that the last
// 30 days can be compared with the day before them; a year and some by the day.
var DefaultRetention = Retention{Minutes: traffic.Duration(day), Hours: traffic.Duration(35 * day), Days: traffic.Duration(400 * day),
	Events: traffic.Duration(90 * day), Transitions: traffic.Duration(400 * day)}

// Bounds of each value. Below, adding up would find nothing left; above, times overflow.
const (
	MinRetention = 3 * time.Hour
	MaxRetention = 3660 * day
)

func (r *Retention) fields() []struct {
	Name  string
	Value *traffic.Duration
} {
	return []struct {
		Name  string
		Value *traffic.Duration
	}{{"minutes", &r.Minutes}, {"hours", &r.Hours}, {"days", &r.Days}, {"events", &r.Events}, {"transitions", &r.Transitions}}
}

// Check returns the name of the first value that cannot be, and what to do; "" for none.
func (r *Retention) Check() (field, text string) {
	for _, f := range r.fields() {
		least := MinRetention
		switch f.Name {
		case "hours":
			least = 2 * day
		case "days":
			least = 3 * day
		}
		if d := time.Duration(*f.Value); d < least || d > MaxRetention {
			return f.Name, fmt.Sprintf("must be %v to %v", traffic.Duration(least), traffic.Duration(MaxRetention))
		}
	}
	return "", ""
}

// Retention returns what is in force.
func (h *History) Retention(ctx context.Context) (Retention, error) {
	out := DefaultRetention
	db, err := h.reader()
	if err != nil {
		return out, err
	}
	for _, f := range out.fields() {
		var v int64
		err := db.read.QueryRowContext(ctx, `SELECT value FROM @setting WHERE name = $1`, "keep_"+f.Name).Scan(&v)
		if err == sql.ErrNoRows {
			continue
		}
		if err != nil {
			return out, fmt.Errorf("read retention: %w", store.Classify(err))
		}
		*f.Value = traffic.Duration(time.Duration(v) * time.Microsecond)
	}
	return out, nil
}

// SetRetention replaces what is in force; what is too old then goes within the hour.
func (h *History) SetRetention(ctx context.Context, r Retention) error {
	db, err := h.reader()
	if err != nil {
		return err
	}
	err = db.update(ctx, func(tx *txn) error {
		for _, f := range r.fields() {
			if _, err := tx.ExecContext(ctx, `INSERT INTO @setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
				"keep_"+f.Name, time.Duration(*f.Value).Microseconds()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set retention: %w", err)
	}
	return nil
}

// forget deletes what is too old, one interval in a transaction.
func (h *History) forget(ctx context.Context) error {
	keep, err := h.Retention(ctx)
	if err != nil {
		return err
	}
	now := h.now()
	for i, l := range levels {
		age := [...]traffic.Duration{keep.Minutes, keep.Hours, keep.Days}[i]
		cut := now.Add(-time.Duration(age))
		for _, f := range families {
			limit := cut
			if i+1 < len(levels) { // not before it was added up
				db, err := h.reader()
				if err != nil {
					return err
				}
				done, err := upto(ctx, db.read, f.table(l))
				if err != nil {
					return fmt.Errorf("forget: %w", store.Classify(err))
				}
				if done.Before(limit) {
					limit = done
				}
			}
			if err := h.forgetRows(ctx, f.table(l), `at = (SELECT MIN(at) FROM @`+f.table(l)+`) AND at < $1`, limit); err != nil {
				return err
			}
		}
	}
	for table, age := range map[string]traffic.Duration{"event": keep.Events, "transition": keep.Transitions} {
		if err := h.forgetRows(ctx, table, `id IN (SELECT id FROM @`+table+` WHERE at < $1 ORDER BY at LIMIT 1000)`, now.Add(-time.Duration(age))); err != nil {
			return err
		}
	}
	if err := h.forgetRows(ctx, "query_source", `at < $1`, now.Add(-7*day)); err != nil {
		return err
	}
	// A series that has had no facts for as long as the coarsest are kept has none left.
	for _, table := range []string{"probe_series", "answer_series"} {
		if err := h.forgetRows(ctx, table, `id IN (SELECT id FROM @`+table+` WHERE seen < $1 LIMIT 1000)`, now.Add(-time.Duration(keep.Days)-2*day)); err != nil {
			return err
		}
	}
	return nil
}

// forgetRows deletes step by step until nothing fits, and lets others write in between.
func (h *History) forgetRows(ctx context.Context, table, where string, cut time.Time) error {
	for {
		db, err := h.reader()
		if err != nil {
			return err
		}
		step, cancel := context.WithTimeout(ctx, writeLimit)
		r, err := db.write.ExecContext(step, `DELETE FROM @`+table+` WHERE `+where, cut.UnixMicro())
		cancel()
		if err != nil {
			return fmt.Errorf("forget old rows of %s: %w", table, store.Classify(err))
		}
		n, err := r.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		if table == "probe_series" || table == "answer_series" {
			h.ids.reset()
		}
		if err := h.breathe(ctx); err != nil {
			return err
		}
	}
}

// breathe lets the writer have its turn between two steps.
func (h *History) breathe(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(h.pause):
		return nil
	}
}
