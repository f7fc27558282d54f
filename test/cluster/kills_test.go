package cluster

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

const (
	killWriters = 3
	pairs       = 4 // of each writer
)

// ledger is what clients know of pairs of records that are only ever written together:
// each pair holds a number that rises.
type ledger struct {
	*cluster
	token     string
	open      func() *sql.DB
	resolvers []*process
	checked   traffic.Position // the log in the store holds together up to here
	model     *traffic.Model   // and makes this

	mu           sync.Mutex // guards the fields below
	next         int
	kept         map[string]int   // pair -> number acknowledged last
	unknown      map[string][]int // numbers sent later, of which nobody knows
	acknowledged int
}

// newLedger starts control on a store and three resolvers.
func newLedger(t *testing.T, dsn string) *ledger {
	l := &ledger{cluster: newCluster(t), kept: map[string]int{}, unknown: map[string][]int{}, model: traffic.NewModel()}
	args := []string{}
	if dsn != "" {
		args = append(args, "--store", dsn)
	}
	l.startControl("control", args...)
	l.open = func() *sql.DB {
		driver, name := "pgx", dsn
		if dsn == "" {
			driver, name = "sqlite", "file:"+l.control.data()+"/meridian.db?mode=ro&_pragma=busy_timeout(10000)"
		}
		db, err := sql.Open(driver, name)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	l.cli(head+"zones:\n  - {name: example.com, records: []}\n", "apply", "-f", "-")
	for _, id := range resolverIDs {
		l.resolvers = append(l.resolvers, l.join("resolver", id))
	}
	l.token = l.adminToken()
	return l
}

func pairRecord(side, pair string, n int) object {
	return object{"kind": "record", "body": object{"zone": "example.com", "name": side + pair, "type": "TXT", "ttl": 1, "data": []string{strconv.Itoa(n)}}}
}

// write changes pairs in the name of one client until one change fails: whoever writes
// is gone. That one may have come to pass or not.
func (l *ledger) write(writer int) {
	for i := 0; ; i++ {
		pair := fmt.Sprintf("%d-%d", writer, i%pairs)
		l.mu.Lock()
		l.next++
		n := l.next
		l.mu.Unlock()
		err := l.callAs(l.token, "POST", "/changes", object{"put": []object{pairRecord("a", pair, n), pairRecord("b", pair, n)}}, nil)
		l.mu.Lock()
		if err != nil {
			l.unknown[pair] = append(l.unknown[pair], n)
			l.mu.Unlock()
			return
		}
		l.kept[pair] = n
		delete(l.unknown, pair)
		l.acknowledged++
		l.mu.Unlock()
	}
}

// number is what a resolver answers for one record of a pair, 0 for none.
func (p *process) number(name string) (int, bool) {
	r, err := p.ask(name+".example.com", "TXT", "")
	if err != nil {
		return 0, false
	}
	got := txt(r)
	if len(got) == 0 {
		return 0, true
	}
	n, err := strconv.Atoi(strings.Trim(got[0], `"`))
	return n, err == nil && len(got) == 1
}

// read asks every resolver for pairs until quit is closed. The numbers only rise and
// are written together, so what is asked for later is never behind what was asked for
// before: half a change, or a step back, would show.
func (l *ledger) read(quit <-chan struct{}) (wait func() int) {
	var all sync.WaitGroup
	var mu sync.Mutex
	reads := 0
	for _, r := range l.resolvers {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-quit:
					return
				case <-time.After(2 * time.Millisecond):
				}
				pair := fmt.Sprintf("%d-%d", i%killWriters, i/killWriters%pairs)
				last := 0
				for _, side := range []string{"a", "b", "a"} {
					n, ok := r.number(side + pair)
					if !ok {
						break
					}
					if n < last {
						l.t.Errorf("%s answers %s%s with %d after it answered its other half with %d", r.name, side, pair, n, last)
						return
					}
					last = n
				}
				mu.Lock()
				reads++
				mu.Unlock()
			}
		})
	}
	return func() int {
		all.Wait()
		return reads
	}
}

