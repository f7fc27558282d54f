package traffic

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestCanonicalName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a.", 126) + "a" // 253 characters
	for _, c := range []struct{ name, in, want, err string }{
		{"a plain name stays", "www.example.com", "www.example.com", ""},
		{"the final dot goes", "www.example.com.", "www.example.com", ""},
		{"letters become small", "WWW.Example.COM", "www.example.com", ""},
		{"the root is a dot", ".", ".", ""},
		{"umlauts become A-labels", "münchen.example", "xn--mnchen-3ya.example", ""},
		{"capital umlauts too", "MÜNCHEN.example", "xn--mnchen-3ya.example", ""},
		{"sharp s is a letter of its own (IDNA 2008)", "straße.example", "xn--strae-oqa.example", ""},
		{"Chinese becomes A-labels", "中国.example", "xn--fiqs8s.example", ""},
		{"ideographic full stops are dots", "中国。example。", "xn--fiqs8s.example", ""},
		{"a wildcard before Unicode", "*.中国.example", "*.xn--fiqs8s.example", ""},
		{"an underscore is legal", "_dmarc.example.com", "_dmarc.example.com", ""},
		{"an underscore beside Unicode too", "_sip._tcp.münchen.example", "_sip._tcp.xn--mnchen-3ya.example", ""},
		{"a slash is legal (RFC 2317)", "0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa", ""},
		{"a wildcard is the first label", "*.example.com", "*.example.com", ""},
		{"the wildcard of the root", "*", "*", ""},
		{"a label of 63 characters", strings.Repeat("a", 63) + ".example", strings.Repeat("a", 63) + ".example", ""},
		{"a name of 253 characters", long, long, ""},

		{"nothing is no name", "", "", "is empty"},
		{"two dots are no name", "..", "", "empty label"},
		{"an empty label", "a..example", "", "empty label"},
		{"a dot in front", ".example", "", "empty label"},
		{"a label of 64 characters", strings.Repeat("a", 64) + ".example", "", "at most 63"},
		{"a Unicode label that is too long as an A-label", strings.Repeat("中", 60) + ".example", "", "at most 63"},
		{"a name of 255 characters", long + ".a", "", "at most 253"},
		{"a very long name is refused before any work", strings.Repeat("ü", 1<<20), "", "at most 253"},
		{"a star inside a label", "a*.example.com", "", "whole first label"},
		{"a star in the middle", "a.*.example.com", "", "whole first label"},
		{"two stars", "*.*.example.com", "", "whole first label"},
		{"a space", "a b.example", "", "character ' '"},
		{"a backslash", `a\.b.example`, "", "use letters"},
		{"an at sign", "john@example.com", "", "character '@'"},
		{"a control character", "a\x00b.example", "", "character '\\x00'"},
		{"a symbol that IDNA 2008 has no place for", "a\u2028b.example", "", "internationalised"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := CanonicalName(c.in)
			switch {
			case c.err == "" && err != nil:
				t.Fatalf("refused: %v", err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Fatalf("got %q, %v; want an error with %q", got, err, c.err)
			case got != c.want:
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNamesInsideZones(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, zone, want string }{
		{"@ is the apex", "@", "example.com", "example.com"},
		{"nothing is the apex", "", "example.com", "example.com"},
		{"a relative name is below the zone", "www", "example.com", "www.example.com"},
		{"a relative name with dots too", "a.b", "example.com", "a.b.example.com"},
		{"a final dot makes it absolute", "www.example.com.", "example.com", "www.example.com"},
		{"in the root zone every name is absolute", "com", ".", "com"},
		{"the apex of the root zone", "@", ".", "."},
		{"a wildcard", "*", "example.com", "*.example.com"},
		{"Unicode", "中国", "example.com", "xn--fiqs8s.example.com"},
	} {
		if got, err := AbsoluteName(c.in, c.zone); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	if got, err := AbsoluteName(strings.Repeat("a", 63)+"."+strings.Repeat("b", 63), strings.Repeat("c.", 64)+"d"); err == nil {
		t.Errorf("a name that its zone makes too long was taken: %q", got)
	}
	for _, c := range []struct {
		name, zone string
		want       bool
	}{
		{"example.com", "example.com", true}, {"a.example.com", "example.com", true}, {"a.b.example.com", "example.com", true},
		{"aexample.com", "example.com", false}, {"com", "example.com", false}, {"example.com", ".", true}, {".", ".", true}, {".", "com", false},
	} {
		if got := IsSubdomain(c.name, c.zone); got != c.want {
			t.Errorf("IsSubdomain(%q, %q) = %v", c.name, c.zone, got)
		}
	}
	for in, want := range map[string]string{"a.b.c": "b.c", "c": ".", ".": ".", "*.x": "x"} {
		if got := Parent(in); got != want {
			t.Errorf("Parent(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestObjectNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, err string }{
		{"a plain name", "hz-1", ""}, {"a name with spaces inside", "Hang Zhou 1", ""}, {"a Chinese name", "杭州机房", ""},
		{"a dot inside", "a.b", ""}, {"128 bytes", strings.Repeat("a", 128), ""},
		{"no name", "", "give the object a name"}, {"129 bytes", strings.Repeat("a", 129), "at most 128"},
		{"a space in front", " a", "begins or ends with a space"}, {"a line break", "a\nb", "control characters"},
		{"a slash", "a/b", "no \"/\""}, {"invalid UTF-8", "a\xff", "control characters"}, {"a C1 control", "a\u0085b", "control characters"},
		{"a direction override", "a\u202eb", "control characters"}, {"a dot alone", ".", "no URL"}, {"two dots", "..", "no URL"},
	} {
		err := checkObjectName(c.in)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		}
	}
}

func FuzzCanonicalName(f *testing.F) {
	for _, s := range []string{"", ".", "a", "a.b.", "*.x", "münchen.example", "中国。example", "xn--mnchen-3ya.example", "a..b", "ß", "\u00ad.x", "XN--A.b", "\xff", "0/25.a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := CanonicalName(s)
		if err != nil {
			if c != "" || err.Error() == "" {
				t.Fatalf("%q: an error beside %q", s, c)
			}
			return
		}
		if again, err := CanonicalName(c); err != nil || again != c {
			t.Fatalf("%q gives %q, which gives %q, %v", s, c, again, err)
		}
		if dotted, err := CanonicalName(c + "."); c != "." && (err != nil || dotted != c) {
			t.Fatalf("%q with a final dot gives %q, %v", c, dotted, err)
		}
		if _, ok := dns.IsDomainName(c); !ok {
			t.Fatalf("%q gives %q, which the DNS library refuses", s, c)
		}
		if !isASCII(c) || strings.ToLower(c) != c {
			t.Fatalf("%q gives %q, which is not one spelling", s, c)
		}
		if b := make([]byte, 256); true {
			if n, err := dns.PackDomainName(dns.Fqdn(c), b, 0, nil, false); err != nil || n > 255 {
				t.Fatalf("%q does not pack into 255 octets: %d, %v", c, n, err)
			}
		}
	})
}
