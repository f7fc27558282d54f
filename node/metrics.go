package node

import (
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// What every node has.
var (
	mBuild    = gauge("", "build_info", "1, with the release of this program, the Go that built it and the roles that it runs.", "version", "go_version", "roles")
	mReady    = gauge("", "ready", "1 when the node does what its roles promise.")
	mAlarms   = gauge("", "alarms", "Number of alarms; the node's status names them.")
	mBus      = gauge("", "bus_connected", "1 while the node has a connection to the message bus.")
	mRevision = gauge("", "config_revision", "Revision of the configuration in force on this node.")
	mEpoch    = gauge("", "config_epoch", "Epoch of that revision; it goes up when control is restored.")
	mApplied  = gauge("", "config_applied_timestamp_seconds", "When that revision was put in force here.")
	mHeadLag  = gauge("", "config_lag_revisions", "How many revisions the node is behind what control announced last; of another epoch, all of them.")
	mBehind   = gauge("", "config_lag_seconds", "How long control has been ahead of this node; 0 while it is not.")
	mHeard    = gauge("", "config_announcement_age_seconds", "How long ago control was heard last; absent if never.")
	mRefusals = counter("", "config_refused_total", "What came from control, or lay on disk, and was not taken over, by what was wrong with it.", "reason")
	mGeoMap   = gauge("resolver, control", "location_map_current", "1 while the location map in force is the one that the configuration names.")
)

// registry is what /metrics serves, made once.
func (n *node) registry() *prometheus.Registry {
	n.registered.Do(func() {
		r := prometheus.NewRegistry()
		r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
		s := measures{n.measureNode}
		if n.o.has(RoleResolver) {
			s = append(s, n.measureResolver)
			r.MustRegister(batchSizes{&n.counted})
		}
		if n.view != nil {
			s = append(s, n.measureVerdicts)
		}
		if n.vantage != nil {
			s = append(s, n.measureVantage)
			r.MustRegister(n.probed.results, n.probed.seconds)
		}
		if n.control != nil {
			s = append(s, n.measureControl, n.measureFleet, n.measureHistory, n.measureAlerts)
			c := n.control.counts
			r.MustRegister(c.requests, c.seconds, c.commits, c.commitSeconds, c.store, c.storeErrors)
		}
		r.MustRegister(s)
		n.metrics = r
	})
	return n.metrics
}

func (n *node) measureNode(put put) {
	put(mBuild, 1, n.o.Version, runtime.Version(), strings.Join(n.o.Roles, ","))
	put(mReady, boolean(n.ready() == nil))
	put(mAlarms, float64(len(n.status().Alarms)))
	put(mBus, boolean(n.bus.Connected()))
	f := n.follower.Stats()
	put(mRevision, float64(f.Position.Revision))
	put(mEpoch, float64(f.Position.Epoch))
	if !f.Since.IsZero() {
		put(mApplied, seconds(f.Since))
	}
	lag := uint64(0)
	if f.Position.Before(f.Head) {
		lag = f.Head.Revision
		if f.Head.Epoch == f.Position.Epoch {
			lag -= f.Position.Revision
		}
	}
	put(mHeadLag, float64(lag))
	put(mBehind, f.Behind.Seconds())
	if f.Heard > 0 {
		put(mHeard, f.Heard.Seconds())
	}
	for reason, v := range f.Refused {
		put(mRefusals, float64(v), reason)
	}
	if n.state != nil {
		_, why := n.state.GeoMap()
		put(mGeoMap, boolean(why == ""))
	}
}

// seconds is a time as Prometheus has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
