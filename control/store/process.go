package store

import (
	"context"
	"fmt"
	"time"
)

// Process is a control process on this store.
type Process struct {
	ID      string // of its data folder; the holder of leases
	Node    string
	API     string // address
	Bus     string // embedded or external
	Version string
	Started time.Time     // by the database's clock, as all here
	Silent  time.Duration // since it was last seen
}

// forgetProcess is how long a process that is silent stays in the list: long enough to
// be seen as missing, and shorter than the name of a machine that was replaced matters.
const forgetProcess = 24 * time.Hour

// EnterProcess notes that a control process begins.
func (s *Store) EnterProcess(ctx context.Context, p Process) error {
	return s.see(ctx, p, `started = excluded.started`)
}

// SeeProcess notes that a control process is still alive.
func (s *Store) SeeProcess(ctx context.Context, p Process) error {
	return s.see(ctx, p, `started = control_process.started`)
}

func (s *Store) see(ctx context.Context, p Process, started string) error {
	_, err := s.write.ExecContext(ctx, `
INSERT INTO control_process (id, node, api, bus, version, started, seen) VALUES ($1, $2, $3, $4, $5, `+s.now()+`, `+s.now()+`)
ON CONFLICT (id) DO UPDATE SET node = excluded.node, api = excluded.api, bus = excluded.bus, version = excluded.version, seen = excluded.seen, `+started,
		p.ID, p.Node, p.API, p.Bus, p.Version)
	if err != nil {
		return fmt.Errorf("note control process %s: %w", p.ID, classify(err))
	}
	return nil
}

// ForgetProcess takes a control process that ends, and those long silent, off the list.
func (s *Store) ForgetProcess(ctx context.Context, id string) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM control_process WHERE id = $1 OR seen < `+s.now()+` - $2`, id, forgetProcess.Microseconds())
	if err != nil {
		return fmt.Errorf("forget control process %s: %w", id, classify(err))
	}
	return nil
}

// Processes returns the control processes of this store that did not say good-bye, by
// node.
func (s *Store) Processes(ctx context.Context) ([]Process, error) {
	q, err := s.read.QueryContext(ctx, `SELECT id, node, api, bus, version, started, `+s.now()+` - seen FROM control_process ORDER BY node, id`)
	if err != nil {
		return nil, fmt.Errorf("list control processes: %w", classify(err))
	}
	defer q.Close()
	var out []Process
	for q.Next() {
		var p Process
		var started, silent int64
		if err := q.Scan(&p.ID, &p.Node, &p.API, &p.Bus, &p.Version, &started, &silent); err != nil {
			return nil, fmt.Errorf("list control processes: %w", classify(err))
		}
		p.Started, p.Silent = fromMicros(started), time.Duration(silent)*time.Microsecond
		out = append(out, p)
	}
	return out, q.Err()
}
