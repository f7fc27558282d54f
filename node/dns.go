package node

import (
	"context"
	"sync/atomic"

	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/resolve/dnswire"
	"github.com/meridian-gtm/meridian/resolve/listen"
)

// workerCounters is how many counters each worker begins with, in pairs: 10,000 names
// of six answers each that are asked for within ten seconds, in half a megabyte.
const workerCounters = 1 << 16

// dnsWorker is a worker and what it serves.
type dnsWorker struct {
	*resolve.Worker
	tcp atomic.Bool
}

// workerCount is how many workers the DNS sockets will have: one for each core and
// address, and one for each TCP slot.
func (n *node) workerCount() int {
	if !n.o.has(RoleResolver) {
		return 1
	}
	return (len(n.o.DNS) + 1) * udpWorkers()
}

// serveDNS waits for a configuration, then for verdicts, then binds and serves.
func (n *node) serveDNS(ctx context.Context) error {
	// A resolver without a snapshot knows nothing, and says nothing: not REFUSED, not
	// NXDOMAIN, not SERVFAIL. So it does not even bind (design D5).
	cold, ok := n.settle(ctx)
	if !ok {
		return nil
	}
	// All workers are made here and taken by the sockets' goroutines one by one.
	workers := make([]*dnsWorker, n.workerCount())
	for i := range workers {
		workers[i] = &dnsWorker{Worker: n.state.NewWorker(i, dnswire.DefaultUDP)}
	}
	n.workers.Store(&workers)
	var taken atomic.Int64
	socks, err := listen.Open(n.o.DNS, listen.Config{Workers: udpWorkers(), NewWorker: func(tcp bool) listen.Worker {
		w := workers[taken.Add(1)-1]
		w.tcp.Store(tcp)
		return listen.Worker{Handle: w.Handle, Begin: w.Begin, End: w.End}
	}})
	if err != nil {
		return err
	}
	n.socks.Store(socks)
	n.mu.Lock()
	n.addrs.DNS = socks.Addrs()
	n.mu.Unlock()
	n.log.Info("answering DNS", "addresses", n.o.DNS, "backend", socks.Backend(), "cold", cold)
	n.serving.Store(true)
	n.changed()
	defer n.serving.Store(false)
	return socks.Run(ctx)
}

// tally adds up what all workers counted.
func (n *node) tally() (sum resolve.Tally) {
	list := n.workers.Load()
	if list == nil {
		return sum
	}
	for _, w := range *list {
		sum.Add(w.Tally())
	}
	return sum
}
