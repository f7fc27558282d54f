package alert_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
)

// TestAlertAndItsEnd: raised, told, over, told; and the log says all of it.
func TestAlertAndItsEnd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), &inbox{})
		w.channel("hook", send.Webhook)
		w.settings(func(*alert.Settings) {})
		w.lead("a")
		w.observe(address("hz-1"))
		w.eventually("told", told(w.in, "hook", "address_alert hz-1"))
		if a := w.active(); len(a) != 1 || a[0].Object != "hz-1" || a[0].Severity != alert.Warning {
			t.Fatalf("%+v", a)
		}
		w.observe(address("hz-1")) // nothing new
		w.observe()
		w.eventually("its end told", told(w.in, "hook", "address_alert hz-1", "address_resume hz-1"))
		w.eventually("settled", func() bool {
			l := w.log(store.AlertFilter{})
			return len(l) == 2 && len(l[0].Deliveries) == 1 && l[0].Deliveries[0].State == "sent" && l[1].Deliveries[0].State == "sent" && l[1].Deliveries[0].Answer == "taken"
		})
		l := w.log(store.AlertFilter{})
		if l[0].Action != "resume" || l[0].Event != "address_resume" || l[0].Of != "address_alert" || l[0].Alert != l[1].Alert || l[0].Deliveries[0].Delivery == l[1].Deliveries[0].Delivery {
			t.Errorf("%+v", l)
		}
		m := w.in.all()
		if m[0].Bundle != m[1].Bundle || m[0].Open != 1 || m[1].Open != 0 || !strings.HasPrefix(m[1].Title, "[Meridian] OK: ") {
			t.Errorf("%+v\n%+v", m[0].Message, m[1].Message)
		}
		if len(w.active()) != 0 {
			t.Error("it lasts")
		}
		for filter, want := range map[store.AlertFilter]int{{Event: "address_alert"}: 2, {Event: "address_resume"}: 1, {Action: "alert"}: 1, {Object: "hz-1"}: 2, {Object: "hz"}: 0, {Kind: "pool"}: 0,
			{Text: "RECOVERED"}: 1, {Severity: "error"}: 0, {Alert: l[0].Alert}: 2, {From: time.Now().Add(time.Hour)}: 0, {Until: time.Now().Add(time.Hour)}: 2, {Event: "address_resume", Action: "alert"}: 0} {
			if got := w.log(filter); len(got) != want {
				t.Errorf("%+v: %d entries, want %d", filter, len(got), want)
			}
		}
	})
}

// TestARestartLosesNothing: the leader dies with an alert raised, while things change, and
// the next one finds what is new, what is over, and what is to be told.
func TestARestartLosesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		in := &inbox{}
		w := newWorld(t, open(), in)
		w.channel("hook", send.Webhook)
		w.settings(func(*alert.Settings) {})
		w.lead("a")
		w.observe(address("x"), address("y"))
		w.eventually("told", func() bool { return len(in.lines("hook")) == 2 })
		w.eventually("noted", func() bool { l := w.log(store.AlertFilter{}); return l[0].Deliveries[0].State == "sent" })
		w.stop()
		next := newWorld(t, open(), in)
		next.lead("b")
		// Before anything was observed nothing is over.
		next.service.Observe(t.Context(), []string{alert.NodeGone}, nil)
		if a := next.active(); len(a) != 2 {
			t.Fatalf("%d last", len(a))
		}
		next.observe(address("y"), address("z"))
		next.eventually("the difference", func() bool {
			l := slices.Sorted(slices.Values(in.lines("hook")))
			return strings.Join(l, ",") == "address_alert x,address_alert y,address_alert z,address_resume x"
		})
	})
}

// TestKilledBetweenSendAndMark: the message goes again, under the same id.
func TestKilledBetweenSendAndMark(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		in := &inbox{hold: make(chan struct{})}
		w := newWorld(t, open(), in)
		w.channel("hook", send.Webhook)
		w.settings(func(*alert.Settings) {})
		w.lead("a")
		w.observe(address("x"))
		w.eventually("taken by the other side", func() bool { return len(in.all()) == 1 })
		w.stop() // the process is gone before it could note it
		if l := w.log(store.AlertFilter{}); l[0].Deliveries[0].State != "pending" {
			t.Fatalf("%+v", l[0].Deliveries)
		}
		in.mu.Lock()
		in.hold = nil
		in.mu.Unlock()
		next := newWorld(t, open(), in)
		next.lead("b")
		next.observe(address("x"))
		next.eventually("sent again", func() bool { return len(in.all()) == 2 })
		if m := in.all(); m[0].ID != m[1].ID || m[0].Bundle != m[1].Bundle || m[0].Title != m[1].Title || m[0].Lapse != m[1].Lapse {
			t.Errorf("%+v\n%+v", m[0].Message, m[1].Message)
		}
		next.eventually("noted", func() bool { return next.log(store.AlertFilter{})[0].Deliveries[0].State == "sent" })
	})
}

