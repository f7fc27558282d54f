package follow_test

import (
	"context"
	"crypto/ed25519"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/distribute"
	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/codec"
	"github.com/meridian-gtm/meridian/distribute/follow"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/distribute/publish"
	"github.com/meridian-gtm/meridian/traffic"
)

// childEnv makes this test binary a node: folder, server and credential.
const childEnv = "MERIDIAN_TEST_FOLLOWER"

// child follows until it is killed.
func child(spec string) error {
	part := strings.Fields(spec)
	sign, err := broker.Credential(part[2])
	if err != nil {
		return err
	}
	o := distribute.DialOptions{Servers: part[1:2], Name: "r1", Node: "r1"}
	o.Extra = append(o.Extra, sign)
	bus, err := distribute.Dial(o)
	if err != nil {
		return err
	}
	key, err := codec.ParseKey(part[3])
	if err != nil {
		return err
	}
	f, err := follow.New(follow.Options{Dir: part[0], Conn: bus.Conn(), Keys: []ed25519.PublicKey{key}, Apply: func(follow.Update) error { return nil }})
	if err != nil {
		return err
	}
	if _, err := f.Boot(); err != nil {
		return err
	}
	return f.Run(context.Background())
}

// A node process is killed (-9) again and again while configuration pours in. What
// its disk holds is always a state that control once had, and never an older one than
// at the kill before.
func TestKilledNodeStartsFromAGoodState(t *testing.T) {
	t.Parallel()
	seed, pub, err := broker.NewUser()
	if err != nil {
		t.Fatal(err)
	}
	b := rig.Broker(t, broker.Options{Listen: "127.0.0.1:0", Users: []broker.User{{PublicKey: pub, Node: broker.Node{ID: "r1", Roles: []string{broker.RoleResolver}}}}})
	bus, s := rig.Dial(t, b), &site{store: rig.NewStore(1), r: rand.New(rand.NewPCG(9, 9))}
	s.p, s.stop = publisher(t, bus, s.store, 1, func(o *publish.Options) { o.SnapshotRevisions = 100 })
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var last traffic.Position
	for range 4 {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{dir, b.URLs()[0], seed, codec.FormatKey(rig.Public(1))}, " "))
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		before := logSize(dir)
		rig.Eventually(t, "the node stores revisions", func() bool {
			s.commit()
			return logSize(dir) != before
		})
		for range s.r.IntN(20) { // and dies anywhere in the next ones
			s.commit()
			time.Sleep(time.Millisecond)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Errorf("the node had ended by itself: %s", out.String())
		}
		_ = cmd.Wait() // it says that it was killed
		n := &node{t: t, dir: dir, model: traffic.NewModel()}
		n.open(bus, 1)
		ok, err := n.f.Boot()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			t.Fatalf("nothing on the disk: %q", n.f.Alarms())
		}
		pos, content := n.state()
		if s.store.Past()[pos] != string(content) {
			t.Fatalf("the disk gives %s with content that was never there", pos)
		}
		if pos.Before(last) {
			t.Errorf("the disk went back from %s to %s", last, pos)
		}
		if a := n.f.Alarms(); a != nil {
			t.Errorf("a kill is not a damage: %q", a)
		}
		last = pos
	}
	n := start(t, bus, dir, 0)
	n.reaches(s.store)
}

func logSize(dir string) int64 {
	info, err := os.Stat(filepath.Join(dir, "log"))
	if err != nil {
		return -1
	}
	return info.Size()
}
