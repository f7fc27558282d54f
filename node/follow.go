package node

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/follow"
	"github.com/meridian-gtm/meridian/health/check"
	"github.com/meridian-gtm/meridian/health/vantage"
	"github.com/meridian-gtm/meridian/health/view"
	"github.com/meridian-gtm/meridian/internal/pki"
	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/resolve/dnstap"
	"github.com/meridian-gtm/meridian/resolve/listen"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
)

// node is one running process.
type node struct {
	o       Options
	log     *slog.Logger
	started time.Time
	unlock  func()
	ctx     context.Context // of the parts
	until   context.Context // ends when the process is told to stop
	group   *errgroup.Group
	stops   []func()

	bus      *distribute.Bus
	follower *follow.Follower
	reporter *distribute.Reporter
	currents *distribute.CurrentsNode
	lapse    *lapser // nil without control and resolver
	maps     *follow.Blobs
	mapMu    sync.Mutex
	lastMap  traffic.Hash // guarded by mapMu

	control *controlRole // nil without the role
	state   *resolve.State
	view    *view.View // nil without control and resolver
	vantage *vantage.Vantage
	prober  *check.Prober

	certs   []*pki.Server    // of listeners, to be read again
	resets  chan traffic.Key // scopes whose current member is to be forgotten
	workers atomic.Pointer[[]*dnsWorker]
	socks   atomic.Pointer[listen.Sockets]
	tails   *tails // nil without resolver
	counted dnsTotals
	probed  *probed // nil without prober
	turned  turned
	file    *queryFile     // nil without a query log file
	dnstap  *dnstap.Sender // nil without a collector

	registered   sync.Once
	metrics      *prometheus.Registry
	metricsToken string // for /metrics without control
	addrs        Addrs
	booted       bool        // the disk held a configuration to serve by
	decides      atomic.Bool // first moves of non-preemptive policies are made
	serving      atomic.Bool // DNS sockets are bound
	api          atomic.Bool // API is bound

	mu     sync.Mutex // guards the fields below
	model  *traffic.Model
	have   bool // a configuration is in force
	first  chan struct{}
	alarms map[string]string // by source
}

// startFollowing brings back configuration and verdicts from disk and begins to
// follow control. In the all-in-one too the resolver gets its configuration only
// this way.
func (n *node) startFollowing(keys []ed25519.PublicKey, serial uint64) error {
	n.model, n.first = traffic.NewModel(), make(chan struct{})
	n.resets = make(chan traffic.Key, 1024)
	dir, err := n.dir("node")
	if err != nil {
		return err
	}
	if n.currents, err = distribute.NewCurrentsNode(dir, n.bus, n.log); err != nil {
		return err
	}
	judges := n.o.has(RoleControl) || n.o.has(RoleResolver)
	if judges {
		n.view = view.New(view.Options{Bus: n.bus, Dir: dir, Log: n.log})
		if n.maps, err = follow.NewBlobs(filepath.Join(dir, "maps"), n.bus.Conn(), n.log); err != nil {
			return err
		}
		n.state = resolve.NewState(resolve.Options{Workers: n.workerCount(), Counters: workerCounters, Verdict: n.view.Verdict, Currents: &patient{Currents: n.currents, ready: &n.decides}, Map: n.loadMap, Log: n.log})
		n.keptMap()
		n.lapse = newLapser(dir, n.state.Lapse, func(text string) { n.alarm("overrides", text) }, n.log)
		n.view.OnChange(func(tasks []traffic.TaskKey) {
			n.state.VerdictsChanged(tasks)
			n.changed()
		})
		n.currents.OnChange(n.state.CurrentsChanged)
		n.view.OnEvent(n.turned.note)
		if n.o.has(RoleResolver) {
			n.tails = newTails(n.state, n.o.QueryLog.NoTail)
		}
	}
	if n.o.has(RoleProber) {
		n.prober = check.New(check.Options{Policy: check.Policy{Allow: n.o.ProbeAllow}, Log: n.log})
		n.onStop(func() { n.prober.Close() })
		n.probed = newProbed()
		if n.vantage, err = vantage.New(vantage.Options{ID: n.o.Vantage, Observe: n.probed.observe, Labels: n.o.Labels, Bus: n.bus, Prober: n.prober, Log: n.log}); err != nil {
			return err
		}
	}
	if n.reporter, err = distribute.NewReporter(n.bus, n.o.ID, n.status, n.log); err != nil {
		return err
	}
	n.follower, err = follow.New(follow.Options{Dir: dir, Conn: n.bus.Conn(), Keys: keys, KeySerial: serial, Apply: n.apply, Log: n.log})
	if err != nil {
		return err
	}
	if n.booted, err = n.follower.Boot(); err != nil {
		// Not the end: control can send it again.
		n.log.Error("configuration from disk", "error", err)
	}
	if p, _ := n.follower.Position(); p.Revision == 0 {
		n.booted = false
	}
	if judges {
		n.run("verdicts", n.view.Run)
		n.run("ends of overrides", n.lapse.Run)
		n.run("location map", n.retryMap)
		n.run("explain", n.answerExplain)
		n.run("current members", n.currents.Run)
		if n.o.has(RoleResolver) {
			n.run("query tails", n.answerQueries)
			n.counted.names = n.o.MetricsNames
			if n.o.QueryLog.File != "" {
				n.file = n.newQueryFile()
				n.run("query log", n.file.run)
			}
			if d := n.o.Dnstap; d.Target != (dnstap.Target{}) {
				n.dnstap = dnstap.New(dnstap.Options{State: n.state, Target: d.Target, Every: d.Every, Domains: d.Domains, Queries: d.Queries, Identity: n.o.ID, Version: "meridian " + n.o.Version, Log: n.log})
				n.run("dnstap", n.dnstap.Run)
			}
		}
		if !n.o.has(RoleResolver) {
			n.run("first moves", func(ctx context.Context) error {
				n.settle(ctx)
				return nil
			})
		}
	}
	n.run("orders from control", n.takeOrders)
	n.run("follower", n.follower.Run)
	return nil
}

