package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/traffic"
)

// web is for pages of nodes and for the API. No connection outlives its request: nodes
// die in the middle of them.
var web = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: verifying()}}

func get(url string) (code int, body string, err error) {
	r, err := web.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.StatusCode, string(b), err
}

// cluster is one installation.
type cluster struct {
	t       *testing.T
	number  int
	dir     string
	control *process
	nodes   []*process // without control
	all     []*process
	next    int    // last octet of the next node
	program string // of the nodes that are prepared next; "" is the one under test
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{t: t, number: int(tests.Add(1)), dir: t.TempDir(), next: 1}
	t.Cleanup(func() {
		for i := len(c.all) - 1; i >= 0; i-- {
			c.all[i].kill()
		}
		c.cleanLogs()
		if t.Failed() {
			for _, p := range c.all {
				t.Logf("log of %s:\n%s", p.name, p.log.tail(40))
			}
		}
	})
	return c
}

// ip returns an address of this test; nodes count from 1, use 100 and more for others.
func (c *cluster) ip(n int) string { return fmt.Sprintf("127.%d.%d.%d", block, c.number, n) }

// node prepares a process without starting it.
func (c *cluster) node(name, ip string, args ...string) *process {
	c.t.Helper()
	if ip == "" {
		ip = c.ip(c.next)
		c.next++
	}
	p := &process{t: c.t, name: name, ip: ip, dir: filepath.Join(c.dir, name), log: &logFile{}, program: c.program}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		c.t.Fatal(err)
	}
	p.args = append([]string{"--data", "data", "--id", name, "--dns", p.dns(), "--http", fmt.Sprintf("%s:%d", ip, httpPort), "--probe-allow", "127.0.0.0/8"}, args...)
	c.all = append(c.all, p)
	return p
}

// startControl starts the process with the role control and others.
func (c *cluster) startControl(roles string, args ...string) {
	c.t.Helper()
	c.startControlAt("", roles, args...)
}

func (c *cluster) startControlAt(ip, roles string, args ...string) {
	c.t.Helper()
	c.prepareControlAt(ip, roles, args...)
	c.control.start()
}

// prepareControl is startControl without the start.
func (c *cluster) prepareControl(roles string, args ...string) {
	c.prepareControlAt("", roles, args...)
}

func (c *cluster) prepareControlAt(ip, roles string, args ...string) {
	c.t.Helper()
	p := c.node("control", ip)
	p.args = append(p.args, "--roles", roles, "--api", fmt.Sprintf("%s:%d", p.ip, apiPort), "--nats-listen", fmt.Sprintf("%s:%d", p.ip, natsPort))
	p.args = append(p.args, args...)
	if !strings.HasPrefix(p.ip, "127.") {
		p.speaksTLS(filepath.Join(p.data(), "ca.pem"))
	}
	c.control = p
}

// invite admits a node and prepares its process.
func (c *cluster) invite(role, id string, args ...string) *process {
	c.t.Helper()
	token := strings.TrimSpace(c.cli("", "node", "invite", "--role", role, "--id", id))
	plantJoin(token)
	p := c.node(id, "", append([]string{"--join", token}, args...)...)
	c.nodes = append(c.nodes, p)
	return p
}

// join admits a node and starts it. A resolver is ready when it has a configuration.
func (c *cluster) join(role, id string, args ...string) *process {
	c.t.Helper()
	p := c.invite(role, id, args...)
	p.start()
	return p
}

