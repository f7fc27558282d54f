package node

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/resolve/listen"
	"github.com/meridian-gtm/meridian/traffic/querylog"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// What a resolver has. Those marked "each ten seconds" are taken from the workers'
// counts as statistics are, so that a query costs nothing more.
var (
	mServing     = gauge("resolver", "dns_serving", "1 while DNS sockets are bound.")
	mCold        = gauge("resolver", "dns_cold", "1 while the node serves without having heard any vantage since it started.")
	mZones       = gauge("resolver", "dns_zones", "Zones that are served.")
	mNames       = gauge("resolver", "dns_names", "Names in the index, of all zones.")
	mQueries     = counter("resolver", "dns_queries_total", "Packets received as queries.", "transport")
	mSilent      = counter("resolver", "dns_unanswered_total", "Packets that may not be answered: responses, and what is shorter than a header.", "transport")
	mFormErr     = counter("resolver", "dns_malformed_total", "Queries answered with FORMERR.", "transport")
	mSteered     = counter("resolver", "dns_steered_total", "Answers made by access domains.", "transport")
	mNXDomain    = counter("resolver", "dns_nxdomain_total", "Answers with NXDOMAIN.", "transport")
	mRefused     = counter("resolver", "dns_refused_total", "Answers with REFUSED.", "transport")
	mTruncated   = counter("resolver", "dns_truncated_total", "Answers that did not fit and ask the client to come back over TCP.", "transport")
	mECS         = counter("resolver", "dns_client_subnet_total", "Queries that tell a client subnet (RFC 7871).", "transport")
	mWorker      = counter("resolver", "dns_worker_queries_total", "Packets received by each worker: one for each core and UDP address, and one for each TCP slot.", "worker", "transport")
	mResponses   = counter("resolver", "dns_responses_total", "Responses by query type and code, counted each ten seconds; types beyond those told apart are OTHER.", "type", "rcode")
	mBatch       = histogram("resolver", "dns_batch_queries", "Queries that one system call brought, counted each ten seconds: above 1 the workers are busy.", []float64{1, 3, 7, 15, 31})
	mUncounted   = counter("resolver", "dns_uncounted_answers_total", "Answers of access domains that found no room in the counts and are missing in the statistics.")
	mReports     = gauge("resolver", "dns_waiting_reports", "Reports of query counts that wait for control.")
	mDomain      = counter("resolver", "dns_access_domain_answers_total", "Answers by access domain, counted each ten seconds: those asked for most when there was room, all others as (other).", "domain").only("metrics.names")
	mKernelDrops = counter("resolver", "dns_receive_drops_total", "Datagrams that the kernel dropped, for the sockets' buffers were full.")
	mConns       = gauge("resolver", "dns_tcp_connections", "TCP connections of clients now.")
	mAccepted    = counter("resolver", "dns_tcp_accepted_total", "TCP connections of clients.")
	mTapped      = counter("resolver", "dnstap_messages_total", "Messages given to the dnstap collector.").only("dnstap.to")
	mTapDropped  = counter("resolver", "dnstap_dropped_total", "Queries for the dnstap collector that were dropped, for it was too slow.").only("dnstap.to")
	mTapUp       = gauge("resolver", "dnstap_connected", "1 while the dnstap collector is there.").only("dnstap.to")
	mLogged      = counter("resolver", "querylog_written_total", "Queries written to the query log's file.").only("querylog.file")
	mLogDropped  = counter("resolver", "querylog_dropped_total", "Queries for the query log's file that were dropped, for the disk was full or slow.").only("querylog.file")
	mTails       = gauge("resolver", "query_tails", "Who looks at the queries of this node now.")
	mTurnedAway  = counter("resolver", "dns_tcp_turned_away_total", "TCP connections closed at once, for there were too many, of all or of one client.")
)

// dnsTotals adds up what collections of the workers' counts brought.
type dnsTotals struct {
	names int // access domains that are told apart

	mu      sync.Mutex // guards the fields below
	codes   map[resolve.CodeKey]uint64
	batches [resolve.BatchSizes]uint64
	batched uint64
	lost    uint64
	domains map[string]uint64
	waiting int // reports
}

