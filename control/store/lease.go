package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Fence proves who wrote: the term of a lease. A term that another holder has followed
// writes nothing any more, however late its process learns of it.
type Fence struct {
	Name   string
	Holder string
	Epoch  uint64
}

// ErrFenced: the lease under which this was to be written has another holder.
var ErrFenced = errors.New("the lease has passed to another process")

type fenceKey struct{}

// WithFence returns a context under which every transaction that writes commits only
// while the fence's term is the newest of its lease.
func WithFence(ctx context.Context, f Fence) context.Context {
	return context.WithValue(ctx, fenceKey{}, f)
}

// Fenced reports whether a context carries a fence.
func Fenced(ctx context.Context) bool {
	_, ok := ctx.Value(fenceKey{}).(Fence)
	return ok
}

// now is the database's clock in microseconds since 1970. In PostgreSQL the clock of
// this moment, not of the transaction's beginning.
func (s *Store) now() string {
	if s.pg {
		return `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`
	}
	return `CAST(unixepoch('subsec') * 1000000 AS INTEGER)`
}

// AcquireLease begins a term of a lease that nobody holds, or that the holder itself
// held in an earlier life, and returns its fence. ok is false while another holds it.
func (s *Store) AcquireLease(ctx context.Context, name, holder string, length time.Duration) (f Fence, ok bool, err error) {
	var epoch int64
	err = s.write.QueryRowContext(ctx, `
INSERT INTO lease (name, holder, epoch, until) VALUES ($1, $2, 1, `+s.now()+` + $3)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = lease.epoch + 1, until = excluded.until
WHERE lease.holder = excluded.holder OR lease.until <= `+s.now()+`
RETURNING epoch`, name, holder, length.Microseconds()).Scan(&epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return Fence{}, false, nil
	}
	if err != nil {
		return Fence{}, false, fmt.Errorf("acquire lease %s: %w", name, classify(err))
	}
	return Fence{Name: name, Holder: holder, Epoch: uint64(epoch)}, true, nil
}

// RenewLease makes a term last for another length from now, or returns ErrFenced when
// it is over. A term that has run out and that nobody followed goes on.
func (s *Store) RenewLease(ctx context.Context, f Fence, length time.Duration) error {
	return s.setUntil(ctx, "renew", f, s.now()+` + $4`, length.Microseconds())
}

// ReleaseLease ends a term before its time. It returns ErrFenced when it is over already.
func (s *Store) ReleaseLease(ctx context.Context, f Fence) error {
	return s.setUntil(ctx, "release", f, `$4`, 0)
}

func (s *Store) setUntil(ctx context.Context, act string, f Fence, until string, arg int64) error {
	r, err := s.write.ExecContext(ctx, `UPDATE lease SET until = `+until+` WHERE name = $1 AND holder = $2 AND epoch = $3`,
		f.Name, f.Holder, int64(f.Epoch), arg)
	if err != nil {
		return fmt.Errorf("%s lease %s: %w", act, f.Name, classify(err))
	}
	n, err := r.RowsAffected()
	if err != nil {
		return fmt.Errorf("%s lease %s: %w", act, f.Name, classify(err))
	}
	if n == 0 {
		return fmt.Errorf("%s lease %s: %w", act, f.Name, ErrFenced)
	}
	return nil
}

// Lease is who has a lease, as the database sees it now.
type Lease struct {
	Holder string
	Epoch  uint64
	Left   time.Duration // until its end; negative when it has run out
}

// Lease returns the last term of a lease, or ErrNotFound when there was none.
func (s *Store) Lease(ctx context.Context, name string) (Lease, error) {
	var l Lease
	var epoch, left int64
	err := s.read.QueryRowContext(ctx, `SELECT holder, epoch, until - `+s.now()+` FROM lease WHERE name = $1`, name).Scan(&l.Holder, &epoch, &left)
	if err != nil {
		return l, fmt.Errorf("read lease %s: %w", name, classify(err))
	}
	l.Epoch, l.Left = uint64(epoch), time.Duration(left)*time.Microsecond
	return l, nil
}

// checkFence is the last statement of a transaction: until it commits, the term cannot
// end. Not the first, or a long transaction would hold up its own process's renewal.
func (s *Store) checkFence(ctx context.Context, tx *sql.Tx) error {
	f, ok := ctx.Value(fenceKey{}).(Fence)
	if !ok {
		return nil
	}
	lock := ""
	if s.pg {
		lock = " FOR SHARE"
	}
	var one int
	err := tx.QueryRowContext(ctx, `SELECT 1 FROM lease WHERE name = $1 AND holder = $2 AND epoch = $3`+lock, f.Name, f.Holder, int64(f.Epoch)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrFenced
	}
	return err
}
