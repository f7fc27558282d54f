package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Alert is something that is or was wrong. Ids rise with time; 0 is none.
type Alert struct {
	ID                  uint64
	Event, Kind, Object string
	Severity            string
	Since, RaisedAt     time.Time
	ResolvedAt          time.Time // zero while it lasts
	ToldAt              time.Time // when it was last to be told
	Bundle, Incident    uint64
	AckedAt             time.Time
	AckedBy, AckReason  string
	Facts               []byte
}

// AlertEntry is a line of the log of alerts.
type AlertEntry struct {
	ID                  uint64
	At                  time.Time
	Alert               uint64
	Action              string
	Event, Kind, Object string
	Severity            string
	Incident            uint64
	Who, Text           string
	Facts               []byte
}

// AlertNotice says that a channel is to be told of an entry of the log.
type AlertNotice struct {
	Log      uint64
	Channel  string
	Alert    uint64
	Bundle   uint64
	State    string
	DueAt    time.Time
	Delivery uint64
}

// States of notices and deliveries.
const (
	NoticeWaiting = "waiting"
	NoticeBound   = "bound" // a delivery holds it
	NoticeMuted   = "muted"

	DeliveryPending = "pending"
	DeliverySent    = "sent"
	DeliveryFailed  = "failed" // given up
)

// AlertDelivery is one message to one channel.
type AlertDelivery struct {
	ID        uint64
	Channel   string
	State     string
	CreatedAt time.Time
	Attempts  int
	NextAt    time.Time
	EndedAt   time.Time
	Answer    string
	Message   []byte
}

// AlertBatch is written in one transaction.
type AlertBatch struct {
	Alerts  []Alert // new ones, or what became of old ones; acknowledgements stay as they are
	Log     []AlertEntry
	Notices []AlertNotice
}

const (
	alertColumns    = `id, event, kind, object, severity, since, raised_at, resolved_at, told_at, bundle, incident, acked_at, acked_by, ack_reason, facts`
	alertLogColumns = `id, at, alert, action, event, kind, object, severity, incident, who, text, facts`
	deliveryColumns = `id, channel, state, created_at, attempts, next_at, ended_at, answer, message`
)

// WriteAlerts writes a batch. ErrExists says that an id, or an active alert about the
// same, is there already.
func (s *Store) WriteAlerts(ctx context.Context, b AlertBatch) error {
	alerts := rows{head: `INSERT INTO alert (` + alertColumns + `)`, columns: 15, pg: s.pg, tail: ` ON CONFLICT (id) DO UPDATE SET severity = excluded.severity,
	resolved_at = excluded.resolved_at, told_at = excluded.told_at, incident = excluded.incident, facts = excluded.facts`}
	for _, a := range b.Alerts {
		alerts.add(int64(a.ID), a.Event, a.Kind, a.Object, a.Severity, micros(a.Since), micros(a.RaisedAt), micros(a.ResolvedAt), micros(a.ToldAt), int64(a.Bundle), int64(a.Incident),
			micros(a.AckedAt), a.AckedBy, a.AckReason, append([]byte{}, a.Facts...))
	}
	log := rows{head: `INSERT INTO alert_log (` + alertLogColumns + `)`, columns: 12, pg: s.pg}
	for _, e := range b.Log {
		log.add(int64(e.ID), micros(e.At), int64(e.Alert), e.Action, e.Event, e.Kind, e.Object, e.Severity, int64(e.Incident), e.Who, e.Text, append([]byte{}, e.Facts...))
	}
	notices := rows{head: `INSERT INTO alert_notice (log, channel, alert, bundle, state, due_at, delivery)`, columns: 7, pg: s.pg}
	for _, n := range b.Notices {
		notices.add(int64(n.Log), n.Channel, int64(n.Alert), int64(n.Bundle), n.State, micros(n.DueAt), int64(n.Delivery))
	}
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := s.beside(ctx, tx); err != nil {
			return err
		}
		for _, r := range []*rows{&alerts, &log, &notices} {
			if err := r.insert(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write %d entries of alerts: %w", len(b.Log), err)
	}
	return nil
}

// LastAlertID is the highest id of an alert or of an entry of their log.
func (s *Store) LastAlertID(ctx context.Context) (uint64, error) {
	var id int64
	err := s.read.QueryRowContext(ctx, `SELECT MAX(m) FROM (SELECT COALESCE(MAX(id), 0) AS m FROM alert UNION ALL SELECT COALESCE(MAX(id), 0) FROM alert_log
	UNION ALL SELECT COALESCE(MAX(id), 0) FROM alert_delivery) ids`).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("read the last alert's number: %w", classify(err))
	}
	return uint64(id), nil
}

