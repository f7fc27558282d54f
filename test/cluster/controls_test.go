package cluster

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/store/storetest"
)

// pair is two control processes on one PostgreSQL, a NATS server that belongs to
// neither, and three resolvers. The first control process is the cluster's.
type pair struct {
	*cluster
	pg        *storetest.Server
	second    *process
	resolvers []*process
	token     string
}

func newPair(t *testing.T) *pair {
	p := &pair{cluster: newCluster(t), pg: storetest.NewServer(t)}
	p.startControl("control", "--store", p.pg.DSN("meridian"))
	p.cli(head+"zones:\n  - {name: example.com, records: []}\n", "apply", "-f", "-")
	for _, id := range resolverIDs {
		p.resolvers = append(p.resolvers, p.invite("resolver", id))
	}
	p.token = p.adminToken()
	// Nodes are invited over the embedded server; now all use one apart.
	url := externalBus(t, p.ip(110))
	if err := p.control.stop(); err != nil {
		t.Fatal(err)
	}
	own := slices.Index(p.control.args, "--nats-listen")
	p.control.args = append(slices.Delete(slices.Clone(p.control.args), own, own+2), "--nats", url)
	p.second = p.node("second", "")
	p.second.args = append(p.second.args, "--roles", "control", "--store", p.pg.DSN("meridian"), "--nats", url, "--api", fmt.Sprintf("%s:%d", p.second.ip, apiPort))
	p.control.start()
	p.second.start()
	for _, r := range p.resolvers {
		r.moveTo(url)
		r.start()
	}
	return p
}

func (p *pair) controls() []*process { return []*process{p.control, p.second} }

// leader waits until both control processes name the same one as the leader.
func (p *pair) leader(among ...*process) string {
	p.t.Helper()
	var leader string
	eventually(p.t, "one control process leads", func() error {
		var named []string
		for _, c := range among {
			var s struct{ Controls []control.Process }
			if err := callAt(c.api(), p.token, "GET", "/status", nil, &s); err != nil {
				return err
			}
			if len(s.Controls) < len(among) {
				return fmt.Errorf("%s knows %d control processes", c.name, len(s.Controls))
			}
			for _, x := range s.Controls {
				if x.Leads {
					named = append(named, x.Node)
				}
			}
		}
		if len(named) != len(among) || named[0] != named[len(named)-1] {
			return fmt.Errorf("%v lead", named)
		}
		leader = named[0]
		return nil
	})
	return leader
}