// TestAnOldLeaderWritesNothing: one that does not know yet that another leads raises,
// resolves and marks nothing.
func TestAnOldLeaderWritesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		in := &inbox{}
		w := newWorld(t, open(), in)
		w.channel("hook", send.Webhook)
		w.settings(func(*alert.Settings) {})
		w.lead("a")
		w.observe(address("x"))
		w.eventually("noted", func() bool {
			l := w.log(store.AlertFilter{})
			return len(l) == 1 && len(l[0].Deliveries) == 1 && l[0].Deliveries[0].State == "sent"
		})
		next := newWorld(t, open(), in)
		next.lead("b")
		next.observe(address("x"))
		w.observe() // the old one sees that all is well
		next.observe(address("x"))
		if l := next.log(store.AlertFilter{}); len(l) != 1 || len(next.active()) != 1 {
			t.Errorf("%+v", l)
		}
		w.stop()
	})
}

// TestRetries: what the other side does not take is tried again until it does, in order;
// what comes meanwhile is one message.
func TestRetries(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		broken := true
		w.in.fail = func(string, *send.Message) error {
			if broken {
				return &send.Failure{Text: "no answer"}
			}
			return nil
		}
		w.channel("hook", send.Webhook)
		w.settings(func(*alert.Settings) {})
		w.lead("a")
		w.observe(address("x"))
		w.wait(time.Minute)
		w.observe(address("x"), address("y"))
		w.wait(time.Minute)
		w.observe(address("x"), address("y"), address("z"))
		w.wait(10 * time.Minute)
		l := w.log(store.AlertFilter{Object: "x"})
		if d := l[0].Deliveries[0]; d.State != "pending" || d.Attempts < 5 || d.Attempts > 12 || d.Answer != "no answer" {
			w.Fatalf("%+v", d)
		}
		w.in.mu.Lock()
		broken = false
		w.in.mu.Unlock()
		w.wait(6 * time.Minute)
		m := w.in.all()
		if len(m) < 2 || m[0].Entries[0].Object != "x" || !told(w.in, "hook", "address_alert x", "address_alert y", "address_alert z")() {
			w.Fatalf("%d messages: %v", len(m), w.in.lines("hook"))
		}
	})
}

// TestGivenUp: after a while, or soon what the other side understood and refused.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		w.in.fail = func(channel string, _ *send.Message) error {
			return &send.Failure{Text: "refused", Final: channel == "b"}
		}
		w.channel("a", send.Webhook)
		w.channel("b", send.Webhook)
		w.settings(func(s *alert.Settings) { s.RepeatEvery = 0 })
		w.service.SetGiveUp(20 * time.Minute)
		w.lead("a")
		w.observe(address("x"))
		w.wait(5 * time.Minute)
		state := func() string {
			var out []string
			for _, d := range w.log(store.AlertFilter{})[0].Deliveries {
				out = append(out, d.Channel+"="+d.State)
			}
			return strings.Join(out, " ")
		}
		if got := state(); got != "a=pending b=failed" {
			w.Fatal(got)
		}
		w.wait(25 * time.Minute)
		if got := state(); got != "a=failed b=failed" {
			w.Fatal(got)
		}
	})
}

