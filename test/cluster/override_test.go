package cluster

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
)

const siteConfig = `
addresses:
  - {name: hz-1, address: 192.0.2.1, labels: {site: hz}}
  - {name: sh-1, address: 192.0.2.2, labels: {site: sh}}
pools:
  - {name: hz, type: IPv4, policy: round_robin, members: [{address: hz-1}]}
  - {name: sh, type: IPv4, policy: round_robin, members: [{address: sh-1}]}
  - {name: sticky, type: IPv4, policy: sequential, mode: non_preemptive, members: [{address: hz-1}, {address: sh-1}]}
zones:
  - {name: example.com, records: []}
access_domains:
  - {name: www.example.com, type: A, ttl: 3, policy: sequential, pools: [{pool: hz}, {pool: sh}]}
  - {name: stay.example.com, type: A, ttl: 3, policy: sequential, pools: [{pool: sticky}]}
`

func (c *cluster) overrides() ([]control.OverrideState, error) {
	var list struct{ Items []control.OverrideState }
	err := c.call("GET", "/overrides", nil, &list)
	return list.Items, err
}

// override waits for a state of the only override.
func (c *cluster) override(state string) (o control.OverrideState) {
	c.t.Helper()
	eventually(c.t, "the override is "+state, func() error {
		list, err := c.overrides()
		if err == nil && (len(list) != 1 || list[0].State != state) {
			b, _ := json.Marshal(list)
			err = fmt.Errorf("overrides are %s", b)
		}
		if err == nil {
			o = list[0]
		}
		return err
	})
	return o
}

// TestADrainStandsUntilItsEndWhateverHappensToControl: over apply and rollback, over
// control's death before the end, over a resolver's restart; then nodes end it by
// themselves, not before its time, and the store agrees when control is back. What a
// non-preemptive policy moved to it keeps until a failback.
func TestADrainStandsUntilItsEndWhateverHappensToControl(t *testing.T) {
	t.Parallel()
	const hz, sh = "192.0.2.1", "192.0.2.2"
	i := &installation{cluster: newCluster(t)}
	i.startControl("control")
	i.cli(head+siteConfig, "apply", "-f", "-")
	for _, id := range resolverIDs {
		i.resolvers = append(i.resolvers, i.join("resolver", id))
	}
	i.everywhere(hz, "www.example.com", "stay.example.com")

	began := time.Now()
	out := i.cli("", "override", "drain", "--selector", "site=hz", "--for", "1h", "--reason", "new racks")
	i.everywhere(sh, "www.example.com", "stay.example.com")
	bound(t, "a drain: from the command to the answers of three resolvers", 2*time.Second, time.Since(began))
	if !strings.Contains(out, "the last cached answer from before expires") {
		t.Errorf("the command does not say when caches are empty:\n%s", out)
	}
	end := i.watchAll(sh, "www.example.com", "stay.example.com")
	o := i.override(control.StateDraining)
	if len(o.Waiting)+len(o.Unknown) > 0 || o.CachedFor != 3 || !slices.Equal(o.Names, []string{"stay.example.com/A", "www.example.com/A"}) {
		t.Errorf("%+v", o)
	}
	i.override(control.StateDrained)

	// Configuration goes on below it.
	i.apply(siteConfig + "  - {name: more.example.com, type: A, policy: sequential, pools: [{pool: hz}, {pool: sh}]}\n")
	i.everywhere(sh, "more.example.com")
	i.cli("", "rollback", "1", "--wait")
	i.converge(resolverIDs...)

	// A resolver that is killed is not waited for for ever; it is named. One that starts
	// has the order from its disk.
	i.resolvers[2].kill()
	i.resolvers[2].start()

	// Its end comes close, and control dies before.
	const lasts = 12 * time.Second
	before := time.Now()
	i.cli("", "override", "extend", o.ID, "--for", lasts.String())
	i.converge(resolverIDs...)
	i.control.kill()
	i.resolvers[1].kill()
	i.resolvers[1].start()
	i.everywhere(sh, "www.example.com", "stay.example.com")
	end()
	ended := make([]time.Duration, len(i.resolvers))
	for n, r := range i.resolvers {
		r.answers("www.example.com", hz)
		ended[n] = time.Since(before)
		if ended[n] < lasts {
			t.Errorf("%s ended a drain of %s after %s", r.name, lasts, ended[n])
		}
		r.answers("stay.example.com", sh)
	}
	// The end of grace, what a restart does not count, and a machine that is busy.
	bound(t, "control killed: a drain of 12 s ends at the node that is last, one restarted meanwhile", lasts+15*time.Second, ended...)
	end = i.watchAll(hz, "www.example.com")
	i.control.start()
	eventually(t, "control removes what has ended", func() error {
		list, err := i.overrides()
		if err == nil && len(list) > 0 {
			err = fmt.Errorf("overrides are %+v", list)
		}
		return err
	})
	i.converge(resolverIDs...)
	eventually(t, "no node complains any more", func() error {
		var status struct{ Alarms []struct{ Node, Text string } }
		err := i.call("GET", "/status", nil, &status)
		for _, a := range status.Alarms {
			if strings.Contains(a.Text, "overrides") {
				err = fmt.Errorf("%s: %s", a.Node, a.Text)
			}
		}
		return err
	})
	var revs struct{ Items []control.Revision }
	if err := i.call("GET", "/revisions?limit=1", nil, &revs); err != nil || revs.Items[0].Author != "control" || revs.Items[0].Comment != o.ID+" (drain site=hz) has ended" {
		t.Errorf("the newest revision is %+v, %v", revs, err)
	}
	end()
	fault(t, "control killed before the end of a drain", "every resolver ends it itself, over a restart too and never before its time; control removes it when it is back", "so")

	// Failback, to all: those that hear it, those that are away, and over restarts.
	i.everywhere(sh, "stay.example.com")
	i.resolvers[0].kill()
	if out := i.cli("", "failback", "pool/sticky"); out != "pool/sticky goes from sh-1 to hz-1.\n" {
		t.Errorf("failback says %q", out)
	}
	i.resolvers[1].answers("stay.example.com", hz)
	i.resolvers[0].start()
	i.everywhere(hz, "stay.example.com")
	end = i.watchAll(hz, "stay.example.com")
	i.control.kill()
	i.control.start()
	i.resolvers[1].kill()
	i.resolvers[1].start()
	i.converge(resolverIDs...)
	i.everywhere(hz, "stay.example.com")
	end()
}

