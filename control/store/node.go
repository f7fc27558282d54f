package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Node is an invited node. Its credential is in its join token and nowhere here.
type Node struct {
	ID        string
	Role      string
	Vantage   string
	Labels    map[string]string
	PublicKey string
	// TLS: its token pins our certificate authority. Tokens of releases before TLS do not.
	TLS       bool
	CreatedBy string
	CreatedAt time.Time
}

// AddNode stores an invited node; ErrExists when the id is taken.
func (s *Store) AddNode(ctx context.Context, n Node) error {
	labels, err := json.Marshal(n.Labels)
	if err != nil {
		return fmt.Errorf("add node %q: %w", n.ID, err)
	}
	_, err = s.write.ExecContext(ctx, `INSERT INTO node (id, role, vantage, labels, public_key, tls, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		n.ID, n.Role, n.Vantage, labels, n.PublicKey, flag(n.TLS), n.CreatedBy, micros(n.CreatedAt))
	if err != nil {
		return fmt.Errorf("add node %q: %w", n.ID, classify(err))
	}
	return nil
}

// Nodes returns the invited nodes by id.
func (s *Store) Nodes(ctx context.Context) ([]Node, error) {
	q, err := s.read.QueryContext(ctx, `SELECT id, role, vantage, labels, public_key, tls, created_by, created_at FROM node ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", classify(err))
	}
	defer q.Close()
	var out []Node
	for q.Next() {
		var n Node
		var labels []byte
		var tls, at int64
		if err := q.Scan(&n.ID, &n.Role, &n.Vantage, &labels, &n.PublicKey, &tls, &n.CreatedBy, &at); err != nil {
			return nil, fmt.Errorf("list nodes: %w", classify(err))
		}
		if err := json.Unmarshal(labels, &n.Labels); err != nil {
			return nil, fmt.Errorf("read labels of node %q: %w", n.ID, err)
		}
		n.TLS, n.CreatedAt = tls != 0, fromMicros(at)
		out = append(out, n)
	}
	return out, q.Err()
}

// ReplaceNode gives an invited node another credential, role, vantage and labels;
// ErrNotFound when there is none of that id.
func (s *Store) ReplaceNode(ctx context.Context, n Node) error {
	labels, err := json.Marshal(n.Labels)
	if err != nil {
		return fmt.Errorf("invite node %q again: %w", n.ID, err)
	}
	r, err := s.write.ExecContext(ctx, `UPDATE node SET role = $2, vantage = $3, labels = $4, public_key = $5, tls = $6, created_by = $7, created_at = $8 WHERE id = $1`,
		n.ID, n.Role, n.Vantage, labels, n.PublicKey, flag(n.TLS), n.CreatedBy, micros(n.CreatedAt))
	return nodeChanged("invite node again", n.ID, r, err)
}

// LabelNode replaces the labels of an invited node; ErrNotFound when there is none.
func (s *Store) LabelNode(ctx context.Context, id string, labels map[string]string) error {
	b, err := json.Marshal(labels)
	if err != nil {
		return fmt.Errorf("label node %q: %w", id, err)
	}
	r, err := s.write.ExecContext(ctx, `UPDATE node SET labels = $2 WHERE id = $1`, id, b)
	return nodeChanged("label node", id, r, err)
}

func nodeChanged(act, id string, r sql.Result, err error) error {
	if err != nil {
		return fmt.Errorf("%s %q: %w", act, id, classify(err))
	}
	if k, err := r.RowsAffected(); err != nil || k == 0 {
		return fmt.Errorf("%s %q: %w", act, id, ErrNotFound)
	}
	return nil
}

// flag is a truth value for a column that both databases read the same.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// DeleteNode takes an invitation back, and remembers its vantage as removed;
// ErrNotFound when there is none.
func (s *Store) DeleteNode(ctx context.Context, id string, at time.Time) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		var vantage string
		if err := tx.QueryRowContext(ctx, `DELETE FROM node WHERE id = $1 RETURNING vantage`, id).Scan(&vantage); err != nil || vantage == "" {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO removed_vantage (id, removed_at) VALUES ($1, $2)
ON CONFLICT (id) DO UPDATE SET removed_at = EXCLUDED.removed_at`, vantage, micros(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("remove node %q: %w", id, err)
	}
	return nil
}

// RemovedVantages returns the vantages whose node was removed since a time and that no
// node has now.
func (s *Store) RemovedVantages(ctx context.Context, since time.Time) ([]string, error) {
	q, err := s.read.QueryContext(ctx, `SELECT id FROM removed_vantage WHERE removed_at >= $1 AND id NOT IN (SELECT vantage FROM node) ORDER BY id LIMIT 1000`, micros(since))
	if err != nil {
		return nil, fmt.Errorf("list removed vantages: %w", classify(err))
	}
	defer q.Close()
	var out []string
	for q.Next() {
		var id string
		if err := q.Scan(&id); err != nil {
			return nil, fmt.Errorf("list removed vantages: %w", classify(err))
		}
		out = append(out, id)
	}
	return out, q.Err()
}
