package node

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/traffic"
)

// compareWait is how long a node's first start waits for the current members that
// control holds. It has just had its configuration from there; without control it
// serves all the same.
const compareWait = 2 * time.Second

// settle waits until this node may decide: for a configuration, then for verdicts. It
// says whether it starts without any, and false when ctx ends before.
func (n *node) settle(ctx context.Context) (cold, ok bool) {
	select {
	case <-n.first:
	case <-ctx.Done():
		return false, false
	}
	// What came from disk was served before and is served again, however old. But a
	// node's first configuration is not: it is a snapshot, older than the log behind it.
	// Revision 0 knows no zone, so it is nothing to start from either.
	if !n.booted {
		select {
		case <-n.follower.Level():
		case <-ctx.Done():
			return false, false
		}
		select {
		case <-n.currents.Compared():
		case <-time.After(compareWait):
		case <-ctx.Done():
			return false, false
		}
	}
	cold = n.view.Wait(ctx)
	if ctx.Err() != nil {
		return false, false
	}
	n.decides.Store(true)
	n.state.Recompile()
	return cold, true
}

// patient keeps a node that starts from choosing where nobody is current: it knows no
// verdicts yet, and its choice would stand against that of all others (design 5.1.3).
// What it answers meanwhile, to nobody, follows the same rule without a record.
type patient struct {
	resolve.Currents
	ready *atomic.Bool
}

// Move implements resolve.Currents.
func (p *patient) Move(scope traffic.Key, member string) traffic.Current {
	if c, _ := p.Get(scope); c.Member == "" && !p.ready.Load() {
		return c
	}
	return p.Currents.Move(scope, member)
}
