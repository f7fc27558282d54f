package history

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// level is one resolution in which facts are kept.
type level struct {
	name string
	step time.Duration
}

// The levels, finest first. Days are those of UTC.
var levels = [...]level{{"minute", time.Minute}, {"hour", time.Hour}, {"day", 24 * time.Hour}}

// begin is the beginning of the interval that holds t.
func (l level) begin(t time.Time) time.Time { return t.UTC().Truncate(l.step) }

// family is one kind of facts: the tables NAME_minute, NAME_hour and NAME_day.
type family struct {
	name string
	keys []string // columns beside at
	sums []string // columns that add up
}

var (
	answers   = family{"answer", []string{"series"}, []string{"queries"}}
	zones     = family{"zone", []string{"node", "zone", "outcome"}, []string{"queries"}}
	codes     = family{"code", []string{"node", "type", "rcode"}, []string{"queries"}}
	clients   = family{"client", []string{"subnet", "country"}, []string{"queries", "samples"}}
	countries = family{"country", []string{"node", "country", "domain"}, []string{"queries", "samples"}}
	cover     = family{"cover", []string{"node"}, []string{"covered"}}
	probes    = family{"probe", []string{"series"}, nil} // added up in Go: spreads are no sums

	families = []family{answers, zones, codes, clients, countries, cover, probes}
)

func (f family) table(l level) string { return f.name + "_" + l.name }

// upto returns up to when a table's facts are added up to the next coarser level; the
// zero time when none are. lock ends the statement.
func upto(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, table string, lock ...string) (time.Time, error) {
	var at int64
	err := q.QueryRowContext(ctx, `SELECT upto FROM @rollup WHERE name = $1`+strings.Join(lock, ""), table).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return time.UnixMicro(at).UTC(), err
}
