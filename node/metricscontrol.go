package node

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// What control has. Nodes are told apart by id, for they are as many as were invited.
var (
	mRequests     = counter("control", "http_requests_total", "Requests to the API by route and status; other where there is no such route.", "method", "route", "code")
	mRequestTime  = histogram("control", "http_request_duration_seconds", "How long requests took, without streams of events.", []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, "method", "route")
	mCommits      = counter("control", "commits_total", "Change sets by what came of them: committed, unchanged, replayed (by its key), refused, or failed.", "outcome")
	mCommitTime   = histogram("control", "commit_duration_seconds", "How long change sets took that were committed, the wait for their turn included.", []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10})
	mStoreTime    = histogram("control", "store_duration_seconds", "How long the configuration store took: to write a transaction, or to tell the head, which control asks for all the time.", []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}, "op")
	mStoreErrors  = counter("control", "store_errors_total", "Times that the configuration store did not answer or did not do what it was asked to.", "op")
	mHead         = gauge("control", "control_revision", "Newest revision that this control process knows.")
	mObjects      = gauge("control", "objects", "Objects of the configuration.", "kind")
	mOverrides    = gauge("control", "overrides", "Orders of operators in force above the configuration.")
	mLease        = gauge("control", "lease_held", "1 while this process leads: it does what only one control process may do.")
	mControls     = gauge("control", "control_processes", "Control processes on the store, by whether they are heard.", "state")
	mSessions     = gauge("control", "sessions", "People signed in, by session; as of half a minute ago at most. Absent while the store does not answer.")
	mPublished    = gauge("control", "published_revision", "Newest revision that nodes can get.")
	mPublishLag   = gauge("control", "publish_lag_revisions", "Revisions that are committed and that nodes cannot get yet.")
	mRevisionsOut = counter("control", "published_revisions_total", "Revisions that this process has given to the message bus.")
	mSnapshots    = counter("control", "published_snapshots_total", "Snapshots that this process has given to the message bus.")
	mPublishFails = counter("control", "publish_failures_total", "Attempts to publish that failed and were made again.")
	mNodes        = gauge("control", "nodes", "Nodes that were heard, by role and by whether they are now.", "role", "state")
	mCurrent      = gauge("control", "nodes_current", "Nodes that are heard and at the newest revision.")
	mDiffering    = gauge("control", "nodes_differing", "Resolvers that are heard and whose verdicts are not those of most.")
	mNodeLag      = gauge("control", "node_lag_revisions", "How many revisions a node is behind.", "node")
	mNodeBehind   = gauge("control", "node_lag_seconds", "How long ago the first revision was made that a node lacks; 0 when it lacks none.", "node")
	mNodeSilent   = gauge("control", "node_silence_seconds", "How long a node has not been heard.", "node")
	mNodeReady    = gauge("control", "node_ready", "1 when a node says that it does what its roles promise.", "node")
	mNodeAlarms   = gauge("control", "node_alarms", "Number of alarms of a node; the status names them.", "node")
	mNodeSkew     = gauge("control", "node_clock_skew_seconds", "How far a node's clock is ahead of control's.", "node")
	mQueued       = gauge("control", "history_queued_rows", "Rows of history that wait to be written.")
	mWriteTime    = gauge("control", "history_write_seconds", "How long the last transaction of history took.")
	mWritten      = counter("control", "history_written_rows_total", "Rows of history written.")
	mDropped      = counter("control", "history_dropped_rows_total", "Rows of history lost: for want of room in memory when its database does not keep up, or refused by it.", "what")
)

// controlCounts is what control counts as it works.
type controlCounts struct {
	requests      *prometheus.CounterVec
	seconds       *prometheus.HistogramVec
	commits       *prometheus.CounterVec
	commitSeconds *prometheus.HistogramVec
	store         *prometheus.HistogramVec
	storeErrors   *prometheus.CounterVec
}

var commitOutcomes = []string{"committed", "unchanged", "replayed", "refused", "failed"}

func newControlCounts() *controlCounts {
	c := &controlCounts{mRequests.counterVec(), mRequestTime.histogramVec(), mCommits.counterVec(), mCommitTime.histogramVec(), mStoreTime.histogramVec(), mStoreErrors.counterVec()}
	for _, o := range commitOutcomes {
		c.commits.WithLabelValues(o)
	}
	c.commitSeconds.WithLabelValues()
	for _, op := range []store.Op{store.OpWrite, store.OpHead} {
		c.store.WithLabelValues(string(op))
		c.storeErrors.WithLabelValues(string(op))
	}
	return c
}

// request takes one request to the API.
func (c *controlCounts) request(method, route string, status int, took time.Duration, stream bool) {
	if route == "" {
		route = "other"
		if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method) {
			method = "other" // anybody may make up words
		}
	}
	c.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	if !stream {
		c.seconds.WithLabelValues(method, route).Observe(took.Seconds())
	}
}