// TestBundles: what follows from what is told together, and what came just before; a pool
// that falls later joins the address that it fell with.
func TestBundles(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		w.channel("hook", send.Webhook)
		w.channel("page", send.PagerDuty)
		w.settings(func(s *alert.Settings) { s.GroupWait = traffic.Duration(10 * time.Second) })
		w.lead("a")
		node := alert.Condition{Key: alert.Key{Event: alert.NodeGone, Kind: alert.OfNode, Object: "n1"}}
		w.observe(address("x"))
		w.wait(3 * time.Second)
		w.observe(address("x"), address("y"), node)
		w.wait(time.Minute)
		if m := w.in.all(); len(m) != 4 {
			w.Fatalf("%d messages", len(m))
		}
		w.observe(address("x"), address("y"), node, pool("p", "x"))
		w.wait(time.Minute)
		w.observe()
		w.wait(time.Minute)
		by := map[string][]int{} // of the pager: open alerts of each bundle, message by message
		for _, m := range w.in.all() {
			if m.channel == "page" {
				by[m.Bundle] = append(by[m.Bundle], m.Open)
			}
		}
		if len(by) != 2 {
			w.Fatalf("bundles %v", by)
		}
		for b, open := range by {
			if s := fmt.Sprint(open); s != "[2 3 0]" && s != "[1 0]" {
				w.Errorf("%s: %s", b, s)
			}
		}
	})
}

// TestAShortFailureIsOneLine, and pages nobody.
func TestAShortFailureIsOneLine(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		w.channel("page", send.PagerDuty)
		w.settings(func(s *alert.Settings) { s.GroupWait = traffic.Duration(10 * time.Second) })
		w.lead("a")
		w.observe(address("x"))
		w.wait(4 * time.Second)
		w.observe()
		w.wait(time.Minute)
		m := w.in.all()
		if len(m) != 1 || m[0].Open != 0 || len(m[0].Entries) != 1 || m[0].Entries[0].Action != "resume" || !strings.Contains(m[0].Entries[0].Text, "4s") {
			w.Fatalf("%+v", m)
		}
	})
}

// TestFlapping: with min_duration nothing is told of what comes and goes, and with
// clear_after it is one alert.
func TestFlapping(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]struct {
		change func(*alert.Settings)
		want   int
	}{
		"min_duration": {func(s *alert.Settings) { s.MinDuration = traffic.Duration(10 * time.Second) }, 0},
		"clear_after":  {func(s *alert.Settings) { s.ClearAfter = traffic.Duration(time.Minute) }, 2},
		"neither":      {func(s *alert.Settings) {}, 40},
	} {
		inTime(t, func(w *world) {
			w.channel("hook", send.Webhook)
			w.settings(set.change)
			w.lead("a")
			for range 20 {
				w.observe(address("x"))
				w.wait(5 * time.Second)
				w.observe()
				w.wait(5 * time.Second)
			}
			w.wait(5 * time.Minute)
			if got := w.log(store.AlertFilter{}); len(got) != set.want || len(w.active()) != 0 {
				w.Errorf("%s: %d entries, want %d", name, len(got), set.want)
			}
		})
	}
}

// TestAThousandAtOnce: one transaction, and one message that lists 500 of them.
func TestAThousandAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		in := &inbox{}
		w := newWorld(t, open(), in)
		w.channel("hook", send.Webhook)
		w.settings(func(*alert.Settings) {})
		w.lead("a")
		began := time.Now()
		w.observe(many(1000)...)
		w.eventually("raised", func() bool { return len(w.active()) == 1000 })
		if took := time.Since(began); took > 5*time.Second { // 0.1 s alone on this machine
			t.Errorf("raised in %s", took)
		}
		w.eventually("told", func() bool { return len(in.all()) > 0 })
		if m := in.all(); len(m) != 1 || len(m[0].Entries) != 500 || m[0].More != 500 || m[0].Open != 1000 || !strings.Contains(m[0].Title, "and 999 more") {
			t.Errorf("%d messages, %d entries, %d more, %d open: %s", len(m), len(m[0].Entries), m[0].More, m[0].Open, m[0].Title)
		}
		w.observe()
		w.eventually("over", func() bool { return len(w.active()) == 0 && len(in.all()) == 2 })
		if m := in.all()[1]; m.Open != 0 {
			t.Errorf("%d open", m.Open)
		}
	})
}

// TestRateAndDigest: no more messages a minute than the channel takes, and nothing lost.
func TestRateAndDigest(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		if _, err := w.service.PutChannel(w.Context(), "ding", alert.ChannelSpec{Kind: send.DingTalk, URL: &traffic.Value{Text: "http://192.0.2.1/x"}}, nil, "test"); err != nil {
			w.Fatal(err)
		}
		w.settings(func(*alert.Settings) {})
		w.lead("a")
		var list []alert.Condition
		for i := range 300 { // one each second, so each is a bundle of its own but for what is within 2 s
			list = append(list, address(fmt.Sprint("a-", i)))
			w.observe(list...)
			w.wait(time.Second)
		}
		w.wait(2 * time.Minute)
		told := 0
		all := w.in.all()
		for i, m := range all {
			told += len(m.Entries) + m.More
			within := 0
			for _, o := range all[i:] {
				if o.at.Sub(m.at) < time.Minute {
					within++
				}
			}
			if within > 20 {
				w.Fatalf("%d messages within a minute", within)
			}
		}
		if told != 300 || len(all) < 50 {
			w.Errorf("%d told in %d messages", told, len(all))
		}
	})
}