func (c *cluster) adminToken() string {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(c.control.data(), "admin.token"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.plantAdmin()
	return strings.TrimSpace(string(b))
}

// cli runs a client command with a standard input, which must succeed, and returns
// what it printed.
func (c *cluster) cli(in string, args ...string) string {
	c.t.Helper()
	out, err := c.try(in, args...)
	if err != nil {
		c.t.Fatalf("meridian %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (c *cluster) try(in string, args ...string) (string, error) {
	c.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(cleanEnv(c.dir), "MERIDIAN_SERVER="+c.control.api(), "MERIDIAN_TOKEN="+c.adminToken(), "MERIDIAN_CA="+c.control.ca)
	cmd.Stdin = strings.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if !slices.Contains(args, "invite") && !slices.Contains(args, "token") { // these print one, on purpose
		c.clean("meridian "+strings.Join(args, " "), out.String())
	}
	c.clean("meridian "+strings.Join(args, " "), errs.String())
	if err != nil {
		return out.String(), fmt.Errorf("%w\n%s%s", err, out.String(), errs.String())
	}
	return out.String(), nil
}

const head = `apiVersion: meridian/v1
settings: {nameservers: [ns1.example.net.], soa: {contact: hostmaster.example.net., negative_ttl: 60}}
`

// apply commits a declarative file and waits until every node serves it.
func (c *cluster) apply(yaml string, args ...string) {
	c.t.Helper()
	c.cli(head+yaml, append([]string{"apply", "-f", "-", "--wait", "--timeout", patience.String()}, args...)...)
}

// call asks the API; in may be nil, out too. The error tells a status other than 2xx.
func (c *cluster) call(method, path string, in, out any) error {
	return c.callAs(c.adminToken(), method, path, in, out)
}

func (c *cluster) callAs(token, method, path string, in, out any) error {
	return callAt(c.control.api(), token, method, path, in, out)
}

// callAt asks the API of one of several control processes.
func callAt(api, token, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequest(method, api+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := web.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if method == "GET" && path != "/backup" || resp.StatusCode/100 != 2 {
		if found := leaks(string(b)); len(found) > 0 {
			return fmt.Errorf("the answer to %s %s tells a secret: %s", method, path, strings.Join(found, "; "))
		}
	}
	if resp.StatusCode/100 != 2 {
		return &statusError{resp.StatusCode, fmt.Sprintf("%s %s: %d %s", method, path, resp.StatusCode, b)}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

type statusError struct {
	code int
	text string
}

func (e *statusError) Error() string { return e.text }

// tasks returns the health of the tasks of an address, "" for all.
func (c *cluster) tasks(address string) ([]control.TaskHealth, error) {
	var list struct{ Items []control.TaskHealth }
	if err := c.call("GET", "/health?limit=500&address="+address, nil, &list); err != nil {
		return nil, err
	}
	return list.Items, nil
}

// verdict waits until control judges the only task of an address as ok says.
func (c *cluster) verdict(what, address string, ok func(control.TaskHealth) bool) {
	c.t.Helper()
	eventually(c.t, what, func() error {
		list, err := c.tasks(address)
		if err != nil {
			return err
		}
		if len(list) != 1 {
			return fmt.Errorf("%d tasks", len(list))
		}
		if !ok(list[0]) {
			b, err := json.Marshal(list[0])
			return errors.Join(fmt.Errorf("task is %s", b), err)
		}
		return nil
	})
}

// found says what a vantage finds of a task.
func found(h control.TaskHealth, vantage string) string {
	for _, f := range h.Findings {
		if f.Vantage == vantage {
			return f.Finding
		}
	}
	return ""
}

// vantage waits for a state of a vantage.
func (c *cluster) vantage(id, state string) {
	c.t.Helper()
	eventually(c.t, "vantage "+id+" is "+state, func() error {
		var v control.Vantage
		if err := c.call("GET", "/vantages/"+id, nil, &v); err != nil {
			return err
		}
		if v.State != state {
			return fmt.Errorf("it is %s %s", v.State, v.Reason)
		}
		return nil
	})
}

// revision is what the API tells of one.
type revision struct {
	Nodes []struct {
		ID       string
		Applied  bool
		Position traffic.Position
	}
}

// converge waits until all named nodes are at control's newest position, by all three
// ways of asking: status, the nodes, and the revision itself.
func (c *cluster) converge(ids ...string) traffic.Position {
	c.t.Helper()
	var status struct{ Position traffic.Position }
	eventually(c.t, "all nodes converge", func() error {
		if err := c.call("GET", "/status", nil, &status); err != nil {
			return err
		}
		var rev revision
		if err := c.call("GET", fmt.Sprintf("/revisions/%d?changes=false", status.Position.Revision), nil, &rev); err != nil {
			return err
		}
		for _, id := range ids {
			var n control.Node
			if err := c.call("GET", "/nodes/"+id, nil, &n); err != nil {
				return err
			}
			if n.Position != status.Position {
				return fmt.Errorf("%s is at %v, control at %v", id, n.Position, status.Position)
			}
			applied := false
			for _, r := range rev.Nodes {
				applied = applied || r.ID == id && r.Applied
			}
			if !applied {
				return fmt.Errorf("revision %d is not applied by %s: %+v", status.Position.Revision, id, rev.Nodes)
			}
		}
		return nil
	})
	return status.Position
}

// openStream opens the stream of events and leaves it open until the test ends.
func (c *cluster) openStream() error {
	r, err := http.NewRequestWithContext(c.t.Context(), "GET", c.control.api()+"/api/v1/stream", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.adminToken())
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return err
	}
	c.t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("stream: %s", resp.Status)
	}
	return nil
}