// ActiveAlerts returns the alerts that last, oldest first.
func (s *Store) ActiveAlerts(ctx context.Context) ([]Alert, error) {
	return s.alerts(ctx, `resolved_at = 0 ORDER BY id`)
}

// AlertByID returns one alert, active or past, or ErrNotFound.
func (s *Store) AlertByID(ctx context.Context, id uint64) (Alert, error) {
	list, err := s.alerts(ctx, `id = $1`, int64(id))
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("alert %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return Alert{}, err
	}
	return list[0], nil
}

func (s *Store) alerts(ctx context.Context, where string, args ...any) ([]Alert, error) {
	q, err := s.read.QueryContext(ctx, `SELECT `+alertColumns+` FROM alert WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read alerts: %w", classify(err))
	}
	defer q.Close()
	var out []Alert
	for q.Next() {
		var a Alert
		var id, since, raised, resolved, told, bundle, incident, acked int64
		if err := q.Scan(&id, &a.Event, &a.Kind, &a.Object, &a.Severity, &since, &raised, &resolved, &told, &bundle, &incident, &acked, &a.AckedBy, &a.AckReason, &a.Facts); err != nil {
			return nil, fmt.Errorf("read alerts: %w", classify(err))
		}
		a.ID, a.Bundle, a.Incident = uint64(id), uint64(bundle), uint64(incident)
		a.Since, a.RaisedAt, a.ResolvedAt, a.ToldAt, a.AckedAt = fromMicros(since), fromMicros(raised), fromMicros(resolved), fromMicros(told), fromMicros(acked)
		out = append(out, a)
	}
	return out, classify(q.Err())
}

// AcknowledgeAlert notes who takes care of an active alert, or with a zero time that
// nobody does, and adds the entry. ErrNotFound: it does not last any more.
func (s *Store) AcknowledgeAlert(ctx context.Context, id uint64, at time.Time, by, reason string, e AlertEntry) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := s.beside(ctx, tx); err != nil {
			return err
		}
		var one int64
		if err := tx.QueryRowContext(ctx, `UPDATE alert SET acked_at = $1, acked_by = $2, ack_reason = $3 WHERE id = $4 AND resolved_at = 0 RETURNING id`,
			micros(at), by, reason, int64(id)).Scan(&one); err != nil {
			return err
		}
		return insertAlertEntry(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("acknowledge alert %d: %w", id, err)
	}
	return nil
}

func insertAlertEntry(ctx context.Context, tx *sql.Tx, e AlertEntry) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO alert_log (`+alertLogColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		int64(e.ID), micros(e.At), int64(e.Alert), e.Action, e.Event, e.Kind, e.Object, e.Severity, int64(e.Incident), e.Who, e.Text, append([]byte{}, e.Facts...))
	return err
}

// AlertFilter selects entries of the log of alerts; empty fields select all.
type AlertFilter struct {
	Before, After               uint64 // ids, exclusive
	From, Until                 time.Time
	Alert, Incident             uint64
	Event, Kind, Object, Action string
	Severity                    string
	Text                        string // part of text or object, any case
	Limit                       int
	Forward                     bool // oldest first
}

