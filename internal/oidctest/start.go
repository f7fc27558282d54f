package oidctest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// env, when set, makes a process the provider.
const env = "OIDCTEST_PROVIDER"

// Main runs the provider, and does not return, in a process that Start has started.
func Main() {
	v := strings.Split(os.Getenv(env), " ")
	if len(v) != 3 {
		return
	}
	fmt.Fprintln(os.Stderr, serve(v[0], v[1], v[2]))
	os.Exit(1)
}

// Process is a provider that runs.
type Process struct {
	t      testing.TB
	Issuer string
	Client string
	Secret string
	cmd    *exec.Cmd
}

// Start starts a provider on an address, 127.0.0.1:0 for any, with one client.
func Start(t testing.TB, addr, client, secret string) *Process {
	t.Helper()
	p := &Process{t: t, Client: client, Secret: secret, cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %s", env, addr, client, secret))
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the provider does not start: %v", err)
	}
	p.Issuer = strings.TrimSpace(line)
	return p
}

// Stop kills it.
func (p *Process) Stop() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill() // an error means that it has ended
		_ = p.cmd.Wait()
	}
}

// client keeps no connections, so that nothing of it outlives a test.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (p *Process) do(method, url string, body any) []byte {
	p.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := http.NewRequest(method, url, bytes.NewReader(b))
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 400 {
		p.t.Fatalf("%s %s: %s %s %v", method, url, resp.Status, out, err)
	}
	if l := resp.Header.Get("Location"); l != "" {
		return []byte(l)
	}
	return out
}

// As makes somebody the one who signs in next.
func (p *Process) As(who Person) {
	p.t.Helper()
	p.do(http.MethodPost, p.Issuer+"/_person", who)
}

// Rotate makes a new signing key; hidden keeps it out of the published set.
func (p *Process) Rotate(hidden bool) {
	p.t.Helper()
	q := ""
	if hidden {
		q = "?hidden=1"
	}
	p.do(http.MethodPost, p.Issuer+"/_rotate"+q, nil)
}

// Asked is how often a path was asked for.
func (p *Process) Asked(path string) int {
	p.t.Helper()
	var n map[string]int
	if err := json.Unmarshal(p.do(http.MethodGet, p.Issuer+"/_asked", nil), &n); err != nil {
		p.t.Fatal(err)
	}
	return n[path]
}

// Authorize opens the page that a client sends a browser to, and returns where the
// provider sends the browser back to.
func (p *Process) Authorize(target string) (back string) {
	p.t.Helper()
	return string(p.do(http.MethodGet, target, nil))
}
