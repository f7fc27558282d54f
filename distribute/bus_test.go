package distribute_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
)

func TestBusCarriesWithoutPrefix(t *testing.T) {
	t.Parallel()
	b := rig.Broker(t, broker.Options{})
	one, two := rig.Dial(t, b), rig.Dial(t, b)
	got := make(chan string, 10)
	cancel, err := one.Subscribe("health.obs.*", func(subject string, data []byte) { got <- subject + "=" + string(data) })
	if err != nil {
		t.Fatal(err)
	}
	rig.Eventually(t, "a message arrives", func() bool {
		if err := two.Publish("health.obs.v1", []byte("x")); err != nil {
			t.Fatal(err)
		}
		select {
		case s := <-got:
			if s != "health.obs.v1=x" {
				t.Fatalf("got %q", s)
			}
			return true
		default:
			return false
		}
	})
	cancel()
	for len(got) > 0 {
		<-got
	}
	if err := two.Publish("health.obs.v1", []byte("y")); err != nil {
		t.Fatal(err)
	}
	ask, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	if _, err := two.Request(ask, "nobody", nil); err == nil || ask.Err() != nil {
		t.Errorf("a request that nobody answers: %v; want an error at once", err)
	}
	if len(got) > 0 {
		t.Errorf("%q came after cancel", <-got)
	}
}

func TestBusAnswersRequests(t *testing.T) {
	t.Parallel()
	b := rig.Broker(t, broker.Options{})
	one, two := rig.Dial(t, b), rig.Dial(t, b)
	cancel, err := one.Reply("current.get", func(q []byte) []byte { return append([]byte("re: "), q...) })
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	rig.Eventually(t, "an answer", func() bool {
		a, err := two.Request(ctx, "current.get", []byte("hello"))
		return err == nil && string(a) == "re: hello"
	})
}

func TestBusOutlivesTheServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seed, pub, err := broker.NewUser()
	if err != nil {
		t.Fatal(err)
	}
	users := []broker.User{{PublicKey: pub, Node: broker.Node{ID: "r1", Roles: []string{broker.RoleResolver}}}}
	b, err := broker.Start(broker.Options{Dir: dir, Listen: "127.0.0.1:0", Users: users})
	if err != nil {
		t.Fatal(err)
	}
	urls := b.URLs()
	node := rig.DialNode(t, urls, seed, "r1")
	var connects, heard atomic.Int32
	defer node.OnConnect(func() { connects.Add(1) })()
	cancel, err := node.Subscribe("health.beat.*", func(string, []byte) { heard.Add(1) })
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	rig.Eventually(t, "connected", node.Connected)
	b.Close()
	rig.Eventually(t, "the loss is noticed", func() bool { return !node.Connected() })
	if err := node.Publish("current.report", []byte("{}")); err == nil {
		t.Error("publishing without a server gave no error: the message would arrive late")
	}
	b = rig.Broker(t, broker.Options{Dir: dir, Listen: strings.TrimPrefix(urls[0], "nats://"), Users: users})
	control := rig.Dial(t, b)
	rig.Eventually(t, "the subscription is back", func() bool {
		_ = control.Publish("health.beat.v1", nil)
		return heard.Load() > 0
	})
	if connects.Load() < 1 {
		t.Error("OnConnect was not called")
	}
}
