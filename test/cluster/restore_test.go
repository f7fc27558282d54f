package cluster

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

// backup saves the state of control in a file.
func (c *cluster) backup() string {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), "backup")
	c.cli("", "backup", file)
	return file
}

// restoreAt puts a backup in place of the state of a control process.
func restoreAt(api, token, file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	r, err := http.NewRequest("POST", api+"/api/v1/restore?replace=true", bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/zstd")
	resp, err := web.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("restore: %d %s", resp.StatusCode, text)
	}
	return err
}

func (c *cluster) put(name, data string) {
	c.t.Helper()
	if err := c.call("PUT", "/records/example.com/"+name+"/TXT", object{"zone": "example.com", "name": name, "type": "TXT", "data": []string{data}}, nil); err != nil {
		c.t.Fatal(err)
	}
}

// alike asks all resolvers the same, until they answer with the same octets; it
// returns the answers.
func alike(t *testing.T, resolvers []*process, questions ...[2]string) map[string]string {
	t.Helper()
	out := map[string]string{}
	eventually(t, "all resolvers give the same answers", func() error {
		for _, q := range questions {
			for i, p := range resolvers {
				conn, err := net.Dial("udp", p.dns())
				if err != nil {
					return err
				}
				v, err := view([]net.Conn{conn}, question(q[0], q[1], ""), 1, true)
				conn.Close()
				if err != nil {
					return err
				}
				key := q[0] + " " + q[1]
				if i > 0 && v != out[key] {
					return fmt.Errorf("%s: %s says %s, %s says %s", key, resolvers[0].name, out[key], p.name, v)
				}
				out[key] = v
			}
		}
		return nil
	})
	return out
}

// TestARestoreOfAnOlderStateReachesEveryNode: first on a living installation, then on a
// machine that has nothing.
func TestARestoreOfAnOlderStateReachesEveryNode(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	i.put("state", `"then"`)
	before := i.converge(resolverIDs...)
	file := i.backup()
	then := alike(t, i.resolvers, [2]string{"state.example.com", "TXT"}, [2]string{"new.example.com", "TXT"}, [2]string{"gone.example.com", "A"})

	// What comes after it: other content, a move of what does not move back, a new node.
	i.put("state", `"later"`)
	i.put("new", `"x"`)
	i.endA.set(true)
	i.everywhere(i.b, staying...)
	i.endA.set(false)
	i.verdict("a is up again", "a", state("up"))
	late := i.join("resolver", "late")
	for n := range 20 {
		i.put(fmt.Sprintf("more%d", n), `"x"`)
	}
	later := i.converge(append(resolverIDs, "late")...)

	restored := func(what string) traffic.Position {
		t.Helper()
		at := i.converge(resolverIDs...)
		if at.Epoch <= later.Epoch || at.Revision != before.Revision {
			t.Errorf("%s: control is at %v; it was at %v, the backup is of %v", what, at, later, before)
		}
		got := alike(t, i.resolvers, [2]string{"state.example.com", "TXT"}, [2]string{"new.example.com", "TXT"})
		// The denial carries the SOA with its serial, which goes forward.
		if q := "state.example.com TXT"; got[q] != then[q] {
			t.Errorf("%s: %s is answered\n%s\nnot\n%s", what, q, got[q], then[q])
		}
		for _, p := range i.resolvers {
			r, err := p.ask("new.example.com", "TXT", "")
			if err != nil || len(r.Answer) != 0 {
				t.Errorf("%s: %s answers what came after the backup: %v %v", what, p.name, r, err)
			}
		}
		// A restore of configuration is no failback.
		i.everywhere(i.b, staying...)
		return at
	}
	began := time.Now()
	if err := restoreAt(i.control.api(), i.adminToken(), file); err != nil {
		t.Fatal(err)
	}
	first := restored("the living installation")
	took := time.Since(began)
	// The node that was invited since is a stranger now, and keeps answering.
	late.answers("preemptive.example.com", i.a)
	i.put("on", `"x"`)
	later = i.converge(resolverIDs...)
	if later.Epoch != first.Epoch || later.Revision != first.Revision+1 {
		t.Errorf("the next change made %v of %v", later, first)
	}
	if r, err := late.ask("on.example.com", "TXT", ""); err != nil || len(r.Answer) != 0 {
		t.Errorf("who is not in the backup still gets changes: %v %v", r, err)
	}

	// Everything of control is lost; the nodes live on.
	i.control.kill()
	if err := os.RemoveAll(i.control.data()); err != nil {
		t.Fatal(err)
	}
	i.control.start()
	began = time.Now()
	if err := restoreAt(i.control.api(), i.adminToken(), file); err != nil {
		t.Fatal(err)
	}
	restored("a machine that had nothing")
	i.put("on", `"y"`)
	i.converge(resolverIDs...)
	i.verdict("the prober is back", "a", state("up"))
	note("an older backup is restored: on the living control, and on one that lost everything", "three resolvers converge on it and answer alike; what is non-preemptive stays where it is",
		fmt.Sprintf("so; all converged %s and %s after the restore was asked for", took.Round(10*time.Millisecond), time.Since(began).Round(10*time.Millisecond)))
	fault(t, "the control state restored from an older backup", "every node adopts it under a new epoch and answers alike; what is non-preemptive stays", "so, on a living control and on one that lost everything")
}

