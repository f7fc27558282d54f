package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait; it only bounds failures.
const patience = 3 * time.Minute

// site is control and three resolvers, each a process.
type site struct {
	b         *testing.B
	program   string
	dir       string
	api       string
	health    string
	token     string
	control   *os.Process
	resolvers []*resolver
	database  func() []int // processes of PostgreSQL
}

type resolver struct {
	*os.Process
	dns string
}

// newSite builds the program and starts control on a store.
func newSite(b *testing.B, store string) *site {
	b.Helper()
	s := &site{b: b, dir: b.TempDir()}
	s.program = filepath.Join(s.dir, "meridian")
	if out, err := exec.Command("go", "build", "-o", s.program, "../cmd/meridian").CombinedOutput(); err != nil {
		b.Fatalf("build meridian: %v\n%s", err, out)
	}
	s.api, s.health = free(b), free(b)
	args := []string{"--roles", "control", "--id", "control", "--api", s.api, "--http", s.health, "--nats-listen", free(b)}
	if store != "" {
		args = append(args, "--store", store)
	}
	s.control = s.start("control", s.health, args...)
	token, err := os.ReadFile(filepath.Join(s.dir, "control", "admin.token"))
	if err != nil {
		b.Fatal(err)
	}
	s.token = strings.TrimSpace(string(token))
	return s
}

func free(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start starts a process with its data in a folder of its name, and waits until it is ready.
func (s *site) start(name, health string, args ...string) *os.Process {
	s.b.Helper()
	log, err := os.Create(filepath.Join(s.dir, name+".log"))
	if err != nil {
		s.b.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(s.program, append([]string{"serve", "--log-level", "warn", "--data", filepath.Join(s.dir, name)}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		s.b.Fatal(err)
	}
	s.b.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
		cmd.Wait()
		if s.b.Failed() {
			text, _ := os.ReadFile(log.Name())
			s.b.Logf("log of %s:\n%s", name, text)
		}
	})
	s.eventually(name+" is ready", func() error {
		r, err := http.Get("http://" + health + "/readyz")
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			return fmt.Errorf("%s", r.Status)
		}
		return nil
	})
	return cmd.Process
}

// startResolvers admits three resolvers and starts them.
func (s *site) startResolvers() {
	s.b.Helper()
	for i := range 3 {
		name := fmt.Sprintf("r%d", i+1)
		token := strings.TrimSpace(s.cli("", "node", "invite", "--role", "resolver", "--id", name))
		dns, health := free(s.b), free(s.b)
		p := s.start(name, health, "--join", token, "--dns", dns, "--http", health)
		s.resolvers = append(s.resolvers, &resolver{p, dns})
	}
}

func (s *site) cli(in string, args ...string) string {
	s.b.Helper()
	cmd := exec.Command(s.program, args...)
	cmd.Env = append(os.Environ(), "MERIDIAN_SERVER=http://"+s.api, "MERIDIAN_TOKEN="+s.token)
	cmd.Stdin = strings.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		s.b.Fatalf("meridian %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

func (s *site) eventually(what string, f func() error) {
	s.b.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.b.Fatalf("never true: %s: %v", what, err)
		}
	}
}

// client is an API client that keeps its connection.
type client struct {
	http  http.Client
	api   string
	token string
}

func (s *site) client() *client {
	return &client{http: http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}, api: s.api, token: s.token}
}

func (c *client) do(method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(method, "http://"+c.api+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode/100 != 2:
		return fmt.Errorf("%s %s: %s %s", method, path, resp.Status, b)
	case out == nil:
		return nil
	}
	return json.Unmarshal(b, out)
}

// level waits until all resolvers are where control is, and returns the revision.
func (s *site) level() uint64 {
	s.b.Helper()
	c := s.client()
	defer c.http.CloseIdleConnections()
	var status struct {
		Revision uint64
		Nodes    struct{ Present, Current int }
	}
	s.eventually("all nodes are at the newest revision", func() error {
		if err := c.do("GET", "/status", nil, &status); err != nil {
			return err
		}
		if want := len(s.resolvers) + 1; status.Nodes.Present != want || status.Nodes.Current != want {
			return fmt.Errorf("%d of %d nodes present at revision %d, %d current", status.Nodes.Present, want, status.Revision, status.Nodes.Current)
		}
		return nil
	})
	return status.Revision
}

// memory is the resident size of a process in MiB.
func memory(p *os.Process) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.Pid))
	if err != nil {
		return 0
	}
	var size, resident float64
	fmt.Sscan(string(b), &size, &resident)
	return resident * float64(os.Getpagesize()) / (1 << 20)
}

// profile takes a CPU profile of control for a time and writes it where
// MERIDIAN_BENCH_PROFILES says; without that it does nothing.
func (s *site) profile(name string, d time.Duration) (wait func()) {
	dir := os.Getenv("MERIDIAN_BENCH_PROFILES")
	if dir == "" {
		return func() {}
	}
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			r, err := http.NewRequest("GET", fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.health, int(d.Seconds())), nil)
			if err != nil {
				return err
			}
			r.Header.Set("Authorization", "Bearer "+s.token)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, name+".pprof"), b, 0o644)
		}()
	}()
	return func() {
		if err := <-done; err != nil {
			s.b.Error(err)
		}
	}
}

// cpu is how much CPU time a process and its children have used. The clock of
// /proc ticks 100 times a second.
func cpu(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	var ticks int64
	for _, v := range f[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// usage is the CPU time of all parts so far.
func (s *site) usage() map[string]time.Duration {
	out := map[string]time.Duration{"control": cpu(s.control.Pid), "clients": cpu(os.Getpid())}
	for _, r := range s.resolvers {
		out["three resolvers"] += cpu(r.Pid)
	}
	if s.database != nil {
		for _, pid := range s.database() {
			out["PostgreSQL"] += cpu(pid)
		}
	}
	return out
}

// since tells the CPU time of all parts since an earlier look, each second as so many units.
func (s *site) since(before map[string]time.Duration, unit float64) string {
	var parts []string
	for part, t := range s.usage() {
		parts = append(parts, fmt.Sprintf("%s %.2f", part, (t-before[part]).Seconds()*unit))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