// TestRepeat: what lasts is told again until somebody takes care of it.
func TestRepeat(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		w.channel("hook", send.Webhook)
		w.settings(func(s *alert.Settings) { s.RepeatEvery = traffic.Duration(10 * time.Minute) })
		w.lead("a")
		w.observe(address("x"))
		w.wait(31 * time.Minute)
		if n := len(w.in.all()); n != 4 {
			w.Fatalf("told %d times", n)
		}
		if m := w.in.all()[3]; m.Entries[0].Action != "repeat" || !strings.Contains(m.Title, "still: Address x") || !strings.Contains(m.Title, "30m") {
			w.Errorf("%s", m.Title)
		}
		if err := w.service.Acknowledge(w.Context(), w.active()[0].ID, "olga", "on it", false); err != nil {
			w.Fatal(err)
		}
		w.wait(50 * time.Minute)
		if n := len(w.in.all()); n != 4 {
			w.Errorf("told %d times though olga takes care", n)
		}
		if a := w.active()[0]; a.Acknowledged == nil || a.Acknowledged.By != "olga" || a.Acknowledged.Reason != "on it" {
			w.Errorf("%+v", a.Acknowledged)
		}
		if err := w.service.Acknowledge(w.Context(), w.active()[0].ID, "olga", "", true); err != nil {
			w.Fatal(err)
		}
		w.wait(time.Minute)
		if n := len(w.in.all()); n != 5 {
			w.Errorf("told %d times", n)
		}
		w.observe()
		w.wait(time.Minute)
		if err := w.service.Acknowledge(w.Context(), w.log(store.AlertFilter{})[0].Alert, "olga", "", false); !errors.Is(err, alert.ErrNotFound) {
			w.Errorf("of what is over: %v", err)
		}
	})
}

// TestMutes: what is muted stands in the log and is not told, nor is its end; what lasts
// when the mute ends is told then.
func TestMutes(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		w.channel("hook", send.Webhook)
		w.settings(func(*alert.Settings) {})
		w.lead("a")
		m, err := w.service.AddMute(w.Context(), alert.Key{Object: "x"}, 10*time.Minute, "new racks", "olga")
		if err != nil {
			w.Fatal(err)
		}
		w.observe(address("x"), address("y"))
		w.wait(time.Minute)
		if !told(w.in, "hook", "address_alert y")() || w.active()[1].Muted == nil && w.active()[0].Muted == nil {
			w.Fatalf("%v", w.in.lines("hook"))
		}
		w.observe(address("y"))
		w.wait(time.Minute)
		w.observe(address("x"), address("y"))
		w.wait(20 * time.Minute) // the mute is over
		if !told(w.in, "hook", "address_alert y", "address_alert x")() {
			w.Errorf("%v", w.in.lines("hook"))
		}
		if _, err := w.service.EndMute(w.Context(), m.ID, "olga"); !errors.Is(err, alert.ErrNotFound) {
			w.Errorf("of one that is over: %v", err)
		}
		m, err = w.service.AddMute(w.Context(), alert.Key{Event: alert.PoolUnavailable}, time.Hour, "tests", "olga")
		if err != nil {
			w.Fatal(err)
		}
		w.observe(pool("p"))
		w.wait(time.Minute)
		if _, err := w.service.EndMute(w.Context(), m.ID, "olga"); err != nil {
			w.Fatal(err)
		}
		w.wait(time.Minute)
		if l := w.in.lines("hook"); !slices.Contains(l, "pool_unavailable p") {
			w.Errorf("%v", l)
		}
		if l := w.log(store.AlertFilter{Action: "mute"}); len(l) != 2 || l[1].Who != "olga" || !strings.Contains(l[1].Title, "olga muted x until") {
			w.Errorf("%+v", l)
		}
		for _, bad := range []struct {
			k    alert.Key
			last time.Duration
			why  string
		}{{alert.Key{}, time.Hour, "x"}, {alert.Key{Object: "x"}, 0, "x"}, {alert.Key{Object: "x"}, 1000 * time.Hour, "x"}, {alert.Key{Event: "fire"}, time.Hour, "x"}, {alert.Key{Object: "x"}, time.Hour, ""}} {
			var inv *traffic.Invalid
			if _, err := w.service.AddMute(w.Context(), bad.k, bad.last, bad.why, "olga"); !errors.As(err, &inv) {
				w.Errorf("%+v: %v", bad, err)
			}
		}
	})
}

