package follow_test

import (
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/follow"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/internal/pki"
	"github.com/meridian-gtm/meridian/traffic"
)

// resolvers follow one control, each over a connection of its own with TLS and its own
// credential, as 200 machines would.
const resolvers = 200

// crowd counts who has applied what.
type crowd struct {
	mu   sync.Mutex // guards the fields below
	at   map[int]traffic.Position
	slow int // this one takes its time, -1 for nobody
}

func (c *crowd) apply(i int, u follow.Update) error {
	c.mu.Lock()
	slow := c.slow == i
	c.mu.Unlock()
	if slow {
		time.Sleep(200 * time.Millisecond) // its disk or its processor is overrun
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at[i] = u.Position
	return nil
}

// all reports whether everybody but the slow one is at a position.
func (c *crowd) all(p traffic.Position) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range resolvers {
		if c.at[i] != p && i != c.slow {
			return false
		}
	}
	return true
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestTwoHundredResolversFollowOverTLSAndASlowOneHoldsUpNobody(t *testing.T) {
	t.Parallel()
	a, err := pki.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server, err := pki.NewServer(a, []string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	client, err := pki.Client(a.DER())
	if err != nil {
		t.Fatal(err)
	}
	var users []broker.User
	seeds := make([]string, resolvers)
	for i := range resolvers {
		seed, public, err := broker.NewUser()
		if err != nil {
			t.Fatal(err)
		}
		seeds[i] = seed
		users = append(users, broker.User{PublicKey: public, Node: broker.Node{ID: fmt.Sprintf("r%d", i), Roles: []string{broker.RoleResolver}}})
	}
	b := rig.Broker(t, broker.Options{Listen: "127.0.0.1:0", TLS: server.TLS(), Users: users})
	if u, err := url.Parse(b.URLs()[0]); err != nil || u.Scheme != "tls" {
		t.Fatalf("the server is at %s", b.URLs())
	}
	store := rig.NewStore(1)
	p, _ := publisher(t, rig.Dial(t, b), store, 1)
	c := &crowd{at: map[int]traffic.Position{}, slow: -1}
	began := time.Now()
	for i := range resolvers {
		join(t, c, i, b.URLs(), seeds[i], client)
	}
	level := func(what string) time.Duration {
		t.Helper()
		began := time.Now()
		p.Notify()
		pos, _ := store.State()
		rig.Eventually(t, what, func() bool { return c.all(pos) })
		return time.Since(began)
	}
	level("all have the first configuration")
	joined := time.Since(began)
	measure := func(what string) {
		t.Helper()
		var took []time.Duration
		cpu := cpuTime()
		for n := range rounds() {
			store.Commit(rig.Address("a", fmt.Sprintf("192.0.2.%d", n%250), what))
			took = append(took, level(what))
		}
		cpu = cpuTime() - cpu
		slices.Sort(took)
		t.Logf("%s: commit to all %d applied: median %v, worst %v of %d; %v processor time a change, server and clients together",
			what, resolvers, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), len(took), (cpu / time.Duration(len(took))).Round(time.Millisecond))
		if limit := 2 * time.Second; os.Getenv("MERIDIAN_EVIDENCE") != "" && took[len(took)-1] > limit {
			t.Errorf("%s: the worst took %v, promised %v", what, took[len(took)-1], limit)
		}
	}
	measure("a change")
	c.mu.Lock()
	c.slow = 7
	c.mu.Unlock()
	measure("a change, with one resolver that takes 200 ms for each")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d joined in %v; memory in use %d MiB, server and clients together", resolvers, joined.Round(time.Millisecond), m.HeapInuse>>20)
	c.mu.Lock()
	c.slow = -1
	c.mu.Unlock()
	level("the slow one catches up")
}

// rounds is how many changes are measured.
func rounds() int {
	if os.Getenv("MERIDIAN_EVIDENCE") != "" {
		return 100
	}
	return 5
}

func join(t *testing.T, c *crowd, i int, servers []string, seed string, conf *tls.Config) {
	t.Helper()
	sign, err := broker.Credential(seed)
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("r%d", i)
	bus, err := distribute.Dial(distribute.DialOptions{Servers: servers, Name: id, Node: id, TLS: conf, Extra: []nats.Option{sign}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bus.Close)
	f, err := follow.New(follow.Options{Dir: t.TempDir(), Conn: bus.Conn(), Keys: []ed25519.PublicKey{rig.Public(1)}, Apply: func(u follow.Update) error { return c.apply(i, u) }})
	if err != nil {
		t.Fatal(err)
	}
	rig.Start(t, f.Run)
}
