package cluster

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// views asks a resolver every name, type and client of the random configurations and
// returns what it answers: the octets where the answer is certain, else the set of all
// that comes in many tries, with code, flags and authority.
func views(p *process) (map[string]string, error) {
	out := map[string]string{}
	conns := make([]net.Conn, 4) // several, so that several workers are asked
	for i := range conns {
		c, err := net.Dial("udp", p.dns())
		if err != nil {
			return nil, err
		}
		defer c.Close()
		conns[i] = c
	}
	for n := range nameCount {
		for _, qtype := range []string{"A", "AAAA", "TXT"} {
			for _, client := range clients {
				// Two levels of three equal members: a pair is missed in 200 draws once in
				// 10^10 cases.
				tries := 200
				if certain(n) || qtype != family(n, "A", "AAAA") {
					tries = len(conns)
				}
				v, err := view(conns, question(hostName(n), qtype, client), tries, certain(n))
				if err != nil {
					return nil, fmt.Errorf("%s %s for %q: %w", hostName(n), qtype, client, err)
				}
				out[fmt.Sprintf("%s %s %s", hostName(n), qtype, client)] = v
			}
		}
	}
	for n := range recordCount + 1 { // the last one is never there
		for _, qtype := range []string{"TXT", "A"} {
			name := recordName(n) + ".example.com"
			v, err := view(conns, question(name, qtype, ""), len(conns), true)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", name, qtype, err)
			}
			out[name+" "+qtype] = v
		}
	}
	v, err := view(conns, question("example.com", "SOA", ""), 1, true)
	out["SOA"] = v
	return out, err
}

func view(conns []net.Conn, m *dns.Msg, tries int, octets bool) (string, error) {
	set := map[string]bool{}
	buf := make([]byte, 4096)
	m.Id = 0x4d52
	q, err := m.Pack()
	if err != nil {
		return "", err
	}
	const window = 50
	for done := 0; done < tries; {
		k := min(window, tries-done)
		for i := range k {
			if _, err := conns[(done+i)%len(conns)].Write(q); err != nil {
				return "", err
			}
		}
		for i := range k {
			c := conns[(done+i)%len(conns)]
			c.SetReadDeadline(time.Now().Add(10 * time.Second))
			n, err := c.Read(buf)
			if err != nil {
				return "", err
			}
			if octets {
				set[fmt.Sprintf("%x", buf[:n])] = true
				continue
			}
			r := new(dns.Msg)
			if err := r.Unpack(buf[:n]); err != nil {
				return "", err
			}
			set[r.MsgHdr.String()] = true
			for i, section := range [][]dns.RR{r.Answer, r.Ns, r.Extra} {
				for _, rr := range section {
					set[fmt.Sprintf("%d %s", i, rr)] = true
				}
			}
		}
		done += k
	}
	return strings.Join(slices.Sorted(maps.Keys(set)), "\n"), nil
}

func TestIncrementsASnapshotAndRestartsGiveTheSameAnswers(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 3, 4, 5, 6}[:times(1, 6)] {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			metamorphic(t, seed)
		})
	}
}

