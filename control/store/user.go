package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// User is a person who may sign in.
type User struct {
	ID         string
	Name       string
	Issuer     string // of the identity provider, "" for a local user
	Subject    string // who it is there
	Password   string // argon2id in PHC form, "" for none
	Grants     string // JSON
	Disabled   bool
	CreatedBy  string
	CreatedAt  time.Time
	PasswordAt time.Time
	SignedInAt time.Time
}

// Guard looks at the users and tokens that a change leaves; its error undoes the change.
type Guard func([]User, []Token) error

const userColumns = `id, name, issuer, subject, password, grants, disabled, created_by, created_at, password_at, signed_in_at`

// AddUser stores a user; ErrExists when the name or the subject is taken.
func (s *Store) AddUser(ctx context.Context, u User) error {
	err := s.update(ctx, func(tx *sql.Tx) error { return u.insert(ctx, tx) })
	if err != nil {
		return fmt.Errorf("add user %q: %w", u.Name, err)
	}
	return nil
}

// AddFirstUser stores a user if there is none yet, else it returns ErrExists.
func (s *Store) AddFirstUser(ctx context.Context, u User) error {
	err := s.people(ctx, nil, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM users`).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return ErrExists
		}
		return u.insert(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("add the first user: %w", err)
	}
	return nil
}

func (u *User) insert(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO users (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		u.ID, u.Name, u.Issuer, u.Subject, u.Password, u.Grants, flag(u.Disabled), u.CreatedBy, micros(u.CreatedAt), micros(u.PasswordAt), micros(u.SignedInAt))
	return err
}

// User returns the user with an id or a name, or ErrNotFound. Names never look like ids.
func (s *Store) User(ctx context.Context, idOrName string) (User, error) {
	u, err := scanUser(s.read.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE id = $1 OR name = $1`, idOrName))
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", classify(err))
	}
	return u, nil
}

// UserBySubject returns the user whom an identity provider knows as subject, or ErrNotFound.
func (s *Store) UserBySubject(ctx context.Context, issuer, subject string) (User, error) {
	u, err := scanUser(s.read.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE issuer = $1 AND subject = $2`, issuer, subject))
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", classify(err))
	}
	return u, nil
}

// Users returns all users by name.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	list, err := users(ctx, s.read)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", classify(err))
	}
	return list, nil
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func users(ctx context.Context, q querier) ([]User, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+userColumns+` FROM users ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []User
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, rows.Err()
}

func scanUser(row interface{ Scan(...any) error }) (User, error) {
	var u User
	var disabled, created, password, signedIn int64
	err := row.Scan(&u.ID, &u.Name, &u.Issuer, &u.Subject, &u.Password, &u.Grants, &disabled, &u.CreatedBy, &created, &password, &signedIn)
	u.Disabled, u.CreatedAt, u.PasswordAt, u.SignedInAt = disabled != 0, fromMicros(created), fromMicros(password), fromMicros(signedIn)
	return u, err
}

// SetPassword changes a user's password and ends all sessions but one, "" for all.
func (s *Store) SetPassword(ctx context.Context, id, password string, at time.Time, keep string) error {
	return s.changeUser(ctx, nil, id, "set password", func(tx *sql.Tx) (sql.Result, error) {
		if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE user_id = $1 AND id <> $2`, id, keep); err != nil {
			return nil, err
		}
		return tx.ExecContext(ctx, `UPDATE users SET password = $1, password_at = $2 WHERE id = $3`, password, micros(at), id)
	})
}

// Rehash stores another form of the same password.
func (s *Store) Rehash(ctx context.Context, id, old, password string) error {
	if _, err := s.write.ExecContext(ctx, `UPDATE users SET password = $1 WHERE id = $2 AND password = $3`, password, id, old); err != nil {
		return fmt.Errorf("store password of %s anew: %w", id, classify(err))
	}
	return nil
}

// SetGrants changes what a user may do, from the next request on.
func (s *Store) SetGrants(ctx context.Context, g Guard, id, grants string) error {
	return s.changeUser(ctx, g, id, "set grants", func(tx *sql.Tx) (sql.Result, error) {
		return tx.ExecContext(ctx, `UPDATE users SET grants = $1 WHERE id = $2`, grants, id)
	})
}

// SetDisabled lets a user in or not; who is not has no sessions.
func (s *Store) SetDisabled(ctx context.Context, g Guard, id string, disabled bool) error {
	return s.changeUser(ctx, g, id, "disable or enable", func(tx *sql.Tx) (sql.Result, error) {
		if disabled {
			if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE user_id = $1`, id); err != nil {
				return nil, err
			}
		}
		return tx.ExecContext(ctx, `UPDATE users SET disabled = $1 WHERE id = $2`, flag(disabled), id)
	})
}

// SignedIn notes a sign-in through an identity provider, with what it gave this time.
// Who is given nothing has no sessions.
func (s *Store) SignedIn(ctx context.Context, id, grants string, at time.Time, nothing bool) error {
	return s.changeUser(ctx, nil, id, "note sign-in", func(tx *sql.Tx) (sql.Result, error) {
		if nothing {
			if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE user_id = $1`, id); err != nil {
				return nil, err
			}
		}
		return tx.ExecContext(ctx, `UPDATE users SET grants = $1, signed_in_at = $2 WHERE id = $3`, grants, micros(at), id)
	})
}

// DeleteUser removes a user with all sessions and tokens.
func (s *Store) DeleteUser(ctx context.Context, g Guard, id string) error {
	return s.changeUser(ctx, g, id, "delete", func(tx *sql.Tx) (sql.Result, error) {
		if _, err := tx.ExecContext(ctx, `DELETE FROM token WHERE owner = $1`, id); err != nil {
			return nil, err
		}
		return tx.ExecContext(ctx, `DELETE FROM users WHERE id = $1`, id) // sessions follow
	})
}

func (s *Store) changeUser(ctx context.Context, g Guard, id, what string, f func(*sql.Tx) (sql.Result, error)) error {
	err := s.people(ctx, g, func(tx *sql.Tx) error {
		r, err := f(tx)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return sql.ErrNoRows
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s user %s: %w", what, id, err)
	}
	return nil
}

// people changes users or tokens. Changes take turns, so that two at once cannot both
// pass a guard that they break together.
func (s *Store) people(ctx context.Context, g Guard, f func(*sql.Tx) error) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		if _, err := head(ctx, tx, s.forUpdate()); err != nil {
			return err
		}
		if err := f(tx); err != nil || g == nil {
			return err
		}
		us, err := users(ctx, tx)
		if err != nil {
			return err
		}
		ts, err := tokens(ctx, tx)
		if err != nil {
			return err
		}
		return g(us, ts)
	})
}