// apply puts one step of configuration in force in every part of this process.
func (n *node) apply(u follow.Update) error {
	// The follower calls this one at a time. A new location map may take long to come,
	// and status and readiness must be told meanwhile, so not under the lock.
	if n.state != nil {
		n.lapse.learn(u)
		if err := n.state.Apply(u.Position, u.Full, u.Changes); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	next := n.model
	if u.Full {
		next = traffic.NewModel()
	}
	next.Apply(u.Changes)
	n.model = next
	if n.control != nil {
		n.noteResets(u.Changes)
	}
	if touchesTasks(u) {
		if n.view != nil {
			n.view.SetModel(next)
		}
		if n.vantage != nil {
			n.vantage.SetModel(next)
		}
	}
	if !n.have {
		n.have = true
		close(n.first)
	}
	n.changed()
	return nil
}

func touchesTasks(u follow.Update) bool {
	return u.Full || slices.ContainsFunc(u.Changes, func(c traffic.Change) bool {
		return c.Key.Kind == traffic.KindAddress || c.Key.Kind == traffic.KindTemplate
	})
}

// changed says that the node's status is another one.
func (n *node) changed() {
	if n.reporter != nil {
		n.reporter.Changed()
	}
}

// mapWait bounds how long a revision waits for the location map it names. A map is
// some tens of megabytes; on a slower line the previous one stays in force meanwhile.
const mapWait = 20 * time.Second

// loadMap gets a map for the state.
func (n *node) loadMap(hash string) (*line.Map, error) {
	h, err := parseHash(hash)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(n.ctx, mapWait)
	defer cancel()
	// Whoever waits here may be a part that the stop waits for.
	defer context.AfterFunc(n.until, cancel)()
	b, err := n.maps.Get(ctx, h)
	if err != nil {
		return nil, err
	}
	m, err := line.ReadMap(b)
	if err != nil {
		return nil, fmt.Errorf("read location map: %w", err)
	}
	n.mapMu.Lock()
	defer n.mapMu.Unlock()
	if h != n.lastMap {
		// The previous one stays for the way back.
		if err := n.maps.Keep(h, n.lastMap); err != nil {
			n.log.Warn("old location maps stay", "error", err)
		}
		n.lastMap = h
	}
	return m, nil
}

// keptMap puts the map on disk in force until the configuration says otherwise: should
// that name one that was never fetched, clients are located as before the restart.
func (n *node) keptMap() {
	h, b, ok := n.maps.Latest()
	if !ok {
		return
	}
	m, err := line.ReadMap(b)
	if err != nil {
		n.log.Warn("the location map on disk is not used", "hash", h.String(), "error", err)
		return
	}
	n.state.UseMap(h.String(), m)
	n.lastMap = h
}

func parseHash(s string) (h traffic.Hash, err error) {
	err = h.UnmarshalText([]byte(s))
	return h, err
}

// retryMap asks again for a location map that could not be had.
func (n *node) retryMap(ctx context.Context) error {
	t := time.NewTicker(2 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if _, alarm := n.state.GeoMap(); alarm != "" {
				if err := n.state.RefreshMap(); err != nil {
					n.log.Warn("location map", "error", err)
				}
				n.changed()
			}
		}
	}
}