// TestAnOverrideEndsThoughTheLeaderDies: an order given at one of two control processes
// spreads and ends by the other, once, when the one that led is killed before the end.
func TestAnOverrideEndsThoughTheLeaderDies(t *testing.T) {
	t.Parallel()
	const hz, sh = "192.0.2.1", "192.0.2.2"
	p := newPair(t)
	p.cli(head+siteConfig, "apply", "-f", "-")
	i := &installation{cluster: p.cluster, resolvers: p.resolvers}
	i.everywhere(hz, "www.example.com")
	leader, other := p.control, p.second
	if p.leader(p.controls()...) == other.name {
		leader, other = other, leader
	}
	const lasts = 8 * time.Second
	began := time.Now()
	var made control.OverrideResult
	if err := callAt(other.api(), p.token, "POST", "/overrides", object{"action": "drain", "target": "pool/hz", "for": lasts.String()}, &made); err != nil {
		t.Fatal(err)
	}
	i.everywhere(sh, "www.example.com")
	for _, c := range p.controls() {
		eventually(t, c.name+" knows that all resolvers have it", func() error {
			var o control.OverrideState
			err := callAt(c.api(), p.token, "GET", "/overrides/"+made.Override.ID, nil, &o)
			if err == nil && (o.CachedUntil.IsZero() || o.CachedFor != 3) {
				err = fmt.Errorf("it says %+v", o)
			}
			return err
		})
	}
	leader.kill()
	for _, r := range p.resolvers {
		r.answers("www.example.com", hz)
		if took := time.Since(began); took < lasts {
			t.Errorf("%s ended a drain of %s after %s", r.name, lasts, took)
		}
	}
	eventually(t, "the other control process removes it", func() error {
		var list struct{ Items []control.OverrideState }
		err := callAt(other.api(), p.token, "GET", "/overrides", nil, &list)
		if err == nil && len(list.Items) > 0 {
			err = fmt.Errorf("there is %+v", list.Items)
		}
		return err
	})
	leader.start()
	p.leader(p.controls()...)
	var revs struct{ Items []control.Revision }
	if err := callAt(leader.api(), p.token, "GET", "/revisions?limit=10", nil, &revs); err != nil {
		t.Fatal(err)
	}
	ends := 0
	for _, r := range revs.Items {
		if strings.Contains(r.Comment, made.Override.ID+" (drain pool/hz) has ended") && r.Author == "control" {
			ends++
		}
	}
	if ends != 1 {
		t.Errorf("%d revisions end it: %+v", ends, revs.Items)
	}
}
