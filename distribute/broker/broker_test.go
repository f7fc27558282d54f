package broker_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/distribute/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func user(t testing.TB, n broker.Node) (string, broker.User) {
	t.Helper()
	seed, pub, err := broker.NewUser()
	if err != nil {
		t.Fatal(err)
	}
	return seed, broker.User{PublicKey: pub, Node: n}
}

func TestNoSocketUnlessAsked(t *testing.T) {
	t.Parallel()
	b := rig.Broker(t, broker.Options{})
	if u := b.URLs(); u != nil {
		t.Errorf("addresses %q without Listen", u)
	}
	bus := rig.Dial(t, b)
	rig.Eventually(t, "connected in process", bus.Connected)
	for _, bad := range []string{"127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "no.such.host.invalid:0"} {
		if b, err := broker.Start(broker.Options{Dir: t.TempDir(), Listen: bad}); err == nil {
			b.Close()
			t.Errorf("listening on %q gave no error", bad)
		}
	}
}

func TestWhatIsAcknowledgedSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, err := broker.Start(broker.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	seed := b.ControlSeed()
	js := control(t, b)
	if err := stream.Ensure(t.Context(), js, stream.Limits{}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), stream.LogSubject(1, 1, 0), []byte("x")); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b.Close() // twice is fine
	b = rig.Broker(t, broker.Options{Dir: dir})
	if b.ControlSeed() != seed {
		t.Error("control has another credential after a restart")
	}
	if _, err := stream.Last(t.Context(), control(t, b), stream.LogName, stream.LogSubject(1, 1, 0)); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(filepath.Join(dir, "control.seed"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the seed's file: %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "control.seed"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if _, err := broker.Start(broker.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "control.seed") {
		t.Errorf("with a damaged seed: %v", err)
	}
}

func control(t *testing.T, b *broker.Broker) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(rig.Dial(t, b).Conn())
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// client connects as a node, with its errors collected.
func client(t *testing.T, s bus, seed, id string) (*nats.Conn, chan error) {
	t.Helper()
	sign, err := broker.Credential(seed)
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 100)
	nc, err := nats.Connect(s.url, nats.Secure(s.tls), sign, nats.CustomInboxPrefix(broker.InboxPrefix(id)), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { errs <- err }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, errs
}

// Each row is what a node of a role tries with the bare protocol, not only what our
// client would do.
func TestNodesMayOnlyWhatTheirRoleNeeds(t *testing.T) {
	t.Parallel()
	rs, ru := user(t, broker.Node{ID: "r1", Roles: []string{broker.RoleResolver}})
	ps, pu := user(t, broker.Node{ID: "p1", Roles: []string{broker.RoleProber}, Vantage: "v1"})
	for kind, s := range servers(t, ru, pu) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			mayOnly(t, s, rs, ps)
		})
	}
}

