package rr

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, typ, data string
		text            string // what Text makes of it; empty when refused
		err             string // what the error must say
	}{
		{"an address", "A", "192.0.2.1", "192.0.2.1", ""},
		{"a type in lower case", "aaaa", "2001:db8::1", "2001:db8::1", ""},
		{"a full name", "CNAME", "www.example.", "www.example.", ""},
		{"a name keeps its case", "CNAME", "WWW.example.", "WWW.example.", ""},
		{"a relative name is refused", "MX", "10 mail", "", "dot at the end"},
		{"the origin sign is refused", "SRV", "1 2 3 @", "", "dot at the end"},
		{"texts in quotes", "TXT", `"v=DKIM1; p=x" "b"`, `"v=DKIM1; p=x" "b"`, ""},
		{"a text that would lose its end is refused", "TXT", `v=DKIM1; p=x`, "", "quotes"},
		{"an escaped semicolon", "TXT", `a\;b`, `"a;b"`, ""},
		{"an unknown type", "TYPE65280", `\# 4 0a000001`, `\# 4 0a000001`, ""},
		{"an unknown type without data", "TYPE65280", `\# 0`, `\# 0`, ""},
		{"a known type in generic form", "TYPE1", `\# 4 0a000001`, "10.0.0.1", ""},
		{"generic data that does not fit the type is refused", "A", `\# 3 0a0000`, "", "A data"},
		{"a generic name cut short is refused", "CNAME", `\# 3 036162`, "", "CNAME data"},
		{"a short address is refused", "A", "192.0.2", "", "A data"},
		{"no data is refused", "A", " ", "", "give the record's data"},
		{"a line break is refused", "A", "192.0.2.1\n$INCLUDE /etc/passwd", "", "line break"},
		{"an open parenthesis is refused", "A", "( 192.0.2.1", "", "brace"},
		{"a query type is refused", "ANY", "x", "", "not a record type"},
		{"OPT is refused", "OPT", `\# 0`, "", "not a record type"},
		{"a word is refused as a type", "ADDRESS", "192.0.2.1", "", "not a record type"},
		{"a type number over 65535 is refused", "TYPE65536", `\# 0`, "", "not a record type"},
		{"CAA", "CAA", `0 issue "ca.example"`, `0 issue "ca.example"`, ""},
		{"HTTPS", "HTTPS", `1 . alpn=h2,h3`, `1 . alpn="h2,h3"`, ""},
		{"a SOA", "SOA", "ns.example. host.example. 1 2 3 4 5", "ns.example. host.example. 1 2 3 4 5", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			typ, rdata, err := Parse("www.example.", tc.typ, 60, tc.data)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want one with %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := Text(typ, rdata); got != tc.text {
				t.Errorf("text %q, want %q", got, tc.text)
			}
		})
	}
	if _, _, err := Parse("www.example", "A", 60, "192.0.2.1"); err == nil || !strings.Contains(err.Error(), "dot") {
		t.Errorf("owner without a dot: %v", err)
	}
	if _, _, err := Parse("www.example.", "A", 1<<31, "192.0.2.1"); err == nil || !strings.Contains(err.Error(), "ttl") {
		t.Errorf("ttl of 2^31: %v", err)
	}
}

