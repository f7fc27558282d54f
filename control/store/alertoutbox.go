package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// WaitingNotice is a notice with what it is about.
type WaitingNotice struct {
	AlertNotice
	Entry AlertEntry
}

// WaitingNotices returns what no delivery holds yet, oldest first, at most limit.
func (s *Store) WaitingNotices(ctx context.Context, limit int) ([]WaitingNotice, error) {
	q, err := s.read.QueryContext(ctx, `
SELECT n.channel, n.bundle, n.due_at, l.id, l.at, l.alert, l.action, l.event, l.kind, l.object, l.severity, l.incident, l.who, l.text, l.facts
FROM alert_notice n JOIN alert_log l ON l.id = n.log WHERE n.state = 'waiting' ORDER BY n.log, n.channel LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", classify(err))
	}
	defer q.Close()
	var out []WaitingNotice
	for q.Next() {
		n := WaitingNotice{AlertNotice: AlertNotice{State: NoticeWaiting}}
		e := &n.Entry
		var bundle, due, id, at, alert, incident int64
		if err := q.Scan(&n.Channel, &bundle, &due, &id, &at, &alert, &e.Action, &e.Event, &e.Kind, &e.Object, &e.Severity, &incident, &e.Who, &e.Text, &e.Facts); err != nil {
			return nil, fmt.Errorf("read notices: %w", classify(err))
		}
		e.ID, e.At, e.Alert, e.Incident = uint64(id), fromMicros(at), uint64(alert), uint64(incident)
		n.Log, n.Alert, n.Bundle, n.DueAt = e.ID, e.Alert, uint64(bundle), fromMicros(due)
		out = append(out, n)
	}
	return out, classify(q.Err())
}

// ToldNotices returns the notices of the alerts that last.
func (s *Store) ToldNotices(ctx context.Context) ([]AlertNotice, error) {
	return s.notices(ctx, `n.alert IN (SELECT id FROM alert WHERE resolved_at = 0)`)
}

func (s *Store) notices(ctx context.Context, where string) ([]AlertNotice, error) {
	q, err := s.read.QueryContext(ctx, `SELECT n.log, n.channel, n.alert, n.bundle, n.state, n.due_at, n.delivery FROM alert_notice n WHERE `+where+` ORDER BY n.log, n.channel`)
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", classify(err))
	}
	defer q.Close()
	var out []AlertNotice
	for q.Next() {
		var n AlertNotice
		var log, alert, bundle, due, delivery int64
		if err := q.Scan(&log, &n.Channel, &alert, &bundle, &n.State, &due, &delivery); err != nil {
			return nil, fmt.Errorf("read notices: %w", classify(err))
		}
		n.Log, n.Alert, n.Bundle, n.DueAt, n.Delivery = uint64(log), uint64(alert), uint64(bundle), fromMicros(due), uint64(delivery)
		out = append(out, n)
	}
	return out, classify(q.Err())
}

// AlertOutcomes returns the notices of entries of the log, and the deliveries that they
// are bound to, without their messages.
func (s *Store) AlertOutcomes(ctx context.Context, log []uint64) ([]AlertNotice, map[uint64]AlertDelivery, error) {
	if len(log) == 0 {
		return nil, nil, nil
	}
	notices, err := s.notices(ctx, `n.log IN `+inIDs(log))
	if err != nil {
		return nil, nil, err
	}
	var ids []uint64
	seen := map[uint64]bool{0: true}
	for _, n := range notices {
		if !seen[n.Delivery] {
			seen[n.Delivery] = true
			ids = append(ids, n.Delivery)
		}
	}
	of := map[uint64]AlertDelivery{}
	if len(ids) == 0 {
		return notices, of, nil
	}
	list, err := s.deliveries(ctx, `id IN `+inIDs(ids))
	for _, d := range list {
		d.Message = nil
		of[d.ID] = d
	}
	return notices, of, err
}

// Unmute lets muted notices of alerts wait again, from a moment on.
func (s *Store) Unmute(ctx context.Context, alerts []uint64, due time.Time) error {
	if len(alerts) == 0 {
		return nil
	}
	err := s.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE alert_notice SET state = 'waiting', due_at = $1 WHERE state = 'muted' AND alert IN `+inIDs(alerts), micros(due))
		return err
	})
	if err != nil {
		return fmt.Errorf("unmute notices: %w", err)
	}
	return nil
}