func mayOnly(t *testing.T, s bus, rs, ps string) {
	js, err := jetstream.New(s.control)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Ensure(t.Context(), js, stream.Limits{}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "SECRET", Subjects: []string{"secret.>"}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		role, act, subject string
		allowed            bool
	}{
		{"resolver", "pub", "meridian.node.status.r1", true},
		{"resolver", "pub", "meridian.node.status.p1", false},
		{"resolver", "pub", "meridian.current.report", true},
		{"resolver", "pub", "meridian.current.set", false},
		{"resolver", "pub", "meridian.health.obs.v1", false},
		{"resolver", "pub", "meridian.health.state.v1", true},
		{"resolver", "pub", "meridian.config.head", false},
		{"resolver", "pub", "meridian.log.1.1.0", false},
		{"resolver", "pub", "meridian.snap.head", false},
		{"resolver", "pub", "$JS.API.STREAM.DELETE.MERIDIAN_LOG", false},
		{"resolver", "pub", "$JS.API.STREAM.PURGE.MERIDIAN_LOG", false},
		{"resolver", "pub", "$JS.API.STREAM.CREATE.X", false},
		{"resolver", "pub", "$JS.API.STREAM.NAMES", false},
		{"resolver", "pub", "$JS.API.STREAM.INFO.SECRET", false},
		{"resolver", "pub", "$JS.API.CONSUMER.CREATE.SECRET.c.secret.>", false},
		{"resolver", "pub", "$JS.API.CONSUMER.CREATE.MERIDIAN_LOG.c", false},
		{"resolver", "pub", "$JS.API.CONSUMER.DURABLE.CREATE.MERIDIAN_LOG.c", false},
		{"resolver", "pub", "$JS.API.DIRECT.GET.SECRET.secret.x", false},
		{"resolver", "pub", "meridian.stats.query.r1", true},
		{"resolver", "pub", "meridian.stats.query.r2", false},
		{"resolver", "pub", "meridian.stats.probe.v1", false},
		{"resolver", "sub", "meridian.stats.query.*", false},
		{"resolver", "sub", "meridian.health.obs.*", true},
		{"resolver", "sub", "meridian.explain.r1", true},
		{"resolver", "sub", "meridian.explain.r2", false},
		{"resolver", "sub", "meridian.queries.r1", true},
		{"resolver", "sub", "meridian.queries.r2", false},
		{"resolver", "sub", "meridian.queries.*", false},
		{"resolver", "pub", "meridian.queries.r1", false},
		{"resolver", "pub", "meridian.queries.r2", false},
		{"resolver", "pub", "_INBOX.$control.ask.meridian.queries.r1.abc", true},
		{"resolver", "pub", "_INBOX.$control.ask.meridian.queries.r2.abc", false},
		{"prober", "sub", "meridian.queries.r1", false},
		{"resolver", "sub", "meridian.node.status.*", false},
		{"resolver", "sub", "_INBOX.>", false},
		{"resolver", "sub", "meridian.node.removed", true},
		{"resolver", "pub", "meridian.node.removed", false},
		{"resolver", "pub", "meridian.node.labels.p1", false},
		{"prober", "sub", "meridian.node.labels.p1", true},
		{"prober", "sub", "meridian.node.labels.r1", false},
		{"resolver", "sub", "_INBOX.p1.x", false},
		{"resolver", "sub", ">", false},
		{"resolver", "sub", "meridian.log.>", false},
		{"prober", "pub", "meridian.health.obs.v1", true},
		{"prober", "pub", "meridian.health.obs.v2", false},
		{"prober", "pub", "meridian.health.beat.v1", true},
		{"prober", "pub", "meridian.stats.probe.v1", true},
		{"prober", "pub", "meridian.stats.probe.v2", false},
		{"prober", "pub", "meridian.stats.query.p1", false},
		{"prober", "pub", "meridian.current.report", false},
		{"prober", "pub", "meridian.current.get", false},
		{"prober", "pub", "meridian.node.status.p1", true},
		{"prober", "pub", "_INBOX.r1.stolen", false},
		{"prober", "pub", "_INBOX.r1.ask.meridian.health.state.v1.abc", true},
		{"prober", "pub", "_INBOX.r1.ask.meridian.health.state.v2.abc", false},
		{"prober", "pub", "_INBOX.r1.ask.meridian.explain.r1.abc", false},
		{"resolver", "pub", "_INBOX.$control.ask.meridian.explain.r1.abc", true},
		{"resolver", "pub", "_INBOX.$control.ask.meridian.explain.r2.abc", false},
		{"resolver", "pub", "_INBOX.p1.ask.meridian.health.state.v1.abc", false},
		{"prober", "sub", "meridian.health.state.v1", true},
		{"prober", "sub", "meridian.health.state.v2", false},
		{"prober", "sub", "meridian.health.obs.v2", false},
	} {
		t.Run(fmt.Sprintf("%s %s %s", tt.role, tt.act, tt.subject), func(t *testing.T) {
			t.Parallel()
			seed, id := rs, "r1"
			if tt.role == "prober" {
				seed, id = ps, "p1"
			}
			nc, errs := client(t, s, seed, id)
			var err error
			if tt.act == "pub" {
				err = nc.Publish(tt.subject, []byte("{}"))
			} else {
				_, err = nc.SubscribeSync(tt.subject)
			}
			if err != nil {
				t.Fatal(err)
			}
			// The server answers in order, so a refusal is here before the pong.
			if err := nc.Flush(); err != nil {
				t.Fatal(err)
			}
			refused := false
			deadline := time.After(time.Second)
			if tt.allowed {
				deadline = time.After(50 * time.Millisecond)
			}
			select {
			case err := <-errs:
				refused = strings.Contains(strings.ToLower(err.Error()), "permissions violation")
			case <-deadline:
			}
			if refused == tt.allowed {
				t.Errorf("refused: %v, want allowed: %v", refused, tt.allowed)
			}
		})
	}
}

