package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/backup"
	"github.com/meridian-gtm/meridian/traffic"
)

// RestoreOptions say how a backup comes into force.
type RestoreOptions struct {
	At time.Time
	// Known is the highest epoch that any node is known to have seen.
	Known uint64
	// KeepToken is the id of a token that stays though the backup does not have it: the
	// one of whoever restores, who would be locked out else.
	KeepToken string
}

// Restored says what a restore did.
type Restored struct {
	Position traffic.Position // the head from now on
	Same     bool             // the backup is of this installation; keys and logs stayed
}

// Restore puts the state of a backup in place of what is there, in one transaction:
// all of it or, after any error, nothing. Errors wrap backup.ErrDamaged and
// backup.ErrNewer.
//
// The epoch is higher than any that the store, the backup or the clock know, so that
// nodes take the restored state for the later one though its revisions are fewer.
// Zone serials go forward from the highest known, as secondaries want them to.
func (s *Store) Restore(ctx context.Context, b *backup.Reader, o RestoreOptions) (Restored, error) {
	var out Restored
	err := s.update(ctx, func(tx *sql.Tx) error {
		r := &restore{s: s, tx: tx, o: o, b: b, serials: map[string]uint32{}}
		err := r.begin(ctx)
		if err == nil {
			err = r.rows(ctx)
		}
		if err == nil {
			err = r.finish(ctx)
		}
		out = r.out
		return err
	})
	if err != nil {
		return Restored{}, fmt.Errorf("restore: %w", err)
	}
	if err := s.indexLog(ctx); err != nil {
		return out, err
	}
	return out, nil
}

type restore struct {
	s  *Store
	tx *sql.Tx
	o  RestoreOptions
	b  *backup.Reader

	out     Restored
	epoch   uint64            // of the store before
	seed    []byte            // signing seed of the backup
	token   []any             // row of KeepToken, and its columns
	columns []string          // of token
	serials map[string]uint32 // highest known, by zone
	events  int64             // counter of the events that stay
}

func (r *restore) exec(ctx context.Context, query string, args ...any) error {
	_, err := r.tx.ExecContext(ctx, query, args...)
	return err
}

// begin takes note of what must outlive the restore, and empties the tables.
func (r *restore) begin(ctx context.Context) error {
	if r.s.pg {
		// SQLite has one writer. Here others wait, so that nothing of theirs lands between
		// what is deleted and what is put in its place.
		var names []string
		for _, t := range tables {
			if t.fate < alone {
				names = append(names, t.name)
			}
		}
		if err := r.exec(ctx, `LOCK TABLE `+strings.Join(names, ", ")+` IN EXCLUSIVE MODE`); err != nil {
			return err
		}
	}
	have, err := schema(ctx, r.tx)
	if err != nil {
		return err
	}
	if h := r.b.Header; h.Schema > have {
		return fmt.Errorf("its tables are of migration %d, this release knows %d: %w", h.Schema, have, backup.ErrNewer)
	}
	var installation, epoch int64
	if err := r.tx.QueryRowContext(ctx, `SELECT created_at, epoch FROM meta WHERE id = 1`).Scan(&installation, &epoch); err != nil {
		return err
	}
	r.epoch, r.out.Same = uint64(epoch), installation == r.b.Header.Installation
	if r.events, err = counter(ctx, r.tx, "event"); err != nil {
		return err
	}
	if err := r.noteSerials(ctx); err != nil {
		return err
	}
	if err := r.noteToken(ctx); err != nil {
		return err
	}
	for _, t := range slices.Backward(tables) {
		if t.name == "meta" || t.fate == kept && r.out.Same || t.fate == added || t.fate == alone {
			continue
		}
		if err := r.exec(ctx, `DELETE FROM `+t.name); err != nil {
			return fmt.Errorf("empty table %s: %w", t.name, err)
		}
	}
	return nil
}

// later keeps the higher of two serials, in the sense of RFC 1982 §3.2.
func (r *restore) later(zone string, serial uint32) {
	if old, ok := r.serials[zone]; !ok || int32(serial-old) > 0 {
		r.serials[zone] = serial
	}
}

