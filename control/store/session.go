package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Session is a user's stay after signing in; what the cookie holds is nowhere.
type Session struct {
	ID        string
	Hash      []byte // SHA-256
	UserID    string
	CreatedAt time.Time
	SeenAt    time.Time
	EndsAt    time.Time // whatever happens
	Remote    string    // address that signed in
	Agent     string    // program that signed in, as it called itself
}

// maxSessions bounds what one user holds: the oldest gives way.
const maxSessions = 100

const sessionColumns = `s.id, s.hash, s.user_id, s.created_at, s.seen_at, s.ends_at, s.remote, s.agent`

// AddSession stores a session and notes that the user signed in.
func (s *Store) AddSession(ctx context.Context, v Session) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := s.beside(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO session (id, hash, user_id, created_at, seen_at, ends_at, remote, agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			v.ID, v.Hash, v.UserID, micros(v.CreatedAt), micros(v.SeenAt), micros(v.EndsAt), v.Remote, v.Agent); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE user_id = $1 AND id NOT IN
			(SELECT id FROM session WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT $2)`, v.UserID, maxSessions); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE users SET signed_in_at = $1 WHERE id = $2`, micros(v.CreatedAt), v.UserID)
		return err
	})
	if err != nil {
		return fmt.Errorf("add session: %w", err)
	}
	return nil
}

// SessionByHash returns the session with a hash and its user, or ErrNotFound.
func (s *Store) SessionByHash(ctx context.Context, hash []byte) (Session, User, error) {
	var v Session
	var u User
	var created, seen, ends, disabled, userCreated, password, signedIn int64
	err := s.read.QueryRowContext(ctx, `
SELECT `+sessionColumns+`, u.id, u.name, u.issuer, u.subject, u.password, u.grants, u.disabled, u.created_by, u.created_at, u.password_at, u.signed_in_at
FROM session s JOIN users u ON u.id = s.user_id WHERE s.hash = $1`, hash).Scan(
		&v.ID, &v.Hash, &v.UserID, &created, &seen, &ends, &v.Remote, &v.Agent,
		&u.ID, &u.Name, &u.Issuer, &u.Subject, &u.Password, &u.Grants, &disabled, &u.CreatedBy, &userCreated, &password, &signedIn)
	if err != nil {
		return v, u, fmt.Errorf("read session: %w", classify(err))
	}
	v.CreatedAt, v.SeenAt, v.EndsAt = fromMicros(created), fromMicros(seen), fromMicros(ends)
	u.Disabled, u.CreatedAt, u.PasswordAt, u.SignedInAt = disabled != 0, fromMicros(userCreated), fromMicros(password), fromMicros(signedIn)
	return v, u, nil
}

// Sessions returns the sessions of a user, newest first.
func (s *Store) Sessions(ctx context.Context, userID string) ([]Session, error) {
	q, err := s.read.QueryContext(ctx, `SELECT `+sessionColumns+` FROM session s WHERE s.user_id = $1 ORDER BY s.created_at DESC, s.id`, userID)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", classify(err))
	}
	defer q.Close()
	var out []Session
	for q.Next() {
		var v Session
		var created, seen, ends int64
		if err := q.Scan(&v.ID, &v.Hash, &v.UserID, &created, &seen, &ends, &v.Remote, &v.Agent); err != nil {
			return nil, fmt.Errorf("list sessions: %w", classify(err))
		}
		v.CreatedAt, v.SeenAt, v.EndsAt = fromMicros(created), fromMicros(seen), fromMicros(ends)
		out = append(out, v)
	}
	return out, q.Err()
}

// CountSessions tells how many sessions of all users have not ended at a moment.
func (s *Store) CountSessions(ctx context.Context, now time.Time) (n int, err error) {
	if err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM session WHERE ends_at > $1`, micros(now)).Scan(&n); err != nil {
		return 0, fmt.Errorf("count sessions: %w", classify(err))
	}
	return n, nil
}

// TouchSession notes when a session was last seen.
func (s *Store) TouchSession(ctx context.Context, id string, at time.Time) error {
	if _, err := s.write.ExecContext(ctx, `UPDATE session SET seen_at = $1 WHERE id = $2`, micros(at), id); err != nil {
		return fmt.Errorf("note use of session %s: %w", id, classify(err))
	}
	return nil
}

// DeleteSession ends a session of a user, or ErrNotFound.
func (s *Store) DeleteSession(ctx context.Context, userID, id string) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `DELETE FROM session WHERE id = $1 AND user_id = $2 RETURNING id`, id, userID).Scan(&id)
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// DeleteSessions ends all sessions of a user and returns how many there were.
func (s *Store) DeleteSessions(ctx context.Context, userID string) (int, error) {
	r, err := s.write.ExecContext(ctx, `DELETE FROM session WHERE user_id = $1`, userID)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", classify(err))
	}
	n, err := r.RowsAffected()
	return int(n), err
}

// DropSessions forgets sessions that ended before now or were last seen before idle.
func (s *Store) DropSessions(ctx context.Context, now, idle time.Time) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM session WHERE ends_at < $1 OR seen_at < $2`, micros(now), micros(idle)); err != nil {
		return fmt.Errorf("drop old sessions: %w", classify(err))
	}
	return nil
}