func TestProberAnswersWhoAsks(t *testing.T) {
	t.Parallel()
	rs, ru := user(t, broker.Node{ID: "r1", Roles: []string{broker.RoleResolver}})
	ps, pu := user(t, broker.Node{ID: "p1", Roles: []string{broker.RoleProber}, Vantage: "v1"})
	b := rig.Broker(t, broker.Options{Listen: "127.0.0.1:0", Users: []broker.User{ru, pu}})
	prober, resolver := rig.DialNode(t, b.URLs(), ps, "p1"), rig.DialNode(t, b.URLs(), rs, "r1")
	cancel, err := prober.Reply("health.state.v1", func([]byte) []byte { return []byte("all good") })
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	rig.Eventually(t, "an answer", func() bool {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		a, err := resolver.Request(ctx, "health.state.v1", nil)
		return err == nil && string(a) == "all good"
	})
}

func TestResolverExplainsItselfToControl(t *testing.T) {
	t.Parallel()
	rs, ru := user(t, broker.Node{ID: "r1", Roles: []string{broker.RoleResolver}})
	b := rig.Broker(t, broker.Options{Listen: "127.0.0.1:0", Users: []broker.User{ru}})
	cancel, err := rig.DialNode(t, b.URLs(), rs, "r1").Reply("explain.r1", func([]byte) []byte { return []byte("because") })
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	asks := rig.Dial(t, b)
	rig.Eventually(t, "an answer", func() bool {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		a, err := asks.Request(ctx, "explain.r1", nil)
		return err == nil && string(a) == "because"
	})
}

func TestStrangersAndFormerNodesAreKeptOut(t *testing.T) {
	t.Parallel()
	seed, u := user(t, broker.Node{ID: "r1", Roles: []string{broker.RoleResolver}})
	b := rig.Broker(t, broker.Options{Listen: "127.0.0.1:0"})
	url := b.URLs()[0]
	if nc, err := nats.Connect(url); err == nil {
		nc.Close()
		t.Error("connected without a credential")
	}
	sign, err := broker.Credential(seed)
	if err != nil {
		t.Fatal(err)
	}
	if nc, err := nats.Connect(url, sign); err == nil {
		nc.Close()
		t.Error("connected with an unknown credential")
	}
	if err := b.SetUsers([]broker.User{u}); err != nil {
		t.Fatal(err)
	}
	bus := rig.DialNode(t, b.URLs(), seed, "r1")
	rig.Eventually(t, "connected", bus.Connected)
	if err := b.SetUsers(nil); err != nil {
		t.Fatal(err)
	}
	rig.Eventually(t, "thrown out", func() bool { return !bus.Connected() })
	if err := b.SetUsers([]broker.User{u}); err != nil {
		t.Fatal(err)
	}
	rig.Eventually(t, "connected again: it had kept trying", bus.Connected)
	for _, bad := range []broker.User{{PublicKey: "U", Node: u.Node}, {PublicKey: u.PublicKey, Node: broker.Node{ID: "a.b", Roles: u.Node.Roles}}} {
		if err := b.SetUsers([]broker.User{bad}); err == nil {
			t.Errorf("user %+v was accepted", bad)
		}
	}
}

func TestTwoServersAreTriedInTurn(t *testing.T) {
	t.Parallel()
	seed, u := user(t, broker.Node{ID: "r1", Roles: []string{broker.RoleResolver}})
	b := rig.Broker(t, broker.Options{Listen: "127.0.0.1:0", Users: []broker.User{u}})
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	bus := rig.DialNode(t, append([]string{"nats://" + dead.Addr().String()}, b.URLs()...), seed, "r1")
	rig.Eventually(t, "connected", bus.Connected)
}

func TestPermissionsRefuseBadNodes(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]broker.Node{
		"without an id":               {Roles: []string{broker.RoleResolver}},
		"with a wildcard id":          {ID: "*", Roles: []string{broker.RoleResolver}},
		"with a dotted id":            {ID: "a.b", Roles: []string{broker.RoleResolver}},
		"without a role":              {ID: "a"},
		"with an unknown role":        {ID: "a", Roles: []string{"king"}},
		"a prober without a vantage":  {ID: "a", Roles: []string{broker.RoleProber}},
		"a prober with a bad vantage": {ID: "a", Roles: []string{broker.RoleProber}, Vantage: "v.>"},
	} {
		if p, err := broker.Permissions(n); err == nil {
			t.Errorf("a node %s got %+v", name, p)
		}
	}
	if p, err := broker.Permissions(broker.Node{ID: "c", Roles: []string{broker.RoleControl}}); err != nil || p != nil {
		t.Errorf("control: %+v, %v; want no restriction", p, err)
	}
}

