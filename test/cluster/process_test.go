package cluster

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait. It only bounds failures: the machine may be busy.
const patience = 90 * time.Second

// Ports of every node; its address is its own.
const (
	dnsPort  = 15353
	apiPort  = 18480
	natsPort = 14222
	httpPort = 18481
)

// process is a node: the program with its arguments, started as often as a test wants
// on the same data folder and ports.
type process struct {
	t    *testing.T
	name string
	ip   string
	dir  string   // working directory; the data folder is dir/data
	wrap []string // put before the program, such as ip netns exec NAME
	args []string
	log  *logFile
	ca   string // the authority of its API and pages; empty for plain HTTP

	program string // started in place of the one under test, if set

	cmd  *exec.Cmd
	done chan struct{} // closed when the present run has ended
	err  error         // of its end, after done
}

func (p *process) dns() string  { return fmt.Sprintf("%s:%d", p.ip, dnsPort) }
func (p *process) api() string  { return fmt.Sprintf("%s://%s:%d", p.scheme(), p.ip, apiPort) }
func (p *process) data() string { return filepath.Join(p.dir, "data") }

// health is the root of the pages /readyz and so on, which every node serves.
func (p *process) health() string { return fmt.Sprintf("%s://%s:%d", p.scheme(), p.ip, httpPort) }

// speaksTLS says that its pages and its API are behind TLS, under an authority.
func (p *process) speaksTLS(ca string) {
	p.ca = ca
	trust(ca)
}

func (p *process) scheme() string {
	if p.ca != "" {
		return "https"
	}
	return "http"
}

// launch starts the process and does not wait for anything.
func (p *process) launch() {
	p.t.Helper()
	what := program
	if p.program != "" {
		what = p.program
	}
	argv := append(append([]string{}, p.wrap...), what, "serve")
	argv = append(argv, p.args...)
	p.log.note("started: " + strings.Join(argv, " "))
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = p.dir, p.log, p.log, cleanEnv(p.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
	p.cmd, p.done = cmd, make(chan struct{})
	done := p.done
	go func() {
		defer close(done)
		p.err = cmd.Wait()
	}()
}

// start starts the process and waits until it is ready.
func (p *process) start() {
	p.t.Helper()
	p.launch()
	p.waitReady()
}

func (p *process) waitReady() {
	p.t.Helper()
	eventually(p.t, p.name+" is ready", func() error {
		select {
		case <-p.done:
			p.t.Fatalf("%s ended before it was ready: %v", p.name, p.err)
		default:
		}
		code, body, err := get(p.health() + "/readyz")
		if err == nil && code != 200 {
			err = fmt.Errorf("readyz says %d %s", code, body)
		}
		return err
	})
}

// kill ends the process as a power cut would (-9).
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Kill() // an error means that it has ended already
	<-p.done
	p.log.note("killed -9")
	p.cmd = nil
}

// stop ends it by SIGTERM, waits for the end and returns its error.
func (p *process) stop() error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("stop %s: %v", p.name, err)
	}
	p.wait()
	p.cmd = nil
	return p.err
}

func (p *process) wait() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", p.name)
	}
}

// running fails the test if the process has ended by itself.
func (p *process) running() {
	p.t.Helper()
	select {
	case <-p.done:
		p.t.Fatalf("%s has ended by itself: %v", p.name, p.err)
	default:
	}
}

// logFile collects what a node writes; it is shown when the test fails.
type logFile struct {
	mu sync.Mutex // guards the field below
	b  bytes.Buffer
}

func (l *logFile) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logFile) note(s string) {
	fmt.Fprintf(l, "--- %s %s\n", time.Now().Format("15:04:05.000"), s)
}

func (l *logFile) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tail returns the last n lines.
func (l *logFile) tail(n int) string {
	lines := strings.Split(strings.TrimRight(l.String(), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// cleanEnv is the environment without settings of the program.
func cleanEnv(home string) []string {
	env := []string{"HOME=" + home, "XDG_CONFIG_HOME=" + home, "TZ=UTC"}
	for _, kv := range os.Environ() {
		switch k, _, _ := strings.Cut(kv, "="); {
		case strings.HasPrefix(k, "MERIDIAN_"), k == "HOME", k == "XDG_CONFIG_HOME", k == "TZ":
		default:
			env = append(env, kv)
		}
	}
	return env
}

// eventually waits until f returns nil, asking every 20 ms.
func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never true: %s: %v", what, err)
		}
	}
}
