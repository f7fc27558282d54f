package check

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPolicy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence, addr, allow, refused string
	}{
		{"a public address is probed", "203.0.113.10", "", ""},
		{"a private address is probed: it is what the operator owns", "10.1.2.3", "", ""},
		{"a unique local address is probed", "fd12:3456::1", "", ""},
		{"a public IPv6 address is probed", "2001:db8::1", "", ""},
		{"loopback is refused", "127.0.0.1", "", "loopback"},
		{"all of 127.0.0.0/8 is loopback", "127.255.255.254", "", "loopback"},
		{"IPv6 loopback is refused", "::1", "", "loopback"},
		{"link-local is refused", "169.254.1.1", "", "link-local"},
		{"IPv6 link-local is refused, with a zone too", "fe80::1%eth0", "", "link-local"},
		{"multicast is refused", "224.0.0.1", "", "multicast"},
		{"IPv6 multicast is refused", "ff02::1", "", "multicast"},
		{"unspecified is refused: it connects to loopback", "0.0.0.0", "", "unspecified"},
		{"IPv6 unspecified is refused", "::", "", "unspecified"},
		{"this network is refused", "0.1.2.3", "", "unspecified"},
		{"broadcast is refused", "255.255.255.255", "", "broadcast"},
		{"the clouds' metadata address is refused", "169.254.169.254", "", "cloud metadata"},
		{"its IPv6 form is refused", "fd00:ec2::254", "", "cloud metadata"},
		{"Alibaba Cloud's is refused", "100.100.100.200", "", "cloud metadata"},
		{"Azure's is refused", "168.63.129.16", "", "cloud metadata"},
		{"IPv4 in IPv6 hides nothing", "::ffff:127.0.0.1", "", "loopback"},
		{"NAT64 hides nothing", "64:ff9b::169.254.169.254", "", "cloud metadata"},
		{"6to4 hides nothing", "2002:7f00:1::1", "", "loopback"},
		{"an allowed prefix is probed", "127.0.0.2", "127.0.0.0/8", ""},
		{"what the allowed prefix does not cover stays refused", "::1", "127.0.0.0/8", "loopback"},
		{"metadata can be allowed by name", "169.254.169.254", "169.254.169.254/32", ""},
		{"an allowance for everything allows everything", "ff02::1", "::/0", ""},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			var p Policy
			if c.allow != "" {
				p.Allow = []netip.Prefix{netip.MustParsePrefix(c.allow)}
			}
			err := p.Check(netip.MustParseAddr(c.addr))
			var denied *DeniedError
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refused != "" && (!errors.As(err, &denied) || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("%v, want it refused as %s", err, c.refused)
			}
		})
	}
	if (Policy{}).Check(netip.Addr{}) == nil {
		t.Error("no address is allowed")
	}
}

func TestPolicyKnowsEveryWayToWriteAnAddress(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "addr"))
		v4 := netip.AddrFrom4(b)
		mapped := netip.AddrFrom16(v4.As16())
		nat := netip.MustParseAddr("64:ff9b::").As16()
		copy(nat[12:], b[:])
		refused := (Policy{}).Check(v4) != nil
		if ((Policy{}).Check(mapped) != nil) != refused {
			t.Fatalf("%v and %v differ", v4, mapped)
		}
		if ((Policy{}).Check(netip.AddrFrom16(nat)) != nil) != refused {
			t.Fatalf("%v and its NAT64 form differ", v4)
		}
	})
}
