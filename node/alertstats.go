package node

import (
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/control/alert/watch"
	"github.com/meridian-gtm/meridian/control/history"
)

// missing remembers whether statistics are missing, for the loop that tells.
type missing struct{ yes atomic.Bool }

func (m *missing) is() bool { return m.yes.Load() }

// note looks whether any report of the last minutes is there, which resolvers that have
// been up for longer must have sent.
func (m *missing) note(resolvers int, covered []history.Covered, until time.Time) {
	reported := false
	for _, c := range covered {
		reported = reported || !c.At.Before(until.Add(-watch.Lately))
	}
	m.yes.Store(resolvers > 0 && !reported)
}