func metamorphic(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 20))
	c := newCluster(t)
	c.startControl("control")
	c.cli(head+"zones:\n  - {name: example.com, records: [{name: mail, type: A, data: [192.0.2.200]}]}\n", "apply", "-f", "-")
	steady := c.join("resolver", "steady")
	restless := c.join("resolver", "restless")
	// A beginning on which random changes can stand.
	var first []object
	for n := range lineCount {
		first = append(first, object{"kind": "line", "body": object{"name": lineName(n), "cidrs": []string{fmt.Sprintf("198.51.100.%d/26", 64*n)}}})
	}
	for n := range addressCount {
		first = append(first, object{"kind": "address", "body": object{"name": addressName(n), "address": family(n, fmt.Sprintf("192.0.2.%d", 1+n), fmt.Sprintf("2001:db8::%d", 1+n))}})
	}
	for n := range poolCount {
		b := object{"name": poolName(n), "type": family(n, "IPv4", "IPv6"), "members": links(r, n, addressCount, "address", addressName)}
		steering(r, b, n < poolCount/2)
		first = append(first, object{"kind": "pool", "body": b})
	}
	if err := c.call("POST", "/changes", object{"put": first}, nil); err != nil {
		t.Fatal(err)
	}
	const wanted = 120
	accepted, refused := 0, 0
	up := true
	for accepted < wanted {
		var e *statusError
		switch err := c.call("POST", "/changes", change(r), nil); {
		case err == nil:
			accepted++
		case errors.As(err, &e) && (e.code == 409 || e.code == 422 || e.code == 404):
			refused++
		default:
			t.Fatal(err)
		}
		if refused > 40*wanted {
			t.Fatalf("only %d changes of %d were accepted", accepted, accepted+refused)
		}
		switch { // at random moments, sometimes while a change is on its way
		case up && r.IntN(12) == 0:
			restless.kill()
			up = false
		case !up && r.IntN(6) == 0:
			restless.launch()
			up = true
		}
	}
	// In the end every name is there, so that there is something to compare.
	for n := range nameCount {
		eventually(t, "a valid access domain is drawn for "+hostName(n), func() error {
			return c.call("POST", "/changes", object{"put": []object{{"kind": "access_domain", "body": accessDomain(r, n)}}}, nil)
		})
	}
	if up {
		restless.kill()
	}
	restless.start()
	at := c.converge("steady", "restless")
	same(t, "increments and restarts", steady, restless)

	// With all that the message bus held lost, control publishes one snapshot.
	if err := c.control.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(c.control.data(), "nats")); err != nil {
		t.Fatal(err)
	}
	c.control.start()
	late := c.join("resolver", "late")
	if p := c.converge("steady", "restless", "late"); p != at {
		t.Errorf("after a restart without its message bus control is at %v, it was at %v", p, at)
	}
	if want := `msg="took a snapshot" node=late position=` + at.String() + " before=nothing"; !strings.Contains(late.log.String(), want) {
		t.Errorf("the late resolver did not begin with a snapshot of the newest revision: no %s", want)
	}
	same(t, "increments and one snapshot", steady, late)

	// And from disk alone.
	c.control.kill()
	late.kill()
	steady.kill()
	late.start()
	steady.start()
	same(t, "a stored log and a stored snapshot", steady, late)
	same(t, "a stored log and what was never restarted", steady, restless)
	note(fmt.Sprintf("seed %d: %d random revisions (%d refused changes), as increments, one snapshot, across restarts", seed, accepted, refused), "byte-equal answers", "so")
}

// same waits until two resolvers answer everything alike: the current members of
// non-preemptive choices travel beside the configuration.
func same(t *testing.T, what string, a, b *process) {
	t.Helper()
	answered := 0
	eventually(t, what+" give the same answers", func() error {
		va, err := views(a)
		if err != nil {
			return err
		}
		vb, err := views(b)
		if err != nil {
			return err
		}
		answered = 0
		var differ []string
		for _, k := range slices.Sorted(maps.Keys(va)) {
			v := va[k]
			if v != vb[k] {
				differ = append(differ, fmt.Sprintf("%s:\n%s says\n%s\n%s says\n%s", k, a.name, v, b.name, vb[k]))
			}
			if strings.Contains(k, "certain") && steered(v) {
				answered++
			}
		}
		if differ != nil {
			return fmt.Errorf("%d of %d differ: %s", len(differ), len(va), strings.Join(differ[:min(5, len(differ))], "\n"))
		}
		return nil
	})
	if answered < nameCount/2 {
		t.Errorf("only %d questions for steered names have an answer: too little is compared", answered)
	}
}

// steered tells whether octets in hexadecimal are a response with answers.
func steered(v string) bool { return len(v) > 16 && v[12:16] != "0000" }