// TestControlKilledInTheMiddleOfARestore leaves the old state or the new one, whole.
func TestControlKilledInTheMiddleOfARestore(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		killedInARestore(t, "SQLite")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		killedInARestore(t, "PostgreSQL", "--store", storetest.NewServer(t).DSN("meridian"))
	})
}

func killedInARestore(t *testing.T, on string, args ...string) {
	c := newCluster(t)
	c.startControl("control,resolver", args...)
	const records = 3000
	config := func(state string) string {
		var b strings.Builder
		b.WriteString(head + "zones:\n  - name: example.com\n    records:\n")
		for n := range records {
			fmt.Fprintf(&b, "      - {name: r%d, type: TXT, data: ['\"%s\"']}\n", n, state)
		}
		return b.String()
	}
	c.cli(config("old"), "apply", "-f", "-")
	file := c.backup()
	c.cli(config("new"), "apply", "-f", "-", "--wait", "--timeout", patience.String())
	token := c.adminToken()
	began := time.Now()
	if err := restoreAt(c.control.api(), token, file); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(began)
	r := rand.New(rand.NewPCG(7, 7))
	kills := map[string]int{}
	rounds := times(3, 40)
	for range rounds {
		c.converge("control")
		c.cli(config("new"), "apply", "-f", "-", "--wait", "--timeout", patience.String())
		done := make(chan error, 1)
		go func() { done <- restoreAt(c.control.api(), token, file) }()
		time.Sleep(time.Duration(r.Int64N(int64(whole) * 5 / 4)))
		c.control.kill()
		acknowledged := <-done == nil
		c.control.start()
		states := map[string]int{}
		var list struct {
			Items []struct{ Data []string }
			Next  string `json:"next_cursor"`
		}
		for cursor := ""; ; cursor = list.Next {
			list.Next, list.Items = "", nil
			if err := c.call("GET", "/records?limit=1000&cursor="+cursor, nil, &list); err != nil {
				t.Fatal(err)
			}
			for _, x := range list.Items {
				states[x.Data[0]]++
			}
			if list.Next == "" {
				break
			}
		}
		if len(states) != 1 || states[`"old"`]+states[`"new"`] != records {
			t.Fatalf("half a state: %v", states)
		}
		state := "new"
		if states[`"old"`] > 0 {
			state = "old"
		}
		if acknowledged && state != "old" {
			t.Fatal("an acknowledged restore is lost")
		}
		kills[state]++
		c.converge("control")
		for _, n := range []int{0, records / 2, records - 1} {
			m, err := c.control.ask(fmt.Sprintf("r%d.example.com", n), "TXT", "")
			if got := ""; err == nil {
				if got = strings.Join(txt(m), ""); got != `"`+state+`"` {
					t.Errorf("control holds the %s state, and the resolver says %q", state, got)
				}
			} else {
				t.Error(err)
			}
		}
	}
	note(fmt.Sprintf("control on %s killed -9 in the middle of a restore, %d rounds", on, rounds), "the old state or the new one, whole, and no acknowledged restore lost",
		fmt.Sprintf("so: %d times the old one, %d times the restored", kills["new"], kills["old"]))
}

// TestARestoreBesideASecondControlProcess: the other one takes the restored state for
// what it is, and both go on.
func TestARestoreBesideASecondControlProcess(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	p.leader(p.controls()...)
	p.put("state", `"then"`)
	p.converge(resolverIDs...)
	file := p.backup()
	p.put("state", `"later"`)
	before := p.converge(resolverIDs...)
	if err := restoreAt(p.second.api(), p.token, file); err != nil {
		t.Fatal(err)
	}
	for _, c := range p.controls() {
		eventually(t, c.name+" has the restored state", func() error {
			var status struct{ Position traffic.Position }
			if err := callAt(c.api(), p.token, "GET", "/status", nil, &status); err != nil {
				return err
			}
			if status.Position.Epoch <= before.Epoch {
				return fmt.Errorf("it is at %v", status.Position)
			}
			if !strings.Contains(c.log.String(), "starting anew on the restored state") {
				return fmt.Errorf("it holds what it had read before")
			}
			return nil
		})
	}
	p.leader(p.controls()...)
	at := p.converge(resolverIDs...)
	for _, r := range p.resolvers {
		m, err := r.ask("state.example.com", "TXT", "")
		if err != nil || strings.Join(txt(m), "") != `"then"` {
			t.Errorf("%s: %v %v", r.name, m, err)
		}
	}
	for n, c := range p.controls() {
		if err := callAt(c.api(), p.token, "PUT", fmt.Sprintf("/records/example.com/on%d/TXT", n), object{"zone": "example.com", "name": fmt.Sprintf("on%d", n), "type": "TXT", "data": []string{`"x"`}}, nil); err != nil {
			t.Error(err)
		}
	}
	if next := p.converge(resolverIDs...); next.Epoch != at.Epoch || next.Revision != at.Revision+2 {
		t.Errorf("two changes made %v of %v", next, at)
	}
}
