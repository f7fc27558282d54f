package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// AlertTable is one of the two tables of documents about alerts.
type AlertTable string

// The tables.
const (
	AlertSettings AlertTable = "alert_setting"
	AlertChannels AlertTable = "alert_channel"
)

// AlertDocument is what people set about alerts.
type AlertDocument struct {
	Name      string
	Version   uint64 // given by the store
	Body      []byte
	UpdatedBy string
	UpdatedAt time.Time
}

// AlertDocuments returns all documents of a table by name.
func (s *Store) AlertDocuments(ctx context.Context, t AlertTable) ([]AlertDocument, error) {
	q, err := s.read.QueryContext(ctx, `SELECT name, version, body, updated_by, updated_at FROM `+string(t)+` ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t, classify(err))
	}
	defer q.Close()
	var out []AlertDocument
	for q.Next() {
		var d AlertDocument
		var version, at int64
		if err := q.Scan(&d.Name, &version, &d.Body, &d.UpdatedBy, &at); err != nil {
			return nil, fmt.Errorf("read %s: %w", t, classify(err))
		}
		d.Version, d.UpdatedAt = uint64(version), fromMicros(at)
		out = append(out, d)
	}
	return out, classify(q.Err())
}

// PutAlertDocument writes a document that has a version now, 0 for none, and returns
// its next one. ErrMoved: it has another.
func (s *Store) PutAlertDocument(ctx context.Context, t AlertTable, d AlertDocument) (version uint64, err error) {
	version = d.Version + 1
	err = s.update(ctx, func(tx *sql.Tx) error {
		if err := s.beside(ctx, tx); err != nil {
			return err
		}
		if d.Version == 0 {
			_, err := tx.ExecContext(ctx, `INSERT INTO `+string(t)+` (name, version, body, updated_by, updated_at) VALUES ($1, 1, $2, $3, $4)`, d.Name, d.Body, d.UpdatedBy, micros(d.UpdatedAt))
			if errors.Is(classify(err), ErrExists) {
				return ErrMoved
			}
			return err
		}
		err := notFound(tx.ExecContext(ctx, `UPDATE `+string(t)+` SET version = $1, body = $2, updated_by = $3, updated_at = $4 WHERE name = $5 AND version = $6`,
			int64(version), d.Body, d.UpdatedBy, micros(d.UpdatedAt), d.Name, int64(d.Version)))
		if errors.Is(err, ErrNotFound) {
			return ErrMoved
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("write %s %s: %w", t, d.Name, err)
	}
	return version, nil
}

// DeleteAlertDocument deletes a document, or ErrNotFound.
func (s *Store) DeleteAlertDocument(ctx context.Context, t AlertTable, name string) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		return notFound(tx.ExecContext(ctx, `DELETE FROM `+string(t)+` WHERE name = $1`, name))
	})
	if err != nil {
		return fmt.Errorf("delete %s %s: %w", t, name, err)
	}
	return nil
}