func TestTwoControlProcessesServeOnePostgreSQLAndEitherMayDie(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.leader(p.controls()...)

	// What is written at one is read at the other.
	for n := range 20 {
		at, other := p.controls()[n%2], p.controls()[(n+1)%2]
		path := fmt.Sprintf("/records/example.com/lag%d/TXT", n)
		if err := callAt(at.api(), p.token, "PUT", path, object{"zone": "example.com", "name": fmt.Sprintf("lag%d", n), "type": "TXT", "data": []string{`"x"`}}, nil); err != nil {
			t.Fatal(err)
		}
		if err := callAt(other.api(), p.token, "GET", path, nil, nil); err != nil {
			t.Errorf("what one wrote is not read at the other: %v", err)
		}
	}

	// Both hear all nodes, and each can ask any of them.
	for _, c := range p.controls() {
		for _, id := range resolverIDs {
			eventually(t, c.name+" explains by "+id, func() error {
				if err := callAt(c.api(), p.token, "GET", "/nodes/"+id, nil, nil); err != nil {
					return err
				}
				var x struct{ Node string }
				err := callAt(c.api(), p.token, "POST", "/explain", object{"name": "www.example.com", "node": id}, &x)
				if err == nil && x.Node != id {
					err = fmt.Errorf("it is the view of %q", x.Node)
				}
				return err
			})
		}
		p.showsQueries(c, p.resolvers[0], resolverIDs[0], "www.example.com")
	}

	var mu sync.Mutex
	kept := map[string]string{}
	done := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			at := p.controls()[w%2]
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				name, data := fmt.Sprintf("w%d-%d", w, n), fmt.Sprintf(`"%d"`, n)
				if err := callAt(at.api(), p.token, "PUT", "/records/example.com/"+name+"/TXT", object{"zone": "example.com", "name": name, "type": "TXT", "data": []string{data}}, nil); err != nil {
					at = p.controls()[0]
					if w%2 == 0 { // as a client with two servers does
						at = p.controls()[n%2]
					}
					time.Sleep(5 * time.Millisecond)
					continue
				}
				mu.Lock()
				kept[name] = data
				mu.Unlock()
			}
		})
	}
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(kept) }
	more := func() { // writes go on
		t.Helper()
		before := count()
		eventually(t, "writes go on", func() error {
			if n := count(); n < before+10 {
				return fmt.Errorf("%d of 10 since", n-before)
			}
			return nil
		})
	}
	more()
	var gaps []time.Duration
	for _, x := range []struct {
		dies, stays *process
		how         func(*process)
	}{
		{p.second, p.control, (*process).kill}, {p.control, p.second, (*process).kill},
		{p.second, p.control, func(c *process) { c.stop() }}, {p.control, p.second, func(c *process) { c.stop() }}, // a rolling restart
	} {
		x.how(x.dies)
		began := time.Now()
		more()
		eventually(t, "the one that is left leads", func() error {
			var s struct{ Controls []control.Process }
			if err := callAt(x.stays.api(), p.token, "GET", "/status", nil, &s); err != nil {
				return err
			}
			for _, c := range s.Controls {
				if c.Leads && c.This {
					return nil
				}
			}
			return fmt.Errorf("%+v", s.Controls)
		})
		gaps = append(gaps, time.Since(began))
		x.dies.start()
		more()
	}
	bound(t, "a control process dies or restarts: the other leads", 10*time.Second, gaps...)
	close(done)
	writers.Wait()

	p.leader(p.controls()...)
	p.converge(resolverIDs...)
	for name, data := range kept {
		for _, c := range p.controls() {
			var got struct{ Data []string }
			if err := callAt(c.api(), p.token, "GET", "/records/example.com/"+name+"/TXT", nil, &got); err != nil || len(got.Data) != 1 || got.Data[0] != data {
				t.Fatalf("%s: record %s holds %q (%v), acknowledged was %s", c.name, name, got.Data, err, data)
			}
		}
	}
	var text []string
	for name := range kept {
		text = append(text, name)
	}
	for _, r := range p.resolvers {
		for _, name := range text {
			r.holds(name, kept[name])
		}
	}
	fault(t, "one of two control processes killed or restarted", "the other serves the API at once and leads within 10 s; nothing acknowledged is lost", "so")
	note("two control processes on one PostgreSQL, each killed and restarted once under writes at both", "no acknowledged write lost", fmt.Sprintf("%d acknowledged, 0 lost", len(kept)))
}

func TestTwoControlProcessesWithEmbeddedNATSOnOneStoreAreRefused(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startControl("control")
	second := c.node("second", "")
	second.args = append(second.args, "--roles", "control", "--api", second.ip+":18480", "--store", "sqlite:"+c.control.data()+"/meridian.db")
	second.launch()
	second.wait()
	exited(t, second, 1, "control process control", "works on this store too", "--nats nats://")
	c.control.running()
	// A killed one comes back to its own store at once.
	c.control.kill()
	c.control.start()
}

// holds fails the test unless a resolver answers a TXT record of example.com.
func (p *process) holds(name, data string) {
	p.t.Helper()
	r, err := p.ask(name+".example.com", "TXT", "")
	if err != nil {
		p.t.Fatalf("%s does not answer %s: %v", p.name, name, err)
	}
	if got := txt(r); len(got) != 1 || got[0] != data {
		p.t.Fatalf("%s answers %s with %v, acknowledged was %s", p.name, name, r.Answer, data)
	}
}

// txt returns the texts of an answer's TXT records, each in quotes.
func txt(r *dns.Msg) (out []string) {
	for _, rr := range r.Answer {
		if t, ok := rr.(*dns.TXT); ok {
			out = append(out, `"`+strings.Join(t.Txt, "")+`"`)
		}
	}
	return out
}