// Bind stores a delivery that is about to be sent, and binds waiting notices of its
// channel to it.
func (s *Store) Bind(ctx context.Context, d AlertDelivery, log []uint64) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := s.beside(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO alert_delivery (`+deliveryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			int64(d.ID), d.Channel, d.State, micros(d.CreatedAt), d.Attempts, micros(d.NextAt), micros(d.EndedAt), d.Answer, append([]byte{}, d.Message...)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE alert_notice SET state = 'bound', delivery = $1 WHERE state = 'waiting' AND channel = $2 AND log IN `+inIDs(log), int64(d.ID), d.Channel)
		return err
	})
	if err != nil {
		return fmt.Errorf("bind notices to delivery %d: %w", d.ID, err)
	}
	return nil
}

// NoteDelivery notes what became of an attempt.
func (s *Store) NoteDelivery(ctx context.Context, d AlertDelivery) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		return notFound(tx.ExecContext(ctx, `UPDATE alert_delivery SET state = $1, attempts = $2, next_at = $3, ended_at = $4, answer = $5 WHERE id = $6`,
			d.State, d.Attempts, micros(d.NextAt), micros(d.EndedAt), d.Answer, int64(d.ID)))
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("note delivery %d: %w", d.ID, err)
	}
	return nil
}

// PendingDeliveries returns what is to be sent, or sent again, oldest first.
func (s *Store) PendingDeliveries(ctx context.Context) ([]AlertDelivery, error) {
	return s.deliveries(ctx, `state = 'pending' ORDER BY id`)
}

// LastDeliveries returns the newest delivery of each channel, without its message.
func (s *Store) LastDeliveries(ctx context.Context) (map[string]AlertDelivery, error) {
	list, err := s.deliveries(ctx, `id IN (SELECT MAX(id) FROM alert_delivery GROUP BY channel)`)
	out := map[string]AlertDelivery{}
	for _, d := range list {
		d.Message = nil
		out[d.Channel] = d
	}
	return out, err
}

// DropNotices forgets what waits for a channel that is gone.
func (s *Store) DropNotices(ctx context.Context, channel string) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := s.beside(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM alert_notice WHERE channel = $1 AND state <> 'bound'`, channel); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE alert_delivery SET state = 'failed', answer = 'the channel was deleted' WHERE channel = $1 AND state = 'pending'`, channel)
		return err
	})
	if err != nil {
		return fmt.Errorf("drop notices of channel %s: %w", channel, err)
	}
	return nil
}

func (s *Store) deliveries(ctx context.Context, where string) ([]AlertDelivery, error) {
	q, err := s.read.QueryContext(ctx, `SELECT `+deliveryColumns+` FROM alert_delivery WHERE `+where)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", classify(err))
	}
	defer q.Close()
	var out []AlertDelivery
	for q.Next() {
		var d AlertDelivery
		var id, created, next, ended int64
		if err := q.Scan(&id, &d.Channel, &d.State, &created, &d.Attempts, &next, &ended, &d.Answer, &d.Message); err != nil {
			return nil, fmt.Errorf("read deliveries: %w", classify(err))
		}
		d.ID, d.CreatedAt, d.NextAt, d.EndedAt = uint64(id), fromMicros(created), fromMicros(next), fromMicros(ended)
		out = append(out, d)
	}
	return out, classify(q.Err())
}

// DeliveryText is the public form of a delivery's number: it stands in messages as the
// key by which a receiver tells a repeat.
func DeliveryText(id uint64) string { return "delivery-" + strconv.FormatUint(id, 36) }