func TestReadMaster(t *testing.T) {
	t.Parallel()
	const soa = "$TTL 60\n@ IN SOA ns hm (1 2 ; serial, refresh\n3\n4 5)\n"
	for _, tc := range []struct{ name, text, want, err string }{
		{"relative names, an inherited owner and TTL", soa + "www A 192.0.2.1\n  AAAA 2001:db8::1\n",
			"example.com. 60 SOA ns.example.com. hm.example.com. 1 2 3 4 5|www.example.com. 60 A 192.0.2.1|www.example.com. 60 AAAA 2001:db8::1", ""},
		{"a new origin", soa + "$ORIGIN Sub.Example.com.\nA 5 A 192.0.2.1\n",
			"example.com. 60 SOA ns.example.com. hm.example.com. 1 2 3 4 5|a.sub.example.com. 5 A 192.0.2.1", ""},
		{"a semicolon in quotes", `@ 5 TXT "a;b" ; c`, `example.com. 5 TXT "a;b"`, ""},
		{"lines end in CR LF", "@ 5 A 192.0.2.1\r\nb 5 A 192.0.2.2\r\n", "example.com. 5 A 192.0.2.1|b.example.com. 5 A 192.0.2.2", ""},
		{"a bad address names its line", soa + "\n\nbad A 192.0.2\n", "", "line 7:"},
		{"another class names its line", soa + "bad CH TXT x\n", "", "line 5: bad.example.com. TXT: class CH"},
		{"$INCLUDE is refused", soa + "$include /etc/passwd\n", "", "line 5: $INCLUDE"},
		{"$GENERATE is refused", soa + "$GENERATE 1-9999999 a$ A 192.0.2.1\n", "", "line 5: $GENERATE"},
		{"an open parenthesis names its line", soa + "a A (192.0.2.1\n\n", "", "line 5: a parenthesis"},
		{"a stray parenthesis names its line", soa + "a A 192.0.2.1)\n", "", "line 5: a closing"},
		{"an open quotation names its line", soa + "a TXT \"x\n", "", "line 5: a quoted"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			records, err := ReadMaster(strings.NewReader(tc.text), "example.com.")
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want one with %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := join(records); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestWriteMasterPutsTheSOAFirstAndNamesInCanonicalOrder(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := WriteMaster(&out, "example.", []RR{
		{"z.example.", "A", 60, "192.0.2.1"},
		{"*.z.example.", "A", 60, "192.0.2.1"},
		{"yljkjljk.a.example.", "A", 60, "192.0.2.1"},
		{"a.example.", "TXT", 60, `"x"`},
		{"a.example.", "A", 60, "192.0.2.9"},
		{"a.example.", "A", 60, "192.0.2.1"},
		{"example.", "SOA", 60, "ns.example. hm.example. 1 2 3 4 5"},
		{"example.", "NS", 60, "ns.example."},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "$ORIGIN example.\n" +
		"example.\t60\tIN\tSOA\tns.example. hm.example. 1 2 3 4 5\n" +
		"example.\t60\tIN\tNS\tns.example.\n" +
		"a.example.\t60\tIN\tA\t192.0.2.1\n" +
		"a.example.\t60\tIN\tA\t192.0.2.9\n" +
		"a.example.\t60\tIN\tTXT\t\"x\"\n" +
		"yljkjljk.a.example.\t60\tIN\tA\t192.0.2.1\n" +
		"z.example.\t60\tIN\tA\t192.0.2.1\n" +
		"*.z.example.\t60\tIN\tA\t192.0.2.1\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func join(records []RR) string {
	var b strings.Builder
	for i, r := range records {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(r.Name + " " + strconv.Itoa(int(r.TTL)) + " " + r.Type + " " + r.Data)
	}
	return b.String()
}

// Whatever a file holds, written and read again it is the same set of records.
func FuzzReadMaster(f *testing.F) {
	f.Add("$TTL 60\n@ IN SOA ns hm (1 2\n3 4 5)\nwww A 192.0.2.1\n  AAAA ::1\n*.b TXT \"a b\" c\\;\n")
	f.Add("a 5 TYPE65280 \\# 4 0a000001\nb 5 MX 10 @\n$ORIGIN x.\nc 5 CAA 0 issue \"y\"\n")
	f.Add("a 5 HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1\n\\001\\.b 5 PTR \\255.\n")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ReadMaster(strings.NewReader(text), "example.com.")
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteMaster(&out, "example.com.", first); err != nil {
			t.Fatalf("write of %q: %v", join(first), err)
		}
		second, err := ReadMaster(bytes.NewReader(out.Bytes()), "example.com.")
		if err != nil {
			t.Fatalf("read again: %v\n%s", err, out.String())
		}
		var again bytes.Buffer
		if err := WriteMaster(&again, "example.com.", second); err != nil {
			t.Fatal(err)
		}
		if len(first) != len(second) || !bytes.Equal(out.Bytes(), again.Bytes()) {
			t.Fatalf("first\n%sthen\n%s", out.String(), again.String())
		}
	})
}

// Whatever is accepted reads back from its text as the same octets.
func FuzzParse(f *testing.F) {
	f.Add("A", "192.0.2.1")
	f.Add("TXT", `"a\;b" c\032`)
	f.Add("LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m")
	f.Add("SVCB", "1 foo.example. port=1 key667=\"x\"")
	f.Add("TYPE2", `\# 3 016100`)
	f.Add("APL", "1:192.0.2.0/24 !2:2001:db8::/32")
	f.Fuzz(func(t *testing.T, rtype, data string) {
		typ, rdata, err := Parse("a.example.", rtype, 1, data)
		if err != nil {
			return
		}
		text := Text(typ, rdata)
		typ2, again, err := Parse("a.example.", TypeText(typ), 1, text)
		if err != nil || typ2 != typ || !bytes.Equal(again, rdata) {
			t.Fatalf("%s %q became %x, text %q, then %x (%v)", rtype, data, rdata, text, again, err)
		}
	})
}
