package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// skewed builds the program with a wall clock that is wrong by some minutes, once for
// each offset. Only the source of time.Now is another one: nothing of the program knows,
// and its monotonic clock is right, as on a machine whose clock was set wrong.
func skewed(t *testing.T, minutes int) string {
	t.Helper()
	skewMu.Lock()
	defer skewMu.Unlock()
	if path := skewBuilt[minutes]; path != "" {
		return path
	}
	dir := filepath.Join(filepath.Dir(program), fmt.Sprintf("skew%d", minutes))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const from = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {"
	if strings.Count(string(text), from) != 1 {
		t.Fatal("package time reads its clock in another way than this test knows; look at time.Now and mend it here")
	}
	to := fmt.Sprintf("\tsec, nsec, mono := runtimeNow()\n\tsec += %d\n\tif mono == 0 {", minutes*60)
	wrong, overlay, out := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "meridian")
	if err := os.WriteFile(wrong, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{"Replace": map[string]string{source: wrong}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, b, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-o", out, "../../cmd/meridian")
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build with a wrong clock: %v\n%s", err, msg)
	}
	skewBuilt[minutes] = out
	return out
}

var (
	skewMu    sync.Mutex // guards skewBuilt
	skewBuilt = map[int]string{}
)

// A clock that is ten minutes off decides nothing: whichever machine it is, health
// travels in the same time, revisions arrive, members stay, and the skew is shown.
func TestAClockTenMinutesOffDecidesNothing(t *testing.T) {
	t.Parallel()
	for _, off := range []struct{ control, resolver, prober int }{
		{resolver: 10, prober: -10},
		{control: 10},
	} {
		t.Run(fmt.Sprintf("control %d, resolver %d, prober %d", off.control, off.resolver, off.prober), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			i := &installation{cluster: c, a: c.ip(101), b: c.ip(102)}
			i.endA, i.endB = newEndpoint(t, i.a), newEndpoint(t, i.b)
			with := func(p *process, minutes int) *process {
				if minutes != 0 {
					p.program = skewed(t, minutes)
				}
				return p
			}
			if off.control != 0 {
				c.program = skewed(t, off.control)
			}
			c.startControl("control")
			c.program = ""
			c.cli(head+stayConfig(i.a, i.b), "apply", "-f", "-")
			i.prober = with(c.invite("prober", "p1"), off.prober)
			i.prober.start()
			r1 := with(c.invite("resolver", "r1"), off.resolver)
			r2 := c.invite("resolver", "r2")
			r1.start()
			r2.start()
			i.resolvers = []*process{r1, r2}
			for _, name := range []string{"a", "b"} {
				c.verdict(name+" is up", name, state("up"))
			}
			i.everywhere(i.a, "preemptive.example.com", staying[0], staying[1])

			began := time.Now()
			i.endA.set(true)
			i.everywhere(i.b, "preemptive.example.com", staying[0], staying[1])
			took := time.Since(began)
			bound(t, "clocks 10 min off: a failed address leaves the answers", 3*time.Second, took)
			i.endA.set(false)
			i.everywhere(i.a, "preemptive.example.com")
			i.everywhere(i.b, staying...)
			c.apply("zones:\n  - {name: example.com, records: [{name: new, type: A, data: [192.0.2.7]}]}\n")
			for _, r := range i.resolvers {
				r.answers("new.example.com", "192.0.2.7")
			}
			// A restart reads verdicts and configuration with the wrong clock too.
			r1.kill()
			r1.start()
			r1.answers(staying[0], i.b)
			r1.answers("new.example.com", "192.0.2.7")
			wrong := "r1"
			if off.control != 0 {
				wrong = "r2" // to control it is the others that are off
			}
			eventually(t, "the skew is shown", func() error {
				var n struct{ Alarms []string }
				if err := c.call("GET", "/nodes/"+wrong, nil, &n); err != nil {
					return err
				}
				if s := strings.Join(n.Alarms, "; "); !strings.Contains(s, "clock") {
					return fmt.Errorf("alarms of %s: %q", wrong, s)
				}
				return nil
			})
			fault(t, "clock of control, a resolver or a prober 10 min off", "nothing changes but an alarm: health, revisions, non-preemptive members and restarts as with right clocks", fmt.Sprintf("so; a failed address left the answers in %v", took.Round(time.Millisecond)))
		})
	}
}
