package script

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for anything. It only bounds failures.
const patience = 20 * time.Second

type stateKey struct{}

// state is what a script has running.
type state struct {
	server *process
	others map[string]*process
}

func (s *state) close() {
	for _, p := range s.others {
		p.kill()
	}
	if s.server != nil {
		s.server.kill()
	}
}

// process is a running program whose output is kept.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // of its end, after done

	mu  sync.Mutex // guards the field below
	out strings.Builder
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// wait polls until the output matches; the groups of the match, nil on time-out or end.
func (p *process) wait(re *regexp.Regexp) []string {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if m := re.FindStringSubmatch(p.said()); m != nil {
			return m
		}
		select {
		case <-p.done:
			return re.FindStringSubmatch(p.said())
		default:
		}
	}
	return nil
}

func start(ts *testscript.TestScript, name string, args ...string) *process {
	path := name
	if name == "meridian" {
		path = filepath.Join(bin, "meridian")
	}
	p := &process{cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Dir = ts.MkAbs(".")
	for _, k := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "TZ", "MERIDIAN_SERVER", "MERIDIAN_TOKEN"} {
		p.cmd.Env = append(p.cmd.Env, k+"="+ts.Getenv(k))
	}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	ts.Check(p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p
}

func stateOf(ts *testscript.TestScript) *state { return ts.Value(stateKey{}).(*state) }

var ready = regexp.MustCompile(`(?s)DNS +127\.0\.0\.1:(\d+) .*API +http://(\S+)\n.*token +(\S+)\n`)

func cmdServer(ts *testscript.TestScript, neg bool, args []string) {
	s := stateOf(ts)
	if neg || s.server != nil {
		ts.Fatalf("usage: server [FLAGS], when none runs")
	}
	s.server = start(ts, "meridian", append([]string{"serve", "--data", "data", "--dns", "127.0.0.1:0", "--api", "127.0.0.1:0", "--probe-allow", "127.0.0.0/8"}, args...)...)
	m := s.server.wait(ready)
	if m == nil {
		ts.Fatalf("the server is not ready; it said\n%s", s.server.said())
	}
	token, err := os.ReadFile(m[3])
	ts.Check(err)
	ts.Setenv("DNS", m[1])
	ts.Setenv("API", m[2])
	ts.Setenv("MERIDIAN_SERVER", "http://"+m[2])
	ts.Setenv("MERIDIAN_TOKEN", strings.TrimSpace(string(token)))
}

func cmdStop(ts *testscript.TestScript, neg bool, args []string) {
	s := stateOf(ts)
	if neg || len(args) > 0 || s.server == nil {
		ts.Fatalf("usage: stop, when a server runs")
	}
	p := s.server
	s.server = nil
	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.done:
		if p.err != nil {
			ts.Fatalf("the server ended with %v; it said\n%s", p.err, p.said())
		}
	case <-time.After(10 * time.Second):
		p.kill()
		ts.Fatalf("the server did not end within 10 s of SIGTERM; it said\n%s", p.said())
	}
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	// A command that should have ended at once and serves instead is ended here.
	if err := ts.Exec("timeout", append([]string{"30"}, args[1:]...)...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func cmdEventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually REGEXP PROGRAM ARGS")
	}
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && re.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("never matched %s: %v", args[0], err)
		}
	}
}

func cmdBackground(ts *testscript.TestScript, neg bool, args []string) {
	s := stateOf(ts)
	if neg || len(args) < 2 {
		ts.Fatalf("usage: background NAME PROGRAM ARGS")
	}
	if s.others == nil {
		s.others = map[string]*process{}
	}
	s.others[args[0]] = start(ts, args[1], args[2:]...)
}

func cmdSaid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || stateOf(ts).others[args[0]] == nil {
		ts.Fatalf("usage: said NAME REGEXP")
	}
	p := stateOf(ts).others[args[0]]
	if p.wait(regexp.MustCompile("(?m)"+args[1])) == nil {
		ts.Fatalf("%s never said %s; it said\n%s", args[0], args[1], p.said())
	}
}
