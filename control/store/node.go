package store

import (
	"context"
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
	CreatedBy string
	CreatedAt time.Time
}

// AddNode stores an invited node; ErrExists when the id is taken.
func (s *Store) AddNode(ctx context.Context, n Node) error {
	labels, err := json.Marshal(n.Labels)
	if err != nil {
		return fmt.Errorf("add node %q: %w", n.ID, err)
	}
	_, err = s.write.ExecContext(ctx, `INSERT INTO node (id, role, vantage, labels, public_key, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		n.ID, n.Role, n.Vantage, labels, n.PublicKey, n.CreatedBy, micros(n.CreatedAt))
	if err != nil {
		return fmt.Errorf("add node %q: %w", n.ID, classify(err))
	}
	return nil
}

// Nodes returns the invited nodes by id.
func (s *Store) Nodes(ctx context.Context) ([]Node, error) {
	q, err := s.read.QueryContext(ctx, `SELECT id, role, vantage, labels, public_key, created_by, created_at FROM node ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", classify(err))
	}
	defer q.Close()
	var out []Node
	for q.Next() {
		var n Node
		var labels []byte
		var at int64
		if err := q.Scan(&n.ID, &n.Role, &n.Vantage, &labels, &n.PublicKey, &n.CreatedBy, &at); err != nil {
			return nil, fmt.Errorf("list nodes: %w", classify(err))
		}
		if err := json.Unmarshal(labels, &n.Labels); err != nil {
			return nil, fmt.Errorf("read labels of node %q: %w", n.ID, err)
		}
		n.CreatedAt = fromMicros(at)
		out = append(out, n)
	}
	return out, q.Err()
}

// DeleteNode takes an invitation back; ErrNotFound when there is none.
func (s *Store) DeleteNode(ctx context.Context, id string) error {
	r, err := s.write.ExecContext(ctx, `DELETE FROM node WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("remove node %q: %w", id, classify(err))
	}
	if k, err := r.RowsAffected(); err != nil || k == 0 {
		return fmt.Errorf("remove node %q: %w", id, ErrNotFound)
	}
	return nil
}
