package store

import (
	"context"
	"fmt"

	"github.com/meridian-gtm/meridian/traffic"
)

// LoadCurrents returns the current members of all non-preemptive policies.
func (s *Store) LoadCurrents(ctx context.Context) ([]traffic.Current, error) {
	q, err := s.read.QueryContext(ctx, `SELECT scope_kind, scope_name, member, epoch FROM current_member ORDER BY scope_kind, scope_name`)
	if err != nil {
		return nil, fmt.Errorf("read current members: %w", classify(err))
	}
	defer q.Close()
	var out []traffic.Current
	for q.Next() {
		var c traffic.Current
		var epoch int64
		if err := q.Scan(&c.Scope.Kind, &c.Scope.Name, &c.Member, &epoch); err != nil {
			return nil, fmt.Errorf("read current members: %w", classify(err))
		}
		c.Epoch = uint64(epoch)
		out = append(out, c)
	}
	return out, q.Err()
}

// SaveCurrent stores a current member unless a newer one is there: the rule of
// traffic.Current.Newer in SQL, so that two control processes cannot go back.
func (s *Store) SaveCurrent(ctx context.Context, c traffic.Current) error {
	_, err := s.write.ExecContext(ctx, `
INSERT INTO current_member (scope_kind, scope_name, member, epoch) VALUES ($1, $2, $3, $4)
ON CONFLICT (scope_kind, scope_name) DO UPDATE SET member = excluded.member, epoch = excluded.epoch
WHERE excluded.epoch > current_member.epoch OR (excluded.epoch = current_member.epoch AND excluded.member < current_member.member)`,
		string(c.Scope.Kind), c.Scope.Name, c.Member, int64(c.Epoch))
	if err != nil {
		return fmt.Errorf("save current member of %s: %w", c.Scope, classify(err))
	}
	return nil
}