// commit takes one change set.
func (c *controlCounts) commit(took time.Duration, r control.Result, err error) {
	outcome := "committed"
	switch {
	case errors.Is(err, store.ErrUnavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		outcome = "failed"
	case err != nil:
		outcome = "refused"
	case r.Replayed:
		outcome = "replayed"
	case len(r.Changes) == 0:
		outcome = "unchanged"
	}
	c.commits.WithLabelValues(outcome).Inc()
	if outcome == "committed" {
		c.commitSeconds.WithLabelValues().Observe(took.Seconds())
	}
}

// stored takes one call of the store.
func (c *controlCounts) stored(op store.Op, took time.Duration, err error) {
	c.store.WithLabelValues(string(op)).Observe(took.Seconds())
	if errors.Is(err, store.ErrUnavailable) {
		c.storeErrors.WithLabelValues(string(op)).Inc()
	}
}

func (n *node) measureControl(put put) {
	c := n.control
	var head traffic.Position
	c.service.View(func(m *traffic.Model, p traffic.Position) {
		head = p
		for _, k := range traffic.Kinds {
			put(mObjects, float64(m.Len(k)), string(k))
		}
		put(mOverrides, float64(m.Len(traffic.KindOverride)))
	})
	put(mHead, float64(head.Revision))
	put(mLease, boolean(n.leads()))
	states := map[string]int{"heard": 0, "lost": 0}
	for _, p := range (live{n}).Controls() {
		if p.Lost {
			states["lost"]++
		} else {
			states["heard"]++
		}
	}
	for s, v := range states {
		put(mControls, float64(v), s)
	}
	if v := c.sessions.Load(); v >= 0 {
		put(mSessions, float64(v))
	}
	if c.pub == nil {
		return
	}
	done := c.pub.Position()
	put(mPublished, float64(done.Revision))
	lag := uint64(0)
	if done.Before(head) {
		lag = head.Revision
		if done.Epoch == head.Epoch {
			lag -= done.Revision
		}
	}
	put(mPublishLag, float64(lag))
	s := c.pub.Stats()
	put(mRevisionsOut, float64(s.Revisions))
	put(mSnapshots, float64(s.Snapshots))
	put(mPublishFails, float64(s.Failures))
}

func (n *node) measureFleet(put put) {
	if n.control.roster == nil {
		return
	}
	type group struct{ role, state string }
	groups := map[group]int{}
	for _, r := range []string{RoleControl, RoleResolver, RoleProber} {
		groups[group{r, "heard"}], groups[group{r, "silent"}] = 0, 0
	}
	current, digests, resolvers, most := 0, map[string]int{}, 0, 0
	for _, h := range (live{n}).Nodes() {
		for _, r := range h.Roles {
			if g := (group{r, h.State}); slices.Contains([]string{RoleControl, RoleResolver, RoleProber}, r) {
				groups[g]++
			}
			if r == RoleResolver && h.Present() {
				resolvers++
				digests[h.Verdicts]++
				most = max(most, digests[h.Verdicts])
			}
		}
		if h.Present() && h.Behind == 0 {
			current++
		}
		put(mNodeLag, float64(h.Behind), h.ID)
		put(mNodeBehind, time.Duration(h.BehindFor).Seconds(), h.ID)
		put(mNodeSilent, time.Duration(h.Silent).Seconds(), h.ID)
		put(mNodeReady, boolean(h.Ready && h.Present()), h.ID)
		put(mNodeAlarms, float64(len(h.Alarms)), h.ID)
		put(mNodeSkew, time.Duration(h.Skew).Seconds(), h.ID)
	}
	for g, v := range groups {
		put(mNodes, float64(v), g.role, g.state)
	}
	put(mCurrent, float64(current))
	put(mDiffering, float64(resolvers-most))
}

func (n *node) measureHistory(put put) {
	s := n.control.history.Stats()
	put(mQueued, float64(s.Queued))
	put(mWriteTime, s.Took.Seconds())
	put(mWritten, float64(s.Written))
	for _, d := range s.Dropped {
		put(mDropped, float64(d.Rows), d.What)
	}
}

// countEverySessions is how old the number of sessions may be: it is one query.
const countEverySessions = 30 * time.Second

// countSessions asks the store how many are signed in, now and then: a scrape must not
// wait for it.
func (n *node) countSessions(ctx context.Context) error {
	t := time.NewTicker(countEverySessions)
	defer t.Stop()
	for {
		look, cancel := context.WithTimeout(ctx, countAnswer)
		v, err := n.control.store.CountSessions(look, time.Now())
		cancel()
		if err != nil {
			v = -1
		}
		n.control.sessions.Store(int64(v))
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
