package alert

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// TestTrackerProperty: whatever comes and goes, an alert begins only when something has
// been wrong for long enough and ends only when it has been right for long enough, each
// in turn; and what stays as it is settles.
func TestTrackerProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		least := time.Duration(rapid.IntRange(0, 5).Draw(t, "least")) * time.Second
		clear := time.Duration(rapid.IntRange(0, 5).Draw(t, "clear")) * time.Second
		keys := []Key{{AddressAlert, OfAddress, "a"}, {AddressAlert, OfAddress, "b"}, {PoolUnavailable, OfPool, "p"}, {NodeGone, OfNode, "n"}}
		tr := newTracker()
		active, wrong, since := map[Key]bool{}, map[Key]bool{}, map[Key]time.Time{}
		now := time.Unix(1000, 0)
		step := func(fails bool) time.Time {
			raise, end, next := tr.step(now, func(k Key) bool { return active[k] }, func(f func(Key)) {
				for k := range active {
					f(k)
				}
			}, least, clear)
			if fails { // the store did not take it: the next step decides anew
				return next
			}
			for _, c := range raise {
				if active[c.Key] || !wrong[c.Key] || now.Sub(since[c.Key]) < least {
					t.Fatalf("%v begins: active %t, wrong %t for %s", c.Key, active[c.Key], wrong[c.Key], now.Sub(since[c.Key]))
				}
				active[c.Key] = true
			}
			for _, k := range end {
				if !active[k] || wrong[k] || now.Sub(since[k]) < clear {
					t.Fatalf("%v ends: wrong %t, right for %s", k, wrong[k], now.Sub(since[k]))
				}
				delete(active, k)
			}
			return next
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "wait")) * time.Second)
			events := rapid.SampledFrom([][]string{{AddressAlert, PoolUnavailable}, {NodeGone}, Codes()}).Draw(t, "events")
			var list []Condition
			for _, k := range keys {
				if !slices.Contains(events, k.Event) {
					continue
				}
				is := rapid.Bool().Draw(t, k.Object)
				if is != wrong[k] {
					wrong[k], since[k] = is, now
				}
				if is {
					list = append(list, Condition{Key: k})
				}
			}
			tr.observe(events, list)
			step(rapid.Bool().Draw(t, "fails"))
		}
		for range 4 { // by what it says itself it settles
			if next := step(false); !next.IsZero() {
				if next.Before(now) {
					t.Fatalf("wakes at %s, before %s", next, now)
				}
				now = next
			}
		}
		for _, k := range keys {
			if tr.known[k.Event] && active[k] != wrong[k] {
				t.Fatalf("%v: active %t, wrong %t", k, active[k], wrong[k])
			}
		}
	})
}

// TestChooseProperty: a message is of bundles that are due, whole, and nothing is due and
// left when there are tokens for all.
func TestChooseProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1000, 0)
		var list []store.WaitingNotice
		for i := range rapid.IntRange(0, 30).Draw(t, "notices") {
			n := store.WaitingNotice{}
			n.Log, n.Bundle, n.DueAt = uint64(i+1), uint64(rapid.IntRange(1, 6).Draw(t, "bundle")), now.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "due"))*time.Second)
			list = append(list, n)
		}
		apart, tokens := rapid.Bool().Draw(t, "apart"), rapid.IntRange(1, 3).Draw(t, "tokens")
		sent := map[uint64]bool{}
		for range 10 {
			p, next := choose(list, now, tokens, apart)
			due := map[uint64]bool{}
			for _, n := range list {
				if !n.DueAt.After(now) {
					due[n.Bundle] = true
				}
			}
			if p == nil {
				if len(due) > 0 || len(list) > 0 && !next.After(now) {
					t.Fatalf("nothing of %d due; next %s", len(due), next)
				}
				return
			}
			of := map[uint64]int{}
			for _, n := range p.notices {
				of[n.Bundle]++
				if sent[n.Log] || !due[n.Bundle] {
					t.Fatalf("%d of bundle %d", n.Log, n.Bundle)
				}
				sent[n.Log] = true
			}
			if apart && len(of) != 1 || !apart && len(due) > tokens && len(of) != len(due) {
				t.Fatalf("%d of %d bundles in one message", len(of), len(due))
			}
			list = slices.DeleteFunc(list, func(n store.WaitingNotice) bool {
				if of[n.Bundle] > 0 && !sent[n.Log] {
					t.Fatalf("%d was left out of its bundle", n.Log)
				}
				return sent[n.Log]
			})
		}
	})
}