// TestOverrides: an access domain has the say over itself alone.
func TestOverrides(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		w.channel("hook", send.Webhook)
		w.channel("own", send.Webhook)
		w.settings(func(s *alert.Settings) { s.Channels = []string{"hook"} })
		put := func(d string, o alert.Override) {
			w.Helper()
			if err := w.service.PutDomain(w.Context(), d, o, nil, "test"); err != nil {
				w.Fatal(err)
			}
		}
		put("off.example.com/A", alert.Override{Off: true})
		put("own.example.com/A", alert.Override{Channels: []string{"own"}, Events: []string{alert.DomainExceptional}})
		e, err := w.service.Domain(w.Context(), "own.example.com/A")
		if err != nil || e.Inherits.Channels || e.Inherits.Events || e.Version != 1 {
			w.Fatalf("%+v %v", e, err)
		}
		if e, err = w.service.Domain(w.Context(), "other.example.com/A"); err != nil || !e.Inherits.Channels || !e.Inherits.Events || e.Channels[0] != "hook" {
			w.Fatalf("%+v %v", e, err)
		}
		w.settings(func(s *alert.Settings) { s.Enabled, s.Channels = false, []string{"hook"} })
		for d, inherits := range map[string]bool{"off.example.com/A": false, "own.example.com/A": true, "other.example.com/A": true} {
			if e, err := w.service.Domain(w.Context(), d); err != nil || !e.Off || e.Inherits.Off != inherits {
				w.Errorf("%s while nothing is sent: %+v %v", d, e, err)
			}
		}
		w.settings(func(s *alert.Settings) { s.Channels = []string{"hook"} })
		w.lead("a")
		on := func(c alert.Condition, domains ...string) alert.Condition { c.Domains = domains; return c }
		domain := func(name string) alert.Condition {
			return on(alert.Condition{Key: alert.Key{Event: alert.DomainExceptional, Kind: alert.OfDomain, Object: name}}, name)
		}
		w.observe(domain("off.example.com/A"), domain("own.example.com/A"), on(address("a-off"), "off.example.com/A"), on(address("a-own"), "own.example.com/A"), on(address("a-both"), "off.example.com/A", "own.example.com/A", ""))
		w.wait(time.Minute)
		if !told(w.in, "hook", "address_alert a-both")() || !told(w.in, "own", "domain_exceptional own.example.com/A")() {
			w.Errorf("hook %v, own %v", w.in.lines("hook"), w.in.lines("own"))
		}
	})
}

// TestAChannelIsToldItsEvents: and their ends, and nothing else.
func TestAChannelIsToldItsEvents(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		w.channel("all", send.Webhook)
		spec := alert.ChannelSpec{Kind: send.Webhook, URL: &traffic.Value{Text: "http://192.0.2.1/x"}, Events: []string{"pool_gone"}}
		var invalid *traffic.Invalid
		if _, err := w.service.PutChannel(w.Context(), "pools", spec, nil, "test"); !errors.As(err, &invalid) || invalid.Problems[0].Field != "events[0]" {
			w.Fatalf("an event that is none: %v", err)
		}
		spec.Events = []string{alert.PoolUnavailable}
		if _, err := w.service.PutChannel(w.Context(), "pools", spec, nil, "test"); err != nil {
			w.Fatal(err)
		}
		w.settings(func(*alert.Settings) {})
		w.lead("a")
		w.observe(address("a"), pool("p", "b"))
		w.wait(time.Minute)
		w.observe()
		w.wait(time.Minute)
		if !told(w.in, "pools", "pool_unavailable p", "pool_available p")() {
			w.Errorf("pools %v, all %v", w.in.lines("pools"), w.in.lines("all"))
		}
		if got := len(w.in.lines("all")); got != 4 {
			w.Errorf("all was told %d: %v", got, w.in.lines("all"))
		}
	})
}

