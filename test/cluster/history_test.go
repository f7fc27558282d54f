package cluster

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/health"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/stat"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// TestCommitsDoNotWaitForHistory: while vantages and resolvers tell what they measure
// of many tasks, and while the database of history is blocked altogether, changes of
// the configuration go on. Short: they go on at all. Long: 10,000 tasks at 10 s from
// five vantages, and how long commits take beside each other.
func TestCommitsDoNotWaitForHistory(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"SQLite", "PostgreSQL"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			var args []string
			var block func() (release func())
			if kind == "SQLite" {
				c.startControl("control")
				block = func() func() { return lockSQLite(t, filepath.Join(c.control.data(), "history.db")) }
			} else {
				dsn := storetest.NewServer(t).DSN("meridian")
				args = []string{"--store", dsn}
				c.startControl("control", args...)
				block = func() func() { return lockPostgres(t, dsn) }
			}
			vantages, tasks := times(1, 5), times(50, 10_000)
			c.apply(manyTasks(tasks))
			load := &load{t: t, c: c, tasks: tasks, stop: make(chan struct{})}
			commits := times(15, 400)
			calm := c.commits(commits, "calm")
			load.start(vantages)
			var loaded []time.Duration
			for begin := time.Now(); len(loaded) == 0 || long() && time.Since(begin) < 3*time.Minute; {
				loaded = append(loaded, c.commits(commits, "loaded")...)
			}
			release := block()
			blocked := c.commits(commits, "blocked")
			if !long() {
				// Blocked it is still: nothing that happened meanwhile can be read or was kept.
				c.control.running()
			}
			eventually(t, "control says that history is not kept", func() error {
				var s struct{ Alarms []struct{ Text string } }
				if err := c.call("GET", "/status", nil, &s); err != nil {
					return err
				}
				for _, a := range s.Alarms {
					if strings.Contains(a.Text, "history") {
						return nil
					}
				}
				return fmt.Errorf("alarms %v", s.Alarms)
			})
			more := c.commits(commits, "blocked")
			blocked = append(blocked, more...)
			release()
			load.end()
			for name, list := range map[string][]time.Duration{"calm": calm, fmt.Sprintf("%d tasks at 10 s from %d vantages", tasks, vantages): loaded, "the same, history blocked": blocked} {
				slices.Sort(list)
				text := fmt.Sprintf("%v median, %v p99 of %d", list[len(list)/2].Round(10*time.Microsecond), list[len(list)*99/100].Round(10*time.Microsecond), len(list))
				t.Logf("commit, %s: %s", name, text)
				note(kind+": a commit by API, "+name, "", text)
			}
			eventually(t, "what waited is written", func() error {
				var got struct{ Series []history.ProbeSeries }
				if err := c.call("GET", "/history/health?address=a7&last=1h", nil, &got); err != nil {
					return err
				}
				if len(got.Series) != vantages {
					return fmt.Errorf("%d series, want %d", len(got.Series), vantages)
				}
				var s struct{ Alarms []struct{ Text string } }
				if err := c.call("GET", "/status", nil, &s); err != nil {
					return err
				}
				for _, a := range s.Alarms {
					if strings.Contains(a.Text, "history") && !strings.Contains(a.Text, "keep up") {
						return fmt.Errorf("alarm %s", a.Text)
					}
				}
				return nil
			})
			note(kind+": rows of history written, transactions' time", "", fmt.Sprintf("%s, the last took %s s", c.control.metric("meridian_history_written_rows_total"), c.control.metric("meridian_history_write_seconds")))
		})
	}
}