// settle compares what was acknowledged with the API, the store and all resolvers, and
// takes what stands for what holds from here on.
func (l *ledger) settle(round int) {
	l.t.Helper()
	stored := l.checkLog()
	for w := range killWriters {
		for p := range pairs {
			pair := fmt.Sprintf("%d-%d", w, p)
			var have [2]int
			for i, side := range []string{"a", "b"} {
				var got struct{ Data []string }
				err := l.callAs(l.token, "GET", "/records/example.com/"+side+pair+"/TXT", nil, &got)
				if e, ok := err.(*statusError); ok && e.code == 404 {
					err = nil
				}
				if err != nil {
					l.t.Fatalf("round %d: %v", round, err)
				}
				if len(got.Data) == 1 {
					have[i], _ = strconv.Atoi(strings.Trim(got.Data[0], `"`))
				}
				if in := stored["example.com/"+side+pair+".example.com/TXT"]; in != have[i] {
					l.t.Errorf("round %d: %s%s is %d by the API and %d in the store", round, side, pair, have[i], in)
				}
			}
			fits := have[0] == l.kept[pair]
			for _, n := range l.unknown[pair] {
				fits = fits || have[0] == n
			}
			switch {
			case have[0] != have[1]:
				l.t.Errorf("round %d: half a change is there: a%s is %d, b%[2]s is %d", round, pair, have[0], have[1])
			case !fits:
				l.t.Errorf("round %d: %s is %d, acknowledged was %d, unknown are %v", round, pair, have[0], l.kept[pair], l.unknown[pair])
			}
			l.kept[pair] = have[0]
			delete(l.unknown, pair)
		}
	}
	l.converge(resolverIDs...)
	for _, r := range l.resolvers {
		for pair, n := range l.kept {
			for _, side := range []string{"a", "b"} {
				if got, ok := r.number(side + pair); !ok || got != n {
					l.t.Errorf("round %d: %s answers %s%s with %d (%v), acknowledged was %d", round, r.name, side, pair, got, ok, n)
				}
			}
		}
	}
}

// checkLog reads the store as a stranger: the log is one chain without a gap up to the
// head, and the objects are what it makes. It returns the pairs' numbers.
func (l *ledger) checkLog() map[string]int {
	l.t.Helper()
	db := l.open()
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		l.t.Fatal(err)
	}
	defer tx.Rollback()
	var epoch, revision int64
	var chain []byte
	if err := tx.QueryRow(`SELECT epoch, revision, chain FROM meta`).Scan(&epoch, &revision, &chain); err != nil {
		l.t.Fatal(err)
	}
	if l.checked == (traffic.Position{}) {
		l.checked.Epoch = uint64(epoch)
	}
	q, err := tx.Query(`SELECT number, chain, changes FROM revision WHERE number > $1 ORDER BY number`, int64(l.checked.Revision))
	if err != nil {
		l.t.Fatal(err)
	}
	defer q.Close()
	for q.Next() {
		var number int64
		var chain, changes []byte
		if err := q.Scan(&number, &chain, &changes); err != nil {
			l.t.Fatal(err)
		}
		next := l.checked.Next(changes)
		if next.Revision != uint64(number) || string(next.Chain[:]) != string(chain) {
			l.t.Fatalf("revision %d does not follow %v", number, l.checked)
		}
		list, err := traffic.DecodeChanges(changes)
		if err != nil {
			l.t.Fatal(err)
		}
		l.model.Apply(list)
		l.checked = next
	}
	if err := q.Err(); err != nil {
		l.t.Fatal(err)
	}
	if l.checked.Revision != uint64(revision) || string(l.checked.Chain[:]) != string(chain) {
		l.t.Fatalf("the log ends at %v, the head is revision %d", l.checked, revision)
	}
	rows, err := tx.Query(`SELECT kind, name, body FROM object`)
	if err != nil {
		l.t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]int{}
	objects := 0
	for rows.Next() {
		var k traffic.Key
		var body []byte
		if err := rows.Scan(&k.Kind, &k.Name, &body); err != nil {
			l.t.Fatal(err)
		}
		objects++
		o := l.model.Get(k)
		if o == nil || string(traffic.Encode(o)) != string(body) {
			l.t.Errorf("%s in the store is not what the log makes of it: %s", k, body)
		}
		var record struct{ Data []string }
		if k.Kind == traffic.KindRecord && json.Unmarshal(body, &record) == nil && len(record.Data) == 1 {
			out[k.Name], _ = strconv.Atoi(strings.Trim(record.Data[0], `"`))
		}
	}
	if err := rows.Err(); err != nil {
		l.t.Fatal(err)
	}
	in := 0
	for _, k := range traffic.Kinds {
		in += l.model.Len(k)
	}
	if objects != in {
		l.t.Errorf("the store holds %d objects, its log makes %d", objects, in)
	}
	return out
}

