package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Now is the time by the clock that decides about the ends of overrides: the
// database's, which all control processes share (design 5.6). SQLite has none of its
// own; its processes are on one machine.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if !s.pg {
		return time.Now().UTC().Truncate(time.Microsecond), nil
	}
	var at int64
	if err := s.read.QueryRowContext(ctx, `SELECT `+s.now()).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", classify(err))
	}
	return time.UnixMicro(at).UTC(), nil
}

// Spread is how far an override has come on its way to clients.
type Spread struct {
	ID        string
	Epoch     uint64 // of the revision that made it
	Revision  uint64
	CachedFor uint32    // seconds that caches keep answers from before
	Names     []string  // NAME/TYPE of access domains that it changes the answers of
	More      int       // how many of them are not in Names
	SpreadAt  time.Time // since when all present resolvers have it; zero: not yet
}

// AddSpread keeps a record unless there is one of that id already.
func (s *Store) AddSpread(ctx context.Context, p Spread) error {
	names, err := json.Marshal(p.Names)
	if err != nil {
		return fmt.Errorf("encode names: %w", err)
	}
	_, err = s.write.ExecContext(ctx, `
INSERT INTO override_spread (id, epoch, revision, cached_for, names, more, spread_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO NOTHING`, p.ID, int64(p.Epoch), int64(p.Revision), int64(p.CachedFor), string(names), p.More, micros(p.SpreadAt))
	if err != nil {
		return fmt.Errorf("keep spread of %s: %w", p.ID, classify(err))
	}
	return nil
}

// SetSpread says since when all present resolvers have an override, the zero time for
// one that has come back and has not.
func (s *Store) SetSpread(ctx context.Context, id string, at time.Time) error {
	if _, err := s.write.ExecContext(ctx, `UPDATE override_spread SET spread_at = $1 WHERE id = $2`, micros(at), id); err != nil {
		return fmt.Errorf("keep spread of %s: %w", id, classify(err))
	}
	return nil
}

// DropSpread forgets a record.
func (s *Store) DropSpread(ctx context.Context, id string) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM override_spread WHERE id = $1`, id); err != nil {
		return fmt.Errorf("drop spread of %s: %w", id, classify(err))
	}
	return nil
}

// Spreads returns every record by id of its override.
func (s *Store) Spreads(ctx context.Context) (map[string]Spread, error) {
	q, err := s.read.QueryContext(ctx, `SELECT id, epoch, revision, cached_for, names, more, spread_at FROM override_spread`)
	if err != nil {
		return nil, fmt.Errorf("read spreads: %w", classify(err))
	}
	defer q.Close()
	out := map[string]Spread{}
	for q.Next() {
		var p Spread
		var epoch, revision, cached, at int64
		var names string
		if err := q.Scan(&p.ID, &epoch, &revision, &cached, &names, &p.More, &at); err != nil {
			return nil, fmt.Errorf("read spreads: %w", classify(err))
		}
		if err := json.Unmarshal([]byte(names), &p.Names); err != nil {
			return nil, fmt.Errorf("read spread of %s: %w", p.ID, err)
		}
		p.Epoch, p.Revision, p.CachedFor, p.SpreadAt = uint64(epoch), uint64(revision), uint32(cached), fromMicros(at)
		out[p.ID] = p
	}
	return out, q.Err()
}