// TestQuietHours: what is milder waits for the morning, with what became of it.
func TestQuietHours(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		w.channel("hook", send.Webhook)
		now := time.Now().UTC()
		w.settings(func(s *alert.Settings) {
			s.RepeatEvery = 0
			s.Quiet = alert.QuietHours{Enabled: true, From: now.Add(-time.Hour).Format("15:04"), Until: now.Add(10 * time.Minute).Format("15:04"), Zone: "UTC", LetThrough: alert.Critical}
		})
		w.lead("a")
		grave := alert.Condition{Key: alert.Key{Event: alert.DomainExceptional, Kind: alert.OfDomain, Object: "d/A"}}
		w.observe(address("x"))
		w.wait(time.Minute)
		if len(w.in.all()) != 0 {
			w.Fatal("told in quiet hours")
		}
		w.observe()
		w.wait(time.Minute)
		w.observe(grave)
		w.wait(time.Minute)
		if !told(w.in, "hook", "domain_exceptional d/A")() {
			w.Fatalf("%v", w.in.lines("hook"))
		}
		w.wait(20 * time.Minute)
		if !told(w.in, "hook", "domain_exceptional d/A", "address_resume x")() {
			w.Errorf("%v", w.in.lines("hook"))
		}
	})
}

// TestDeletedChannel: what waits for a channel goes with it, and a rule that names it
// keeps it.
func TestDeletedChannel(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		w.in.fail = func(string, *send.Message) error { return &send.Failure{Text: "away"} }
		w.channel("hook", send.Webhook)
		w.settings(func(s *alert.Settings) { s.Channels = []string{"hook"} })
		w.lead("a")
		w.observe(address("x"))
		w.wait(time.Minute)
		w.observe(address("x"), address("y"))
		w.wait(time.Second)
		var used *alert.InUse
		if err := w.service.DeleteChannel(w.Context(), "hook", nil); !errors.As(err, &used) || used.By[0] != "the settings" {
			w.Fatalf("%v", err)
		}
		w.settings(func(*alert.Settings) {})
		if err := w.service.DeleteChannel(w.Context(), "hook", nil); err != nil {
			w.Fatal(err)
		}
		w.wait(time.Hour)
		for _, e := range w.log(store.AlertFilter{}) {
			for _, d := range e.Deliveries {
				if d.State != "failed" {
					w.Errorf("%+v", d)
				}
			}
		}
		w.observe()
		w.wait(time.Minute)
		if n := len(w.active()); n != 0 {
			w.Errorf("%d last", n)
		}
	})
}

func TestWatchersHear(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		heard := make(chan any, 3000)
		w.service = alert.New(alert.Options{Store: w.store, Send: w.in.send, Publish: func(d any) { heard <- d }})
		watch, stop := w.background(w.service.Watch)
		defer stop()
		_ = watch
		w.settings(func(*alert.Settings) {})
		w.lead("a")
		w.wait(2 * time.Second)
		w.observe(address("x"))
		w.wait(50 * time.Millisecond)
		if e, ok := (<-heard).(alert.Entry); !ok || e.Object != "x" || e.Action != "alert" {
			w.Fatalf("%+v", e)
		}
		w.observe(append(many(1000), address("x"))...)
		w.wait(2 * time.Second)
		if m, ok := (<-heard).(alert.Many); !ok || m.Action != "many" || len(heard) != 0 {
			w.Errorf("%+v and %d more", m, len(heard))
		}
	})
}

// TestEmptyListsAreLists: what is given as null stands as empty.
func TestEmptyListsAreLists(t *testing.T) {
	t.Parallel()
	inTime(t, func(w *world) {
		set := alert.DefaultSettings()
		set.Channels, set.Events, set.Quiet.Days = nil, nil, nil
		if _, err := w.service.PutSettings(w.Context(), set, nil, "test"); err != nil {
			w.Fatal(err)
		}
		got, version, err := w.service.Settings(w.Context())
		if err != nil || version != 1 || got.Channels == nil || got.Events == nil || got.Quiet.Days == nil {
			w.Fatalf("%+v %d %v", got, version, err)
		}
		zero, two := uint64(0), uint64(2)
		for _, want := range []*uint64{&zero, &two} {
			if _, err := w.service.PutSettings(w.Context(), set, want, "test"); !errors.Is(err, alert.ErrVersion) {
				w.Errorf("at version %d: %v", *want, err)
			}
		}
	})
}