// commits changes one object again and again and returns how long each change took.
func (c *cluster) commits(n int, word string) (took []time.Duration) {
	c.t.Helper()
	for i := range n {
		begin := time.Now()
		if err := c.call("PATCH", "/addresses/a1", map[string]string{"remark": fmt.Sprintf("%s %d %d", word, i, begin.UnixNano())}, nil); err != nil {
			c.t.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	return took
}

// metric reads one value of a process's metrics.
func (p *process) metric(name string) string {
	p.t.Helper()
	_, body, err := get(p.health() + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.SplitSeq(body, "\n") {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return v
		}
	}
	return "?"
}

func manyTasks(n int) string {
	var b strings.Builder
	b.WriteString("templates:\n  - {name: web, protocol: tcp, interval: 10s, timeout: 2s}\naddresses:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {name: a%d, address: 192.0.%d.%d, tasks: [{template: web, port: 80}]}\n", i, i/250, i%250+1)
	}
	return b.String()
}

// load speaks as vantages and a resolver do, over their own credentials.
type load struct {
	t     *testing.T
	c     *cluster
	tasks int
	stop  chan struct{}
	wg    sync.WaitGroup
}

func (l *load) start(vantages int) {
	l.t.Helper()
	for i := range vantages {
		id := fmt.Sprintf("v%d", i)
		h, err := steal(l.t, l.c.invite("prober", id).token())
		if err != nil {
			l.t.Fatal(err)
		}
		l.wg.Go(func() { l.vantage(h.nc, id) })
	}
	h, err := steal(l.t, l.c.invite("resolver", "r1").token())
	if err != nil {
		l.t.Fatal(err)
	}
	l.wg.Go(func() { l.resolver(h.nc, "r1") })
	l.t.Cleanup(l.end)
}

func (l *load) end() {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.wg.Wait()
}

// vantage sends heartbeats, a thirtieth of the findings each second (as the prober's
// refresh does), and the minutes; in the short form a minute every second.
func (l *load) vantage(nc *nats.Conn, id string) {
	head := health.Head{Version: health.Version, Vantage: id, Instance: "pretended"}
	publish := func(subject string, data []byte) { _ = nc.Publish("meridian."+subject+id, data) }
	every, seq, period := time.Duration(times(1, 60))*time.Second, uint64(0), uint64(0)
	begin, minute := time.Now(), time.Now()
	for tick := time.NewTicker(time.Second); ; {
		n := int(time.Since(begin) / time.Second)
		var obs []health.Observation
		for i := n % 30; i < l.tasks; i += 30 {
			obs = append(obs, health.Observation{Key: traffic.TaskKey{Address: fmt.Sprintf("a%d", i), Template: "web", Port: 80}, Finding: verdict.Good, Latency: 20 * time.Millisecond})
		}
		head.Seq++
		publish(health.ObsPrefix, health.Encode(health.Batch{Head: head, Observations: obs}))
		publish(health.BeatPrefix, health.Encode(health.Beat{Head: head, Active: time.Since(begin), Tasks: l.tasks}))
		if time.Since(minute) >= every {
			minute = time.Now()
			period++
			for from := 0; from < l.tasks; from += stat.PageTasks {
				seq++
				page := stat.Probes{Head: stat.Head{Version: stat.Version, From: id, Instance: "pretended", Seq: seq, SpanMS: every.Milliseconds(), Period: period}}
				for i := from; i < min(from+stat.PageTasks, l.tasks); i++ {
					task := stat.Task{Key: traffic.TaskKey{Address: fmt.Sprintf("a%d", i), Template: "web", Port: 80}}
					for k := range 6 {
						task.Observe(true, time.Duration(15+k+i%7)*time.Millisecond)
					}
					page.Tasks = append(page.Tasks, task)
				}
				publish(health.StatsPrefix, stat.Encode(page))
			}
		}
		select {
		case <-l.stop:
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

// resolver tells every ten seconds (short: every second) what it answered: of a page of
// names.
func (l *load) resolver(nc *nats.Conn, id string) {
	seq := uint64(0)
	for tick := time.NewTicker(time.Duration(times(1, 10)) * time.Second); ; {
		seq++
		q := stat.Queries{Head: stat.Head{Version: stat.Version, From: id, Instance: "pretended", Seq: seq, SpanMS: 10_000}, Codes: []stat.Code{{Type: 1, Count: 5000}}}
		for i := range min(l.tasks, stat.PageAnswers) {
			q.Answers = append(q.Answers, stat.Answer{Domain: fmt.Sprintf("n%d.example.com/A", i), Line: "default", Pool: "p", Address: fmt.Sprintf("a%d", i), Count: seq})
		}
		_ = nc.PublishRequest("meridian.stats.query."+id, "_INBOX."+id+".nobody", stat.Encode(q))
		select {
		case <-l.stop:
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

// lockSQLite holds the file as another process would.
func lockSQLite(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(20000)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	return holding(t, db, "")
}

// lockPostgres holds every table of history.
func lockPostgres(t *testing.T, dsn string) (release func()) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(`SELECT tablename FROM pg_tables WHERE schemaname = $1`, history.Schema)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, history.Schema+"."+name)
	}
	return holding(t, db, "LOCK TABLE "+strings.Join(tables, ", ")+" IN ACCESS EXCLUSIVE MODE")
}

func holding(t *testing.T, db *sql.DB, lock string) (release func()) {
	t.Helper()
	tx, err := db.BeginTx(context.Background(), nil)
	if err == nil && lock != "" {
		_, err = tx.Exec(lock)
	}
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	release = func() {
		once.Do(func() {
			tx.Rollback()
			db.Close()
		})
	}
	t.Cleanup(release)
	return release
}

// TestTheTimelineTellsCauses: an endpoint breaks, and the history holds in one incident
// the task with what its vantage found, the address, the pool and the answers that
// changed; resolvers' counts and vantages' measurements can be read.
func TestTheTimelineTellsCauses(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	ip := c.ip(101)
	end := newEndpoint(t, ip)
	c.startControl("control,resolver,prober", "--vantage", "hz")
	c.apply(fmt.Sprintf(`
templates:
  - {name: web, protocol: http, interval: 1s, timeout: 500ms, evaluation_count: 1, http: {path: /healthz}}
addresses:
  - {name: a, address: %s, tasks: [{template: web, port: %d}]}
  - {name: spare, address: 192.0.2.9}
pools:
  - {name: first, type: IPv4, policy: round_robin, members: [{address: a}]}
  - {name: second, type: IPv4, policy: round_robin, members: [{address: spare}]}
zones:
  - {name: example.com, records: []}
access_domains:
  - {name: gtm.example.com, type: A, policy: sequential, pools: [{pool: first}, {pool: second}]}
`, ip, webPort))
	c.verdict("it is found good", "a", func(h control.TaskHealth) bool { return h.State == "up" })
	end.set(true)
	var list struct{ Items []history.Transition }
	want := []string{"task a/web/18080 up down", "address a available unavailable", "pool first available unavailable", "domain gtm.example.com/A first [a] second [spare]"}
	eventually(t, "the timeline tells the failure and what followed", func() error {
		if err := c.call("GET", "/history/transitions?limit=10", nil, &list); err != nil {
			return err
		}
		var got []string
		for _, tr := range slices.Backward(list.Items) {
			if tr.Kind != history.OfVantage && tr.From != "unknown" {
				got = append(got, fmt.Sprintf("%s %s %s %s", tr.Kind, tr.Subject, tr.From, tr.To))
			}
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
	first := list.Items[len(want)-1]
	for _, tr := range list.Items[:len(want)] {
		if tr.Incident != first.ID || tr.Cause == "" {
			t.Errorf("%+v is not of the incident %d, or has no cause", tr, first.ID)
		}
	}
	if !strings.Contains(string(first.Data), `"vantage":"hz"`) || !strings.Contains(string(first.Data), "503") {
		t.Errorf("what the vantage found: %s", first.Data)
	}
	if !strings.Contains(list.Items[0].Cause, "a/web/18080 is down") {
		t.Errorf("why answers changed: %s", list.Items[0].Cause)
	}
	c.control.answers("gtm.example.com", "192.0.2.9")
	eventually(t, "the query is counted", func() error {
		var q history.Counted
		if err := c.call("GET", "/stats/queries?group_by=name,pool,address", nil, &q); err != nil {
			return err
		}
		if len(q.Series) != 1 || q.Series[0].Key["pool"] != "second" || q.Series[0].Key["address"] != "spare" {
			return fmt.Errorf("%+v", q)
		}
		return nil
	})
}

// TestEveryAnswerIsCountedOnce: with two control processes, of which the leading one is
// killed, the sum of what is kept is what the resolvers answered, at whichever asked.
func TestEveryAnswerIsCountedOnce(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.apply(`
addresses:
  - {name: a, address: 192.0.2.1}
pools:
  - {name: p, type: IPv4, policy: round_robin, members: [{address: a}]}
zones:
  - {name: example.com, records: []}
access_domains:
  - {name: gtm.example.com, type: A, policy: sequential, pools: [{pool: p}]}
`)
	settled := func(what string, controls ...*process) {
		t.Helper()
		eventually(t, what, func() error {
			answered := 0
			for _, r := range p.resolvers {
				for _, transport := range []string{"udp", "tcp"} {
					n, err := strconv.Atoi(r.metric(`meridian_dns_steered_total{transport="` + transport + `"}`))
					if err != nil {
						return err
					}
					answered += n
				}
			}
			for _, c := range controls {
				var got history.Counted
				if err := callAt(c.api(), p.token, "GET", "/stats/queries?group_by=name,node&totals=true", nil, &got); err != nil {
					return err
				}
				if got.Total != uint64(answered) || len(got.Series) != len(p.resolvers) {
					return fmt.Errorf("%s has %d of %d answers, from %d resolvers", c.name, got.Total, answered, len(got.Series))
				}
			}
			return nil
		})
	}
	ask := func(n int) {
		t.Helper()
		for _, r := range p.resolvers {
			for range n {
				if _, err := r.ask("gtm.example.com", "A", "8.8.8.8/32"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, r := range p.resolvers {
		r.answers("gtm.example.com", "192.0.2.1")
	}
	ask(40)
	settled("both have counted every answer", p.controls()...)
	dead, left := p.control, p.second
	if p.leader(p.controls()...) == "second" {
		dead, left = left, dead
	}
	dead.kill()
	ask(25)
	settled("the one that is left has counted every answer once", left)
}