// AlertLog returns the entries that a filter selects, newest first.
func (s *Store) AlertLog(ctx context.Context, f AlertFilter) ([]AlertEntry, error) {
	order := "DESC"
	if f.Forward {
		order = "ASC"
	}
	q, err := s.read.QueryContext(ctx, `SELECT `+alertLogColumns+` FROM alert_log
WHERE id > $1 AND (id < $2 OR $2 = 0) AND at >= $3 AND (at < $4 OR $4 = 0) AND (alert = $5 OR $5 = 0) AND (incident = $6 OR $6 = 0)
	AND (event = $7 OR $7 = '') AND (kind = $8 OR $8 = '') AND ($9 = '' OR object = $9) AND (action = $10 OR $10 = '') AND (severity = $11 OR $11 = '')
	AND ($12 = '' OR LOWER(text) LIKE LOWER($13) ESCAPE '\' OR LOWER(object) LIKE LOWER($13) ESCAPE '\')
ORDER BY id `+order+` LIMIT $14`, int64(f.After), int64(f.Before), micros(f.From), micros(f.Until), int64(f.Alert), int64(f.Incident),
		f.Event, f.Kind, f.Object, f.Action, f.Severity, f.Text, "%"+likeText.Replace(f.Text)+"%", f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read the log of alerts: %w", classify(err))
	}
	defer q.Close()
	return scanAlertLog(q)
}

func scanAlertLog(q *sql.Rows) (out []AlertEntry, err error) {
	for q.Next() {
		var e AlertEntry
		var id, at, alert, incident int64
		if err := q.Scan(&id, &at, &alert, &e.Action, &e.Event, &e.Kind, &e.Object, &e.Severity, &incident, &e.Who, &e.Text, &e.Facts); err != nil {
			return nil, fmt.Errorf("read the log of alerts: %w", classify(err))
		}
		e.ID, e.At, e.Alert, e.Incident = uint64(id), fromMicros(at), uint64(alert), uint64(incident)
		out = append(out, e)
	}
	return out, classify(q.Err())
}

// SetAlertIncident notes the incident of history that an alert belongs to.
func (s *Store) SetAlertIncident(ctx context.Context, of map[uint64]uint64) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := s.beside(ctx, tx); err != nil {
			return err
		}
		for alert, incident := range of {
			if _, err := tx.ExecContext(ctx, `UPDATE alert SET incident = $1 WHERE id = $2`, int64(incident), int64(alert)); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE alert_log SET incident = $1 WHERE alert = $2`, int64(incident), int64(alert)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note incidents of alerts: %w", err)
	}
	return nil
}

// DropAlerts forgets what ended before a time; what lasts stays, with its log.
func (s *Store) DropAlerts(ctx context.Context, before time.Time) error {
	const lasting = `SELECT id FROM alert WHERE resolved_at = 0`
	for _, d := range []string{
		`DELETE FROM alert_log WHERE at < $1 AND alert NOT IN (` + lasting + `)`,
		`DELETE FROM alert WHERE resolved_at > 0 AND resolved_at < $1`,
		`DELETE FROM alert_delivery WHERE state <> 'pending' AND created_at < $1`,
		`DELETE FROM alert_mute WHERE ends_at < $1`,
		`DELETE FROM alert_notice WHERE due_at < $1 AND log NOT IN (SELECT id FROM alert_log)`,
	} {
		if err := s.update(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, d, micros(before))
			return err
		}); err != nil {
			return fmt.Errorf("drop old alerts: %w", err)
		}
	}
	return nil
}

// inIDs writes a list of ids into SQL text: they are numbers of ours.
func inIDs(ids []uint64) string {
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = strconv.FormatInt(int64(id), 10)
	}
	return "(" + strings.Join(text, ", ") + ")"
}

// notFound turns a statement that changed nothing into ErrNotFound.
func notFound(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return ErrNotFound
}