func TestQuietHours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		q         QuietHours
		at, until string
	}{
		{QuietHours{From: "22:00", Until: "07:00", Zone: "UTC"}, "2026-11-26T21:59:59Z", ""},
		{QuietHours{From: "22:00", Until: "07:00", Zone: "UTC"}, "2026-11-26T22:00:00Z", "2026-11-27T07:00:00Z"},
		{QuietHours{From: "22:00", Until: "07:00", Zone: "UTC"}, "2026-11-27T06:59:00Z", "2026-11-27T07:00:00Z"},
		{QuietHours{From: "22:00", Until: "07:00", Zone: "UTC"}, "2026-11-27T07:00:00Z", ""},
		{QuietHours{From: "22:00", Until: "07:00", Zone: "Asia/Shanghai"}, "2026-11-26T14:30:00Z", "2026-11-26T23:00:00Z"},
		{QuietHours{From: "12:00", Until: "13:00", Zone: "UTC", Days: []string{"sat"}}, "2026-11-26T12:30:00Z", ""}, // a Thursday
		{QuietHours{From: "22:00", Until: "07:00", Zone: "UTC", Days: []string{"fri"}}, "2026-11-28T03:00:00Z", "2026-11-28T07:00:00Z"},
		{QuietHours{From: "22:00", Until: "07:00", Zone: "UTC", Days: []string{"sat"}}, "2026-11-28T03:00:00Z", ""},
		// The night in which the clocks of Berlin go back an hour lasts one more.
		{QuietHours{From: "22:00", Until: "07:00", Zone: "Europe/Berlin"}, "2026-10-24T20:30:00Z", "2026-10-25T06:00:00Z"},
	} {
		c.q.Enabled, c.q.LetThrough = true, Critical
		var p problems
		if c.q.check(&p); len(p) > 0 {
			t.Fatal(p)
		}
		now, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		want := now
		if c.until != "" {
			if want, err = time.Parse(time.RFC3339, c.until); err != nil {
				t.Fatal(err)
			}
		}
		if got := c.q.until(now, Error); !got.Equal(want) {
			t.Errorf("%+v at %s: until %s, want %s", c.q, c.at, got.UTC(), want)
		}
		if got := c.q.until(now, Critical); !got.Equal(now) {
			t.Errorf("%+v holds back what is critical", c.q)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	good := DefaultSettings()
	if err := good.Check(nil); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Settings){
		"channels[0]": func(s *Settings) { s.Channels = []string{"nobody"} }, "events[1]": func(s *Settings) { s.Events = []string{AddressAlert, AddressAlert} },
		"events[0]": func(s *Settings) { s.Events = []string{"address_resume"} }, "group_wait": func(s *Settings) { s.GroupWait = -1 },
		"repeat_every": func(s *Settings) { s.RepeatEvery = traffic.Duration(time.Second) }, "console_url": func(s *Settings) { s.ConsoleURL = "javascript:alert(1)" },
		"quiet_hours.time_zone": func(s *Settings) { s.Quiet.Zone = "Mars" }, "quiet_hours.from": func(s *Settings) { s.Quiet.From = "7:00" }, "quiet_hours.until": func(s *Settings) { s.Quiet.Until = s.Quiet.From },
		"quiet_hours.days": func(s *Settings) { s.Quiet.Days = []string{"sunday"} }, "quiet_hours.let_through": func(s *Settings) { s.Quiet.LetThrough = "info" },
		"thresholds.traffic_factor": func(s *Settings) { s.Thresholds.TrafficFactor = 1 }, "thresholds.certificate_days": func(s *Settings) { s.Thresholds.CertificateDays = 0 },
		"thresholds.node_gone": func(s *Settings) { s.Thresholds.NodeGone = 0 },
	} {
		s := DefaultSettings()
		change(&s)
		if err := s.Check([]string{"ops"}); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestChannelsAreChecked(t *testing.T) {
	t.Parallel()
	value := func(s string) *traffic.Value { return &traffic.Value{Text: s} }
	for _, c := range []struct {
		spec  ChannelSpec
		field string // "" for good
	}{
		{ChannelSpec{Kind: "fax"}, "kind"},
		{ChannelSpec{Kind: send.Webhook}, "url"},
		{ChannelSpec{Kind: send.Webhook, URL: value("https://a.example/x")}, ""},
		{ChannelSpec{Kind: send.Webhook, URL: value("ftp://a.example/x")}, "url"},
		{ChannelSpec{Kind: send.Webhook, URL: value("https://a.example/x"), Host: "h"}, "host"},
		{ChannelSpec{Kind: send.WeCom, URL: value("https://a.example/x"), Secret: value("s")}, "secret"},
		{ChannelSpec{Kind: send.PagerDuty}, "secret"},
		{ChannelSpec{Kind: send.PagerDuty, Secret: value("s")}, ""},
		{ChannelSpec{Kind: send.Email, Host: "h", From: "a@example.com", To: []string{"nobody"}}, "to[0]"},
		{ChannelSpec{Kind: send.Email, Host: "h:25", From: "a@example.com", To: []string{"b@example.com"}}, "host"},
		{ChannelSpec{Kind: send.Email, Host: "h", From: "a@example.com\r\nBcc: x@example.com", To: []string{"b@example.com"}}, "from"},
		{ChannelSpec{Kind: send.Email, Host: "h", From: "a@example.com", To: []string{"b@example.com"}, TLS: "maybe"}, "tls"},
		{ChannelSpec{Kind: send.Slack, URL: value("https://a.example/x"), Mention: []string{"<!here>"}}, "mention[0]"},
		{ChannelSpec{Kind: send.Alertmanager, URL: value("https://a.example/x"), Labels: map[string]string{"a-b": "c"}}, "labels"},
	} {
		err := c.spec.Check()
		if (err == nil) != (c.field == "") || err != nil && !strings.Contains(err.Error(), c.field) {
			t.Errorf("%+v: %v, want %q", c.spec, err, c.field)
		}
		if err != nil && strings.Contains(err.Error(), "/x") {
			t.Errorf("an error tells a URL: %v", err)
		}
	}
}

// TestSecretsStayWhereTheyBelong: what is left out is kept, unless the channel leads
// elsewhere from then on.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	value := func(s string) *traffic.Value { return &traffic.Value{Text: s} }
	old := &ChannelSpec{Kind: send.Webhook, URL: value("https://a.example/in/TOKEN"), Secret: value("key")}
	for _, c := range []struct {
		name        string
		spec        ChannelSpec
		url, secret string
	}{
		{"nothing given", ChannelSpec{Kind: send.Webhook}, "https://a.example/in/TOKEN", "key"},
		{"as it was shown", ChannelSpec{Kind: send.Webhook, URL: value("https://a.example/…")}, "https://a.example/in/TOKEN", "key"},
		{"another token", ChannelSpec{Kind: send.Webhook, URL: value("https://a.example/in/OTHER")}, "https://a.example/in/OTHER", "key"},
		{"another host", ChannelSpec{Kind: send.Webhook, URL: value("https://b.example/in")}, "https://b.example/in", ""},
		{"another kind", ChannelSpec{Kind: send.Slack, URL: value("https://a.example/in/TOKEN")}, "https://a.example/in/TOKEN", ""},
		{"removed", ChannelSpec{Kind: send.Webhook, Secret: value("")}, "https://a.example/in/TOKEN", ""},
	} {
		c.spec.keep(old)
		text := func(v *traffic.Value) string {
			if v == nil {
				return ""
			}
			return v.Text
		}
		if text(c.spec.URL) != c.url || text(c.spec.Secret) != c.secret {
			t.Errorf("%s: %q %q", c.name, text(c.spec.URL), text(c.spec.Secret))
		}
	}
	mail := &ChannelSpec{Kind: send.Email, Host: "a.example", Secret: value("pass")}
	moved := ChannelSpec{Kind: send.Email, Host: "evil.example"}
	if moved.keep(mail); moved.Secret != nil {
		t.Error("a password goes to another host")
	}
	shown := fmt.Sprintf("%+v", (&stored{ChannelSpec: func() ChannelSpec { s := *old; s.normalize(); return s }()}).show("x"))
	if strings.Contains(shown, "TOKEN") || strings.Contains(shown, "key") {
		t.Error(shown)
	}
}

// TestEveryEventHasItsWords, in both languages, for its begin and its end.
func TestEveryEventHasItsWords(t *testing.T) {
	t.Parallel()
	for _, e := range Events {
		for _, w := range []words{english, chinese} {
			if w.begins[e.Code] == nil || w.ends[e.Code] == nil {
				t.Errorf("%s lacks words", e.Code)
			}
		}
		if chineseNames[e.Code] == "" || e.End == "" || !slices.Contains(severities, e.Severity) || e.family == "" {
			t.Errorf("%+v", e)
		}
	}
}
