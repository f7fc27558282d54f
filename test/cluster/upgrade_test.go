package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/traffic"
)

// previous builds the release before this one from the history, once.
var previous = sync.OnceValues(func() (string, error) {
	b, err := os.ReadFile("testdata/previous")
	if err != nil {
		return "", err
	}
	commit := ""
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "#") && commit == "" {
			commit, _, _ = strings.Cut(line, " ")
		}
	}
	// Kept from run to run: a commit does not change, and compiling it takes a minute.
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "meridian-previous", commit)
	binary := filepath.Join(dir, "meridian")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	steps := exec.Command("bash", "-c", `set -e -o pipefail
git cat-file -e "$1^{commit}" 2>/dev/null || { echo "the history here does not hold commit $1, the release before this one; get it with: git fetch --unshallow" >&2; exit 1; }
cd "$(git rev-parse --show-toplevel)"
mkdir -p "$2/tree"
git archive "$1" | tar -x -C "$2/tree"
cd "$2/tree" && go build -o "$2/$$" ./cmd/meridian && mv "$2/$$" "$3"`, "build", commit, dir, binary)
	if out, err := steps.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the previous release %s: %w\n%s", commit, err, out)
	}
	return binary, nil
})

// of makes a process run another release from its next start on; "" is this one.
func (p *process) of(release string) *process {
	p.program = release
	return p
}

func previousRelease(t *testing.T) string {
	t.Helper()
	path, err := previous()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// older is an installation whose parts are all of the previous release.
func older(t *testing.T) (i *installation, release string) {
	t.Helper()
	release = previousRelease(t)
	c := newCluster(t)
	i = &installation{cluster: c, a: c.ip(101), b: c.ip(102)}
	i.endA, i.endB = newEndpoint(t, i.a), newEndpoint(t, i.b)
	c.prepareControl("control")
	c.control.of(release).start()
	i.prober = c.invite("prober", "p1").of(release)
	i.resolvers = []*process{c.invite("resolver", "r1").of(release)}
	for _, p := range c.nodes {
		p.launch()
	}
	c.cli(head+stayConfig(i.a, i.b), "apply", "-f", "-")
	for _, p := range c.nodes {
		p.waitReady()
	}
	i.serves("all of the previous release")
	return i, release
}

// serves holds the installation to what every mixture of releases must do: changes
// arrive, verdicts travel, answers follow.
func (i *installation) serves(what string) {
	i.t.Helper()
	i.n++
	if err := i.call("PATCH", "/addresses/b", map[string]string{"remark": fmt.Sprint(what, i.n)}, nil); err != nil {
		i.t.Fatalf("%s: %v", what, err)
	}
	var ids []string
	for _, r := range i.resolvers {
		ids = append(ids, r.name)
	}
	i.level(what, ids...)
	i.verdict(what+": a is up", "a", state("up"))
	i.everywhere(i.a, "preemptive.example.com")
	if i.n%2 == 1 && !long() {
		return // every second mixture shows a failure too; seconds each
	}
	i.endA.set(true)
	i.everywhere(i.b, "preemptive.example.com")
	i.endA.set(false)
	i.everywhere(i.a, "preemptive.example.com")
}

// level is converge for nodes and controls of any release.
func (i *installation) level(what string, ids ...string) {
	i.t.Helper()
	eventually(i.t, what+": all are level", func() error {
		var status struct{ Position traffic.Position }
		if err := i.call("GET", "/status", nil, &status); err != nil {
			return err
		}
		for _, id := range ids {
			var n control.Node
			if err := i.call("GET", "/nodes/"+id, nil, &n); err != nil {
				return err
			}
			if n.Position != status.Position {
				return fmt.Errorf("%s is at %v, control at %v", id, n.Position, status.Position)
			}
		}
		return nil
	})
}

func TestControlIsUpgradedFirst(t *testing.T) {
	t.Parallel()
	i, _ := older(t)
	c := i.cluster
	c.control.kill()
	c.control.of("").start() // on the same data folder
	i.serves("new control, old nodes")
	i.resolvers[0].kill()
	i.resolvers[0].start()
	i.serves("new control, an old resolver restarted")
	if list := c.alarms("connect without encryption"); !slices.Equal(list, []string{"control"}) {
		t.Errorf("who tells of old nodes: %v", list)
	}
	i.resolvers = append(i.resolvers, c.join("resolver", "r2"))
	i.serves("a new node joins beside old ones")

	// An object that the old release has not: it goes on with what it has, and says so.
	old := i.resolvers[0]
	end := old.watch("preemptive.example.com", i.a)
	c.cli("", "override", "drain", "address/b", "--reason", "test")
	eventually(t, "the old resolver asks to be upgraded", func() error {
		if list := c.alarms("upgrade this node"); !slices.Contains(list, "r1") {
			return fmt.Errorf("alarms at %v", list)
		}
		return nil
	})
	i.level("beside an old resolver", "r2")
	old.running()
	old.kill()
	if end() == 0 {
		t.Error("the old resolver did not answer")
	}
	old.start() // and from its disk
	old.answers("preemptive.example.com", i.a)
	c.cli("", "override", "clear", "--all")

	// Upgraded with the tokens that they have, then invited again: only TLS is left.
	for _, p := range c.nodes[:2] {
		p.kill()
		p.of("").start()
	}
	i.serves("all of this release, old tokens")
	for _, p := range c.nodes[:2] {
		p.kill()
		p.args[slices.Index(p.args, "--join")+1] = strings.TrimSpace(c.cli("", "node", "invite", "--again", "--id", p.name))
		p.start()
	}
	c.control.kill()
	c.control.start()
	i.serves("all of this release, new tokens")
	if list := c.alarms("connect without encryption"); len(list) > 0 {
		t.Errorf("still alarmed: %v", list)
	}
	sign, err := broker.Credential(i.prober.token().Seed)
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.Replace(i.prober.token().Servers[0], "tls://", "nats://", 1)
	if nc, err := nats.Connect(plain, sign, nats.Secure(nil)); err == nil {
		nc.Close()
		t.Error("connected without knowing the authority")
	}
}

func TestNodesAreUpgradedFirst(t *testing.T) {
	t.Parallel()
	i, release := older(t)
	for _, p := range i.nodes {
		p.kill()
		p.of("").start()
		i.serves("old control, " + p.name + " new")
	}
	var n control.Node
	if err := i.call("GET", "/nodes/r1", nil, &n); err != nil || n.Version == "" {
		t.Errorf("r1 as the old control sees it: %+v %v", n, err)
	}
	// And back: an old binary on the folder of the new one.
	for _, p := range i.nodes {
		p.kill()
		p.of(release).start()
	}
	i.serves("nodes of the previous release again")
}