func token(seed string) broker.Token {
	return broker.Token{V: 1, Cluster: "test", Servers: []string{"nats://127.0.0.1:4222", "tls://nats.example.net:4222"}, Role: broker.RoleProber, NodeID: "p1", Vantage: "v1",
		Labels: map[string]string{"country": "CN"}, Seed: seed, Keys: []string{codec.FormatKey(rig.Public(1))}, KeySerial: 3}
}

func TestTokensComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	seed, _ := user(t, broker.Node{})
	rapid.Check(t, func(rt *rapid.T) {
		want := token(seed)
		want.NodeID = rapid.StringMatching(`[A-Za-z0-9_-]{1,63}`).Draw(rt, "id")
		want.Labels = rapid.MapOfN(rapid.String(), rapid.String(), 1, 5).Draw(rt, "labels")
		want.Cluster = rapid.String().Draw(rt, "cluster")
		s, err := want.Encode()
		if err != nil {
			rt.Skip(err)
		}
		got, err := broker.DecodeToken(" " + s + "\n")
		if err != nil {
			rt.Fatal(err)
		}
		// JSON keeps what is valid UTF-8, and names outside that are not asked for.
		if again, _ := got.Encode(); again != s || got.NodeID != want.NodeID || !reflect.DeepEqual(got.Keys, want.Keys) || got.Seed != want.Seed || got.KeySerial != 3 {
			rt.Fatalf("%+v came back as %+v", want, got)
		}
	})
}

func TestBadTokensSayWhatToDo(t *testing.T) {
	t.Parallel()
	seed, _ := user(t, broker.Node{})
	good, err := token(seed).Encode()
	if err != nil {
		t.Fatal(err)
	}
	body := func(json string) string { return "mrd1." + base64.RawURLEncoding.EncodeToString([]byte(json)) }
	for _, tt := range []struct{ name, token, want string }{
		{"nothing", "  ", "is empty"},
		{"something else", "eyJhbGciOi", "does not begin with mrd1."},
		{"a cut one", good[:len(good)/2], "cut or changed"},
		{"one with a space inside", good[:20] + " " + good[20:], "cut or changed"},
		{"two in one", body(`{"v":1}{"v":1}`), "follows its end"},
		{"a later version", body(`{"v":2}`), "upgrade the node"},
		{"one without servers", body(`{"v":1}`), "names no server"},
		{"one with a web address", body(`{"v":1,"servers":["http://x"]}`), "no nats:// or tls://"},
		{"a huge one", "mrd1." + strings.Repeat("A", 20_000), "limit"},
	} {
		_, err := broker.DecodeToken(tt.token)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && len(tt.token) > 20 && strings.Contains(err.Error(), tt.token[5:20]) {
			t.Errorf("%s: the error repeats the token", tt.name)
		}
	}
	for name, change := range map[string]func(*broker.Token){
		"a bad seed":        func(t *broker.Token) { t.Seed = "SUx" },
		"no key":            func(t *broker.Token) { t.Keys = nil },
		"a bad key":         func(t *broker.Token) { t.Keys = []string{"x"} },
		"a prober sans van": func(t *broker.Token) { t.Vantage = "" },
		"an unknown role":   func(t *broker.Token) { t.Role = "king" },
	} {
		tok := token(seed)
		change(&tok)
		if _, err := tok.Encode(); err == nil {
			t.Errorf("a token with %s was made", name)
		}
	}
}

func TestTokensDoNotShowTheirSecret(t *testing.T) {
	t.Parallel()
	seed, _ := user(t, broker.Node{})
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("joining", "token", token(seed))
	for _, s := range []string{fmt.Sprint(token(seed)), fmt.Sprintf("%+v", token(seed)), fmt.Sprintf("%#v", token(seed)), log.String()} {
		if strings.Contains(s, seed) {
			t.Errorf("%s shows the seed", s)
		}
	}
}

func FuzzDecodeToken(f *testing.F) {
	seed, _ := user(f, broker.Node{})
	s, err := token(seed).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s)
	f.Add("mrd1.e30")
	f.Fuzz(func(t *testing.T, s string) {
		tok, err := broker.DecodeToken(s)
		if err != nil {
			return
		}
		again, err := tok.Encode()
		if err != nil && len(s) < 10_000 {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if back, err := broker.DecodeToken(again); again != "" && (err != nil || !reflect.DeepEqual(back, tok)) {
			t.Fatalf("%+v came back as %+v (%v)", tok, back, err)
		}
	})
}