// alarm sets what is wrong in one part of the node, "" for nothing.
func (n *node) alarm(source, text string) {
	n.mu.Lock()
	old := n.alarms[source]
	if text == "" {
		delete(n.alarms, source)
	} else {
		n.alarms[source] = text
	}
	n.mu.Unlock()
	if old != text {
		if text != "" {
			n.log.Warn("alarm", "part", source, "what", text)
		}
		n.changed()
	}
}

// served lists the certificates of files that this process serves, each file once.
func (n *node) served() (out []traffic.CertificateStatus) {
	n.mu.Lock()
	certs := slices.Clone(n.certs)
	n.mu.Unlock()
	for _, c := range certs {
		if file, at := c.Ends(); file != "" && !slices.ContainsFunc(out, func(s traffic.CertificateStatus) bool { return s.File == file }) {
			out = append(out, traffic.CertificateStatus{File: file, EndsAt: at.UTC()})
		}
	}
	return out
}

// status is what the node tells control.
func (n *node) status() traffic.NodeStatus {
	s := traffic.NodeStatus{Roles: n.o.Roles, Version: n.o.Version, Labels: n.labels(), Started: n.started.UTC(), Ready: n.ready() == nil}
	s.Position, _ = n.follower.Position()
	if n.o.has(RoleResolver) {
		s.DNS = n.o.DNS
	}
	if n.state != nil {
		var why string
		if s.GeoMap, why = n.state.GeoMap(); why != "" {
			s.Alarms = append(s.Alarms, why)
		}
	}
	if n.view != nil {
		s.Verdicts = n.view.Digest()
		s.Cold = n.view.Cold()
		if why := n.view.Alarm(); why != "" {
			s.Alarms = append(s.Alarms, why)
		}
	}
	if n.vantage != nil {
		if v := n.vantage.Status(); v.Isolated != "" {
			s.Alarms = append(s.Alarms, "this vantage abstains: "+v.Isolated)
		}
	}
	s.Queries = n.tally().Queries
	s.Certificates = n.served()
	s.Alarms = append(s.Alarms, n.follower.Alarms()...)
	if n.control != nil && n.control.pub != nil {
		s.Alarms = append(s.Alarms, n.control.pub.Alarms()...)
	}
	if n.control != nil {
		if a := n.control.history.Alarm(); a != "" {
			s.Alarms = append(s.Alarms, a)
		}
	}
	if n.control == nil && !n.bus.Connected() { // control's publisher has words of its own
		s.Alarms = append(s.Alarms, "no connection to the message bus: neither changes nor health come here until it is back")
	}
	n.mu.Lock()
	for _, a := range n.alarms {
		s.Alarms = append(s.Alarms, a)
	}
	n.mu.Unlock()
	slices.Sort(s.Alarms)
	return s
}

// ready returns what the process still waits for, nil when it does what it promises.
// It never depends on control, NATS or probers being there (design D5).
func (n *node) ready() error {
	switch {
	case n.o.has(RoleResolver) && !n.serving.Load():
		n.mu.Lock()
		defer n.mu.Unlock()
		if !n.have {
			return errors.New("no configuration yet: this node has never had a snapshot, and control has not sent one")
		}
		return errors.New("DNS sockets are not open yet")
	case n.o.has(RoleControl) && !n.api.Load():
		return errors.New("the API is not open yet")
	}
	return nil
}
