package querylog

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestClientsAreShownAsNetworks(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"198.51.100.77": "198.51.100.0/24", "2001:db8:1:2::3": "2001:db8:1::/48", "::ffff:198.51.100.77": "198.51.100.0/24", "fe80::1%eth0": "fe80::/48"} {
		if got := Client(netip.MustParseAddr(in), false); got != want {
			t.Errorf("%s is shown as %s, want %s", in, got, want)
		}
	}
	if got := Client(netip.MustParseAddr("::ffff:198.51.100.77"), true); got != "198.51.100.77" {
		t.Errorf("whole: %s", got)
	}
	for in, want := range map[string]string{"198.51.100.77/32": "198.51.100.0/24", "10.0.0.0/8": "10.0.0.0/8", "2001:db8:1:2::/64": "2001:db8:1::/48"} {
		if got := Subnet(netip.MustParsePrefix(in), false); got != want {
			t.Errorf("%s is shown as %s, want %s", in, got, want)
		}
	}
	if Client(netip.Addr{}, false) != "" || Subnet(netip.Prefix{}, true) != "" {
		t.Error("nothing is shown as something")
	}
}

func TestFiltersThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for field, f := range map[string]Filter{"name": {Name: "a..b"}, "client": {Client: "10.0.0.0/33"}, "line": {Line: strings.Repeat("x", 256)}, "type": {Type: "NOPE"}, "rcode": {Rcode: "NOPE"}, "every": {Every: MostEvery + 1}} {
		if _, err := f.Compile(); err == nil || !strings.HasPrefix(err.Error(), field+" ") {
			t.Errorf("%+v: %v, want a word on %s", f, err, field)
		}
	}
	m, err := Filter{Name: "*.Example.com", Client: "10.1.2.3/8", Type: "any", Rcode: "rcode11"}.Compile()
	if err != nil || string(m.Name) != "\x07example\x03com\x00" || !m.Below || m.Client.String() != "10.0.0.0/8" || m.Type != 255 || m.Rcode != 11 || m.Every != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	for c := range uint16(4096) {
		if n, ok := RcodeNumber(strings.ToLower(RcodeText(c))); !ok || n != c {
			t.Fatalf("code %d is %s is %d", c, RcodeText(c), n)
		}
	}
}

// TestAnswersOfAStolenCredential: what a node says is text for people, bounded and clean.
func TestAnswersOfAStolenCredential(t *testing.T) {
	t.Parallel()
	a, err := DecodeAnswer("edge", []byte(`{"v":1,"refused":"no\u001b[2J","records":[{"node":"other","transport":"quic","client":"<b>","ecs":"10.0.0.0/8","name":"a\u001b]0;x\u0007\u009b","size":-1,"scope":999,"took_us":-5,"time":"0001-01-01T00:00:00Z","type":"`+strings.Repeat("T", 100)+`"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := a.Records[0]
	if r.Node != "edge" || r.Transport != "udp" || r.Client != "" || r.ECS != "10.0.0.0/8" || r.Name != "a?]0;x??" || r.Size != 0 || r.Scope != 128 || r.Took != 0 || len(r.Type) != 16 || !r.Time.Equal(time.Time{}) || a.Refused != "no?[2J" {
		t.Errorf("%+v", a)
	}
	for _, bad := range []string{`{}`, `[`, `{"v":2}`, `{"v":1,"records":[` + strings.Repeat(`{},`, MostRecords) + `{}]}`} {
		if _, err := DecodeAnswer("edge", []byte(bad)); err == nil {
			t.Errorf("%.40s is taken", bad)
		}
	}
	for _, bad := range []string{`{}`, `{"v":2,"id":"x"}`, `{"v":1}`, `{"v":1,"id":"x","filter":{"type":"?"}}`} {
		if _, _, err := DecodeAsk([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	if a, _, err := DecodeAsk([]byte(`{"v":1,"id":"x","rate":100000}`)); err != nil || a.Rate != MostRate {
		t.Errorf("%+v, %v", a, err)
	}
}

// FuzzDecode: whatever comes over the bus, what is taken can be written again and is
// then taken alike.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"v":1,"id":"x","rate":5,"filter":{"name":"*.example.com","client":"10.0.0.0/8","every":3}}`))
	f.Add([]byte(`{"v":1,"records":[{"name":"a","client":"10.0.0.0/24","time":"2026-01-02T03:04:05Z"}],"dropped":7}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, m, err := DecodeAsk(b); err == nil {
			again, m2, err := DecodeAsk(Encode(a))
			if err != nil || again.ID != a.ID || m2.Every != m.Every || string(m2.Name) != string(m.Name) {
				t.Errorf("%+v becomes %+v: %v", a, again, err)
			}
		}
		a, err := DecodeAnswer("n", b)
		if err != nil {
			return
		}
		for _, r := range a.Records {
			if strings.ContainsFunc(r.Name+r.Domain+a.Refused, func(c rune) bool { return c < ' ' || c == 0x7F }) || r.Size > 65535 {
				t.Errorf("%+v is not clean", r)
			}
		}
		if again, err := DecodeAnswer("n", Encode(a)); err != nil || len(again.Records) != len(a.Records) {
			t.Errorf("%+v cannot be read again: %v", a, err)
		}
	})
}
