package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
)

// quickstart loads the example into an empty installation, and starts small HTTP
// endpoints on the loopback addresses that its health tasks probe. On later starts
// the endpoints come up again as long as the example's addresses are configured.
func (n *node) quickstart(ctx context.Context) error {
	set, err := file.Load(n.o.Quickstart)
	if err != nil {
		return fmt.Errorf("quickstart: %w", err)
	}
	empty := true
	n.control.service.View(func(m *traffic.Model, _ traffic.Position) {
		empty = m.Len(traffic.KindZone) == 0 && m.Len(traffic.KindAddress) == 0
	})
	if empty {
		r, err := n.control.service.Commit(ctx, control.ChangeSet{Put: set.Objects, ReplaceRecords: set.Whole, Set: "quickstart", Author: "quickstart", Source: "control", Comment: "the quickstart example"})
		if err != nil {
			return fmt.Errorf("quickstart: load %s: %w", n.o.Quickstart, err)
		}
		n.log.Info("quickstart example loaded", "revision", r.Revision)
	}
	return n.startEndpoints(set)
}

// startEndpoints serves every loopback address and port that an http task of the
// example probes.
func (n *node) startEndpoints(set *file.Set) error {
	ports := map[string]bool{}
	for _, o := range set.Objects {
		if t, ok := o.(*traffic.Template); ok && t.Protocol == traffic.HTTP {
			ports[t.Name] = true
		}
	}
	seen := map[string]bool{}
	for _, o := range set.Objects {
		a, ok := o.(*traffic.Address)
		if !ok || !a.IP().IsLoopback() {
			continue
		}
		for _, t := range a.Tasks {
			at := netip.AddrPortFrom(a.IP(), uint16(t.EffectivePort(traffic.HTTP))).String()
			if !ports[t.Template] || seen[at] {
				continue
			}
			seen[at] = true
			l, err := net.Listen("tcp", at)
			if err != nil {
				return fmt.Errorf("quickstart: endpoint %s of address %s: %w", at, a.Name, err)
			}
			n.serveHTTP("quickstart endpoint "+a.Name, l, endpoint(a.Name))
		}
	}
	return nil
}

// endpoint is a web server that can be told to fail and to recover.
func endpoint(name string) http.Handler {
	var down atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("POST /down", func(w http.ResponseWriter, r *http.Request) {
		down.Store(true)
		fmt.Fprintln(w, name+" fails from now on")
	})
	mux.HandleFunc("POST /up", func(w http.ResponseWriter, r *http.Request) {
		down.Store(false)
		fmt.Fprintln(w, name+" is well again")
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Error(w, name+" fails, as it was told", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, "ok: this is %s\n", name)
	})
	return mux
}

// announceReady tells once when everything that the roles promise is there.
func (n *node) announceReady(ctx context.Context) error {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for n.ready() != nil {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
	n.changed()
	if n.o.Quickstart != "" {
		n.awaitMap(ctx) // the lines to try differ by location
	}
	n.mu.Lock()
	addrs := n.addrs
	addrs.DNS = slices.Clone(addrs.DNS)
	n.mu.Unlock()
	if n.o.Quickstart != "" && len(addrs.DNS) > 0 {
		addrs.Quickstart = n.tryThis(addrs)
	}
	n.log.Info("ready", "roles", n.o.Roles, "dns", addrs.DNS, "api", addrs.API, "http", addrs.HTTP, "nats", addrs.NATS)
	if n.o.Ready != nil {
		n.o.Ready(addrs)
	}
	return nil
}

// awaitMap waits until the location map in control's folder is in force here, for as
// long as a slow disk may take; without a map it does not wait.
func (n *node) awaitMap(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		want, err := n.control.maps.load()
		if have, _ := n.state.GeoMap(); err != nil || want == have {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// tryThis says what to try first, from the configuration as it is.
func (n *node) tryThis(a Addrs) []string {
	var name string
	n.control.service.View(func(m *traffic.Model, _ traffic.Position) {
		for _, k := range m.Names(traffic.KindAccessDomain) {
			if d, ok := m.Get(traffic.Key{Kind: traffic.KindAccessDomain, Name: k}).(*traffic.AccessDomain); ok && d.Enabled && d.Policy == traffic.Proximity && name == "" {
				name = d.Name
			}
		}
	})
	if name == "" {
		return nil
	}
	dig := "dig @" + a.DNS[0].Addr().String() + " -p " + strconv.Itoa(int(a.DNS[0].Port())) + " +short " + name
	return []string{
		dig + " +subnet=202.96.128.0/24   # a client in Guangdong on China Telecom",
		dig + " +subnet=8.8.8.0/24        # a client in the United States",
	}
}
