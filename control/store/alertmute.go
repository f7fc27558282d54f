package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// AlertMute is an operator's word that something is known and needs no message.
type AlertMute struct {
	ID                  string
	Event, Kind, Object string // "" for any
	Reason, CreatedBy   string
	CreatedAt, EndsAt   time.Time
}

// AddAlertMute stores a mute and its entry in the log.
func (s *Store) AddAlertMute(ctx context.Context, m AlertMute, e AlertEntry) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := s.beside(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO alert_mute (id, event, kind, object, reason, created_by, created_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			m.ID, m.Event, m.Kind, m.Object, m.Reason, m.CreatedBy, micros(m.CreatedAt), micros(m.EndsAt)); err != nil {
			return err
		}
		return insertAlertEntry(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("mute: %w", err)
	}
	return nil
}

// EndAlertMute ends a mute now, with its entry in the log. ErrNotFound: none lasts.
func (s *Store) EndAlertMute(ctx context.Context, id string, at time.Time, e AlertEntry) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := s.beside(ctx, tx); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `UPDATE alert_mute SET ends_at = $1 WHERE id = $2 AND ends_at > $1 RETURNING id`, micros(at), id).Scan(&id); err != nil {
			return err
		}
		return insertAlertEntry(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("unmute: %w", err)
	}
	return nil
}

// AlertMutes returns the mutes that last at a time, newest first.
func (s *Store) AlertMutes(ctx context.Context, at time.Time) ([]AlertMute, error) {
	q, err := s.read.QueryContext(ctx, `SELECT id, event, kind, object, reason, created_by, created_at, ends_at FROM alert_mute WHERE ends_at > $1 ORDER BY created_at DESC, id`, micros(at))
	if err != nil {
		return nil, fmt.Errorf("read mutes: %w", classify(err))
	}
	defer q.Close()
	var out []AlertMute
	for q.Next() {
		var m AlertMute
		var created, ends int64
		if err := q.Scan(&m.ID, &m.Event, &m.Kind, &m.Object, &m.Reason, &m.CreatedBy, &created, &ends); err != nil {
			return nil, fmt.Errorf("read mutes: %w", classify(err))
		}
		m.CreatedAt, m.EndsAt = fromMicros(created), fromMicros(ends)
		out = append(out, m)
	}
	return out, classify(q.Err())
}