// noteSerials remembers the serials of the zones that are there, or were.
func (r *restore) noteSerials(ctx context.Context) error {
	zones, err := zonesOf(ctx, r.tx)
	if err != nil {
		return err
	}
	for _, z := range zones {
		r.later(z.Name, z.Serial)
	}
	q, err := r.tx.QueryContext(ctx, `SELECT name, serial FROM gone_zone`)
	if err != nil {
		return err
	}
	defer q.Close()
	for q.Next() {
		var name string
		var serial int64
		if err := q.Scan(&name, &serial); err != nil {
			return err
		}
		r.later(name, uint32(serial))
	}
	return q.Err()
}

func zonesOf(ctx context.Context, tx *sql.Tx) ([]*traffic.Zone, error) {
	q, err := tx.QueryContext(ctx, `SELECT body FROM object WHERE kind = $1`, string(traffic.KindZone))
	if err != nil {
		return nil, err
	}
	defer q.Close()
	var out []*traffic.Zone
	for q.Next() {
		var body []byte
		if err := q.Scan(&body); err != nil {
			return nil, err
		}
		o, err := traffic.Decode(traffic.KindZone, body)
		if err != nil {
			return nil, err
		}
		out = append(out, o.(*traffic.Zone))
	}
	return out, q.Err()
}

func (r *restore) noteToken(ctx context.Context) (err error) {
	if r.columns, err = columnsOf(ctx, r.tx, "token"); err != nil || r.o.KeepToken == "" {
		return err
	}
	row, dest := make([]any, len(r.columns)), make([]any, len(r.columns))
	for i := range row {
		dest[i] = &row[i]
	}
	err = r.tx.QueryRowContext(ctx, `SELECT `+strings.Join(r.columns, ", ")+` FROM token WHERE id = $1`, r.o.KeepToken).Scan(dest...)
	switch {
	case errors.Is(err, sql.ErrNoRows): // whoever restores has no token, but a session or the machine
		return nil
	case err == nil:
		r.token = row
	}
	return err
}

// rows puts the backup's rows into their tables.
func (r *restore) rows(ctx context.Context) error {
	var table *backup.Table
	var in *inserter
	for {
		t, row, err := r.b.Next()
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return err
		}
		if in != nil && (end || table != t) {
			if err := in.flush(ctx, r.tx); err != nil {
				return err
			}
			in = nil
		}
		if end {
			return nil
		}
		if in == nil {
			table = t
			if in, err = r.inserter(ctx, t); err != nil {
				return err
			}
		}
		if t.Name == "meta" {
			if i := slices.Index(t.Columns, "signing_seed"); i >= 0 {
				r.seed, _ = row[i].([]byte)
			}
		}
		if err := in.add(ctx, r.tx, row); err != nil {
			return err
		}
	}
}

// inserter puts rows into one table.
type inserter struct {
	table string
	skip  bool // the table is not written row by row, or not at all
	rows  rows
	bytes int
}

func (r *restore) inserter(ctx context.Context, t *backup.Table) (*inserter, error) {
	f := alone
	for _, k := range tables {
		if k.name == t.Name {
			f = k.fate
		}
	}
	if f >= cleared {
		return nil, fmt.Errorf("this release has no place for its table %q: %w", t.Name, backup.ErrNewer)
	}
	have, err := columnsOf(ctx, r.tx, t.Name)
	if err != nil {
		return nil, err
	}
	for _, c := range t.Columns {
		if !slices.Contains(have, c) {
			return nil, fmt.Errorf("this release has no place for column %q of its table %s: %w", c, t.Name, backup.ErrNewer)
		}
	}
	in := &inserter{table: t.Name, skip: t.Name == "meta" || f == kept && r.out.Same, rows: r.into(t.Name, t.Columns)}
	if f == added {
		in.rows.tail = ` ON CONFLICT DO NOTHING`
	}
	return in, nil
}

func (r *restore) into(table string, columns []string) rows {
	return rows{head: `INSERT INTO ` + table + ` (` + strings.Join(columns, ", ") + `)`, columns: len(columns), pg: r.s.pg}
}

// maxRows and maxBytes bound what is held before it is written: a row of a revision may
// be megabytes.
const (
	maxRows  = 256
	maxBytes = 4 << 20
)