func (t *dnsTotals) add(c *resolve.Counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.codes == nil {
		t.codes, t.domains = map[resolve.CodeKey]uint64{}, map[string]uint64{}
	}
	for k, n := range c.Codes {
		t.codes[k] += n
	}
	for i, n := range c.Batches {
		t.batches[i] += n
	}
	t.batched += c.Batched
	t.lost += c.Lost
	if t.names == 0 {
		return
	}
	sums := map[string]uint64{}
	for k, n := range c.Answers {
		sums[k.Domain] += n
	}
	// The most asked for first: a name that has a place keeps it, so that its counter
	// never goes back.
	for _, d := range slices.SortedFunc(maps.Keys(sums), func(a, b string) int {
		return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b))
	}) {
		if _, known := t.domains[d]; !known && len(t.domains) >= t.names {
			t.domains[stat.Other] += sums[d]
			continue
		}
		t.domains[d] += sums[d]
	}
}

func (t *dnsTotals) waits(reports int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = reports
}

func (t *dnsTotals) measure(put put) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sums := map[[2]string]uint64{}
	for k, n := range t.codes {
		typ := "OTHER"
		if k.Type != 0 {
			typ = rr.TypeText(k.Type)
		}
		sums[[2]string{typ, querylog.RcodeText(k.Rcode)}] += n
	}
	for k, n := range sums {
		put(mResponses, float64(n), k[0], k[1])
	}
	for d, n := range t.domains {
		put(mDomain, float64(n), d)
	}
	put(mUncounted, float64(t.lost))
	put(mReports, float64(t.waiting))
}

// batchSizes is a histogram of what is counted by the number of bits.
type batchSizes struct{ t *dnsTotals }

// Describe implements prometheus.Collector.
func (b batchSizes) Describe(ch chan<- *prometheus.Desc) { ch <- mBatch.desc }

// Collect implements prometheus.Collector.
func (b batchSizes) Collect(ch chan<- prometheus.Metric) {
	b.t.mu.Lock()
	defer b.t.mu.Unlock()
	buckets, sum := map[float64]uint64{}, uint64(0)
	for i, n := range b.t.batches {
		if i > 0 { // an empty batch is none
			sum += n
		}
		if i > 0 && i <= len(mBatch.buckets) {
			buckets[mBatch.buckets[i-1]] = sum
		}
	}
	ch <- prometheus.MustNewConstHistogram(mBatch.desc, sum, float64(b.t.batched), buckets)
}

// transport names what a worker serves.
func transport(w *dnsWorker) string {
	if w.tcp.Load() {
		return "tcp"
	}
	return "udp"
}

func (n *node) measureResolver(put put) {
	put(mServing, boolean(n.serving.Load()))
	put(mCold, boolean(n.view.Cold()))
	v := n.state.View()
	put(mZones, float64(v.Zones()))
	put(mNames, float64(v.Names()))
	sums := map[string]*resolve.Tally{"udp": {}, "tcp": {}}
	if list := n.workers.Load(); list != nil {
		for i, w := range *list {
			t, by := w.Tally(), transport(w)
			put(mWorker, float64(t.Queries), strconv.Itoa(i), by)
			sums[by].Add(t)
		}
	}
	for by, t := range sums {
		for m, v := range map[*Metric]uint64{mQueries: t.Queries, mSilent: t.Silent, mFormErr: t.FormErr, mSteered: t.Steered, mNXDomain: t.NXDomain, mRefused: t.Refused, mTruncated: t.Truncated, mECS: t.ECS} {
			put(m, float64(v), by)
		}
	}
	n.counted.measure(put)
	var s listen.Stats
	if socks := n.socks.Load(); socks != nil {
		s = socks.Stats()
	}
	put(mKernelDrops, float64(s.ReceiveDrops))
	put(mConns, float64(s.TCPOpen))
	put(mAccepted, float64(s.TCPAccepted))
	put(mTurnedAway, float64(s.TCPRefused))
	put(mTails, float64(n.tails.count()))
	if n.file != nil {
		put(mLogged, float64(n.file.written.Load()))
		put(mLogDropped, float64(n.file.dropped.Load()))
	}
	if n.dnstap != nil {
		s := n.dnstap.Stats()
		put(mTapped, float64(s.Sent))
		put(mTapDropped, float64(s.Dropped))
		put(mTapUp, boolean(s.Connected))
	}
}