// rounds lets clients write while strike ends something, then mends it, and compares.
func (l *ledger) rounds(n int, strike, mend func()) (acknowledged, reads int) {
	l.t.Helper()
	r := rand.New(rand.NewPCG(8, 8))
	quit := make(chan struct{})
	wait := l.read(quit)
	for round := range n {
		var writers sync.WaitGroup
		for w := range killWriters {
			writers.Go(func() { l.write(w) })
		}
		time.Sleep(time.Duration(5+r.IntN(300)) * time.Millisecond)
		strike()
		writers.Wait()
		mend()
		l.settle(round)
		if l.t.Failed() {
			break
		}
	}
	close(quit)
	reads = wait()
	if l.acknowledged < n {
		l.t.Errorf("only %d writes were acknowledged in %d rounds", l.acknowledged, n)
	}
	if reads < n {
		l.t.Errorf("the resolvers answered %d times in %d rounds", reads, n)
	}
	return l.acknowledged, reads
}

func TestNoAcknowledgedWriteIsLostWhenControlIsKilled(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"SQLite", "PostgreSQL"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dsn := ""
			if kind == "PostgreSQL" {
				dsn = storetest.NewServer(t).DSN("meridian")
			}
			l := newLedger(t, dsn)
			n := times(3, 100)
			acknowledged, reads := l.rounds(n, l.control.kill, l.control.start)
			note(fmt.Sprintf("%d kills (-9) of control in the middle of writes, %s; after each the acknowledged log, the store and three resolvers compared", n, kind), "no acknowledged write lost, no half of a change anywhere",
				fmt.Sprintf("%d acknowledged, 0 lost; 0 halves in %d reads of pairs meanwhile", acknowledged, reads))
			fault(t, "control killed in the middle of writes, on SQLite and on PostgreSQL", "no acknowledged write is lost and no half of a change shows, in the log, the store and three resolvers", "so")
		})
	}
}

func TestNoAcknowledgedWriteIsLostWhenPostgreSQLCrashes(t *testing.T) {
	t.Parallel()
	pg := storetest.NewServer(t)
	l := newLedger(t, pg.DSN("meridian"))
	n := times(3, 100)
	var outage []time.Duration
	strikes := 0
	strike := func() {
		if strikes++; strikes%3 == 0 { // as an operator restarts it
			pg.Stop()
		} else {
			pg.Crash()
		}
	}
	acknowledged, reads := l.rounds(n, strike, func() {
		// While SQL is away, what control holds is read and what is written is refused.
		if err := l.callAs(l.token, "GET", "/zones/example.com", nil, nil); err != nil {
			t.Errorf("reading needs PostgreSQL: %v", err)
		}
		err := l.callAs(l.token, "PUT", "/zones/example.org", object{"name": "example.org"}, nil)
		if e, ok := err.(*statusError); !ok || e.code != 503 || !strings.Contains(e.text, `"store_unavailable"`) {
			t.Errorf("a write without PostgreSQL came to %v", err)
		}
		pg.Start()
		began := time.Now()
		eventually(t, "control writes again", func() error {
			return l.callAs(l.token, "PUT", "/records/example.com/probe/TXT", pairRecord("probe", "", 0)["body"], nil)
		})
		outage = append(outage, time.Since(began))
	})
	bound(t, "PostgreSQL is there again: control, which was not restarted, writes", 5*time.Second, outage...)
	note(fmt.Sprintf("%d stops of PostgreSQL (two of three immediate, fsync on) in the middle of writes; after each the acknowledged log, the store and three resolvers compared", n), "no acknowledged write lost, no half of a change anywhere",
		fmt.Sprintf("%d acknowledged, 0 lost; 0 halves in %d reads of pairs meanwhile", acknowledged, reads))
	fault(t, "SQL down: PostgreSQL crashes in the middle of writes", "answers go on; the API reads from memory and refuses writes with 503; nothing acknowledged is lost, no half of a change shows; control goes on without a restart when it returns", "so")
}