func (in *inserter) add(ctx context.Context, tx *sql.Tx, row backup.Row) error {
	if in.skip {
		return nil
	}
	in.rows.add(row...)
	for _, v := range row {
		if b, ok := v.([]byte); ok {
			in.bytes += len(b)
		}
	}
	if len(in.rows.args) < maxRows*in.rows.columns && in.bytes < maxBytes {
		return nil
	}
	return in.flush(ctx, tx)
}

func (in *inserter) flush(ctx context.Context, tx *sql.Tx) error {
	err := classify(in.rows.insert(ctx, tx))
	in.rows.args, in.bytes = in.rows.args[:0], 0
	switch {
	case errors.Is(err, ErrExists):
		return fmt.Errorf("table %s: two rows with one key: %w (%w)", in.table, backup.ErrDamaged, err)
	case err != nil:
		return fmt.Errorf("table %s: %w", in.table, err)
	}
	return nil
}

// finish makes what was put there the head of a new epoch.
func (r *restore) finish(ctx context.Context) error {
	h := r.b.Header
	p := h.Position
	p.Epoch = max(r.epoch, h.Position.Epoch, r.o.Known, uint64(r.o.At.UnixMilli())) + 1
	if err := r.exec(ctx, `UPDATE meta SET epoch = $1, revision = $2, chain = $3 WHERE id = 1`, int64(p.Epoch), int64(p.Revision), p.Chain[:]); err != nil {
		return err
	}
	if !r.out.Same {
		if len(r.seed) == 0 {
			return fmt.Errorf("it has no signing key: %w", backup.ErrDamaged)
		}
		if err := r.exec(ctx, `UPDATE meta SET signing_seed = $1, created_at = $2 WHERE id = 1`, r.seed, h.Installation); err != nil {
			return err
		}
	} else if err := r.exec(ctx, `UPDATE counter SET value = $1 WHERE name = 'event'`, r.events); err != nil {
		return err
	}
	if err := r.moveSerials(ctx); err != nil {
		return err
	}
	if r.token != nil {
		if err := r.keepToken(ctx); err != nil {
			return err
		}
	}
	for _, c := range []string{"event", "compacted", "unindexed"} { // a backup of an older release lacks some
		if err := r.exec(ctx, `INSERT INTO counter (name, value) VALUES ($1, 0) ON CONFLICT DO NOTHING`, c); err != nil {
			return err
		}
	}
	r.out.Position = p
	return r.exec(ctx, `UPDATE counter SET value = $1 WHERE name = 'unindexed'`, int64(p.Revision))
}

func (r *restore) moveSerials(ctx context.Context) error {
	if err := r.noteSerials(ctx); err != nil { // of the backup too
		return err
	}
	zones, err := zonesOf(ctx, r.tx)
	if err != nil {
		return err
	}
	y, m, d := r.o.At.UTC().Date()
	today := uint32(y)*1000000 + uint32(m)*10000 + uint32(d)*100
	for _, z := range zones {
		z.Serial = traffic.NextSerial(r.serials[z.Name], today)
		delete(r.serials, z.Name)
		if err := r.exec(ctx, `UPDATE object SET body = $1 WHERE kind = $2 AND name = $3`, traffic.Encode(z), string(traffic.KindZone), z.Name); err != nil {
			return err
		}
	}
	for name, serial := range r.serials {
		if err := keepSerial(ctx, r.tx, &traffic.Zone{Name: name, Serial: serial}); err != nil {
			return err
		}
	}
	return nil
}

// keepToken puts the token back if it is not in the backup. Another of its name gives
// way: it is older, and its owner can be given a new one.
func (r *restore) keepToken(ctx context.Context) error {
	name := r.token[slices.Index(r.columns, "name")]
	var there int
	if err := r.tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM token WHERE id = $1`, r.o.KeepToken).Scan(&there); err != nil || there > 0 {
		return err
	}
	if err := r.exec(ctx, `DELETE FROM token WHERE name = $1`, name); err != nil {
		return err
	}
	// Of a user who is not in the backup it becomes nobody's, with the grants that stand in it.
	owner := slices.Index(r.columns, "owner")
	var known int
	if err := r.tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM users WHERE id = $1`, r.token[owner]).Scan(&known); err != nil {
		return err
	}
	if known == 0 {
		r.token[owner] = ""
	}
	in := r.into("token", r.columns)
	in.add(r.token...)
	return in.insert(ctx, r.tx)
}
