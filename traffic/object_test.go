package traffic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// valid holds one good object of each kind; the rows of the tables change a field.
var valid = map[Kind]string{
	KindSettings: `{"nameservers":["ns1.example.net."],"soa":{"contact":"hostmaster.example.net."}}`,
	KindLine:     `{"name":"office","cidrs":["198.51.100.0/24","2001:db8:5::/48"]}`,
	KindTemplate: `{"name":"web","protocol":"http"}`,
	KindAddress:  `{"name":"hz-1","address":"203.0.113.10","tasks":[{"template":"web","port":80}]}`,
	KindPool:     `{"name":"hangzhou","type":"IPv4","policy":"round_robin","members":[{"address":"hz-1"}]}`,
	KindZone:     `{"name":"example.com"}`,
	KindRecord:   `{"zone":"example.com","name":"www","type":"A","data":["192.0.2.1"]}`,
	KindAccessDomain: `{"name":"gtm.example.com","type":"A","ttl":30,"policy":"sequential",
		"pools":[{"pool":"hangzhou"}]}`,
	KindAssertion: `{"name":"gtm.example.com","type":"A","line":"cn","expect":{"pool":"hangzhou"}}`,
}

// with returns the valid object of a kind with the fields of patch in place of its own.
func with(t testing.TB, k Kind, patch string) Object {
	t.Helper()
	all := map[string]json.RawMessage{}
	for _, s := range []string{valid[k], patch} {
		if err := json.Unmarshal([]byte(s), &all); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Decode(k, b)
	if err != nil {
		t.Fatalf("decode %s: %v", b, err)
	}
	return o
}

// quoted returns a JSON array of n strings made by f.
func quoted(n int, f func(i int) string) string {
	s := make([]string, n)
	for i := range s {
		s[i] = f(i)
	}
	b, _ := json.Marshal(s)
	return string(b)
}

func members(n int, field string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{%q:"m%d"}`, field, i)
	}
	return b.String() + "]"
}

func text(n int) string { return `"` + strings.Repeat("x", n) + `"` }

// TestRulesOfOneObject: every row is a rule of one object. No words mean that the
// object is good; else exactly one error, at the field, with the code and the words.
func TestRulesOfOneObject(t *testing.T) {
	t.Parallel()
	const s, l, m, a, p, z, c, d, e = KindSettings, KindLine, KindTemplate, KindAddress, KindPool, KindZone, KindRecord, KindAccessDomain, KindAssertion
	ip := func(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255) }
	for _, row := range []struct {
		name               string
		kind               Kind
		patch              string
		field, code, words string
	}{
		// Every object.
		{"a remark may have 1024 characters of any script", p, `{"remark":"` + strings.Repeat("备", 1024) + `"}`, "", "", ""},
		{"a longer remark is refused", p, `{"remark":` + text(1025) + `}`, "remark", "too_long", "shorten it to 1024"},
		{"labels are free pairs", a, `{"labels":{"site":"hz","rack":"7 b"}}`, "", "", ""},
		{"a label needs a key", a, `{"labels":{"":"hz"}}`, "labels", "invalid_label", "1 to 63 bytes"},
		{"a label value has at most 253 bytes", a, `{"labels":{"k":` + text(254) + `}}`, "labels", "invalid_label", "at most 253"},
		{"a label that no selector can spell is refused", a, `{"labels":{"k":"a,b"}}`, "labels", "invalid_label", "no comma"},
		{"a label key has no equals sign", a, `{"labels":{"a=b":"c"}}`, "labels", "invalid_label", `no "="`},
		{"an object has at most 64 labels", a, `{"labels":{"k":"v"` + manyLabels(64) + `}}`, "labels", "too_many", "at most 64"},
		{"a disabled object is a good object", d, `{"enabled":false}`, "", "", ""},

		// Settings.
		{"settings take defaults for what is absent", s, `{"nameservers":[],"soa":{}}`, "", "", ""},
		{"settings cannot be disabled", s, `{"enabled":false}`, "enabled", "invalid", "cannot be disabled"},
		{"13 nameservers fit a referral", s, `{"nameservers":` + quoted(13, func(i int) string { return fmt.Sprintf("ns%d.x", i) }) + `}`, "", "", ""},
		{"14 do not", s, `{"nameservers":` + quoted(14, func(i int) string { return fmt.Sprintf("ns%d.x", i) }) + `}`, "nameservers", "too_many", "at most 13"},
		{"a nameserver needs a legal name", s, `{"nameservers":["a..b"]}`, "nameservers[0]", "invalid_name", "empty label"},
		{"a nameserver is no wildcard", s, `{"nameservers":["*.example.net"]}`, "nameservers[0]", "invalid_name", "write one like"},
		{"a nameserver stands once, however it is spelled", s, `{"nameservers":["ns1.x","NS1.X."]}`, "nameservers[1]", "duplicate", "remove one"},
		{"the contact is a name, not a mail address", s, `{"soa":{"contact":"john@example.com"}}`, "soa.contact", "invalid_name", "hostmaster.example.net."},
		{"the primary server is a name", s, `{"soa":{"mname":"a b"}}`, "soa.mname", "invalid_name", "character"},
		{"the SOA lives at most a week", s, `{"soa":{"ttl":604801}}`, "soa.ttl", "out_of_range", "at most 604800"},
		{"negative answers live at most a day", s, `{"soa":{"negative_ttl":86401}}`, "soa.negative_ttl", "out_of_range", "at most 86400"},
		{"a refresh has 31 bits", s, `{"soa":{"refresh":2147483648}}`, "soa.refresh", "out_of_range", "at most 2147483647"},
		{"a retry has 31 bits", s, `{"soa":{"retry":2147483648}}`, "soa.retry", "out_of_range", "at most 2147483647"},
		{"an expire has 31 bits", s, `{"soa":{"expire":2147483648}}`, "soa.expire", "out_of_range", "at most 2147483647"},

		// Lines.
		{"a line may hold single addresses", l, `{"cidrs":["192.0.2.1","2001:db8::1"]}`, "", "", ""},
		{"a line needs a name", l, `{"name":""}`, "name", "invalid_name", "give the object a name"},
		{"a line cannot take the name of a built-in one", l, `{"name":"default"}`, "name", "reserved", "choose another name"},
		{"nor its alias", l, `{"name":"cn_telecom_guangdong"}`, "name", "reserved", "choose another name"},
		{"a line needs a network", l, `{"cidrs":[]}`, "cidrs", "required", "at least one network"},
		{"a network is in CIDR form", l, `{"cidrs":["192.0.2.0-192.0.2.9"]}`, "cidrs[0]", "invalid_cidr", "write it like 198.51.100.0/24"},
		{"a prefix length fits its family", l, `{"cidrs":["192.0.2.0/33"]}`, "cidrs[0]", "invalid_cidr", "not a network"},
		{"bits behind the prefix are a slip", l, `{"cidrs":["192.0.2.1/24"]}`, "cidrs[0]", "host_bits", "did you mean 192.0.2.0/24"},
		{"IPv4 in IPv6 form never matches a client", l, `{"cidrs":["::ffff:192.0.2.0/120"]}`, "cidrs[0]", "invalid_cidr", "write it as IPv4"},
		{"a zone is no part of a network", l, `{"cidrs":["fe80::1%eth0"]}`, "cidrs[0]", "invalid_cidr", "not a network"},
		{"a network stands once, however it is spelled", l, `{"cidrs":["2001:db8::/32","2001:DB8:0::/32"]}`, "cidrs[1]", "duplicate", "remove one"},
		{"an address is the network of one", l, `{"cidrs":["192.0.2.1/32","192.0.2.1"]}`, "cidrs[1]", "duplicate", "remove one"},
		{"a line has at most 100000 networks", l, `{"cidrs":` + quoted(100_001, ip) + `}`, "cidrs", "too_many", "at most 100000"},

		// Templates.
		{"a template needs a protocol", m, `{"protocol":""}`, "protocol", "invalid_value", "use ping, tcp, http or https"},
		{"an unknown protocol is refused", m, `{"protocol":"udp"}`, "protocol", "invalid_value", "use ping, tcp, http or https"},
		{"a template is for one IP version", m, `{"ip_version":"ipv4"}`, "ip_version", "invalid_value", "IPv4 or IPv6"},
		{"the shortest interval is a second", m, `{"interval":"1s","timeout":"999ms"}`, "", "", ""},
		{"a shorter interval is refused", m, `{"interval":"999ms","timeout":"1ms"}`, "interval", "out_of_range", "1s to 1h"},
		{"the longest interval is an hour", m, `{"interval":"1h"}`, "", "", ""},
		{"a longer interval is refused", m, `{"interval":"1h1s"}`, "interval", "out_of_range", "1s to 1h"},
		{"a time-out is shorter than the interval", m, `{"interval":"5s","timeout":"5s"}`, "timeout", "out_of_range", "less than the interval of 5s"},
		{"a time-out of nothing is refused", m, `{"timeout":"0s"}`, "timeout", "out_of_range", "at least 1ms"},
		{"one bad probe is the least", m, `{"evaluation_count":0}`, "evaluation_count", "out_of_range", "1 to 10"},
		{"ten bad probes are the most", m, `{"evaluation_count":11}`, "evaluation_count", "out_of_range", "1 to 10"},
		{"a recovery count of 0 means as evaluation_count", m, `{"recovery_count":0}`, "", "", ""},
		{"a recovery count is not negative", m, `{"recovery_count":-1}`, "recovery_count", "out_of_range", "0 to 10"},
		{"a failure rate is a percentage", m, `{"failure_rate":101}`, "failure_rate", "out_of_range", "0 to 100"},
		{"vantages are ids or labels", m, `{"vantages":["hz-1","country=CN,isp=telecom"]}`, "", "", ""},
		{"a selector needs keys", m, `{"vantages":["=CN"]}`, "vantages[0]", "invalid_selector", "write labels like"},
		{"a selector is not empty", m, `{"vantages":[""]}`, "vantages[0]", "invalid_selector", "give an id or labels"},
		{"a selector names a label once", m, `{"vantages":["a=1,a=2"]}`, "vantages[0]", "invalid_selector", "twice"},
		{"vantages are at most 1000", m, `{"vantages":` + quoted(1001, ip) + `}`, "vantages", "too_many", "at most 1000"},
		{"options of another protocol are refused", m, `{"tcp":{}}`, "tcp", "wrong_protocol", "remove it or change the protocol"},
		{"ping sends at most 20 packets", m, `{"protocol":"ping","ping":{"packets":21}}`, "ping.packets", "out_of_range", "1 to 20"},
		{"ping loses at most 100 percent", m, `{"protocol":"ping","ping":{"loss_rate":101}}`, "ping.loss_rate", "out_of_range", "1 to 100"},
		{"ping needs no options", m, `{"protocol":"ping"}`, "", "", ""},
		{"tcp needs no options", m, `{"protocol":"tcp"}`, "", "", ""},
		{"tcp may send and expect bytes", m, `{"protocol":"tcp","tcp":{"send":"PING\\r\\n\\x00","expect":"+PONG"}}`, "", "", ""},
		{"an unknown escape is refused", m, `{"protocol":"tcp","tcp":{"send":"\\q"}}`, "tcp.send", "invalid_escape", `use \r, \n`},
		{"an escape cut short is refused", m, `{"protocol":"tcp","tcp":{"expect":"\\x0"}}`, "tcp.expect", "invalid_escape", "two hexadecimal digits"},
		{"what tcp sends is short", m, `{"protocol":"tcp","tcp":{"send":` + text(4097) + `}}`, "tcp.send", "too_long", "shorten it to 4096"},
		{"http takes all of its options", m, `{"http":{"host":"www.example.com:8080","path":"/a?b=%20c","method":"HEAD","expect_status":["204","200-399"],"expect_body":"ok","follow_redirects":true,"headers":{"X-A":"b","Authorization":{"value_from":{"file":"/run/secret"}}}}}`, "", "", ""},
		{"a path begins with a slash", m, `{"http":{"path":"healthz"}}`, "http.path", "invalid_path", "begin it with /"},
		{"a path has no space", m, `{"http":{"path":"/a b"}}`, "http.path", "invalid_path", "write spaces"},
		{"a path has whole escapes", m, `{"http":{"path":"/100%"}}`, "http.path", "invalid_path", "%25"},
		{"a path has no fragment", m, `{"http":{"path":"/a#b"}}`, "http.path", "invalid_path", "never sent"},
		{"a path is short", m, `{"http":{"path":"/` + strings.Repeat("a", 4096) + `"}}`, "http.path", "too_long", "shorten it"},
		{"a method reads only", m, `{"http":{"method":"DELETE"}}`, "http.method", "invalid_value", "GET, HEAD, POST or OPTIONS"},
		{"a host is not a URL", m, `{"http":{"host":"http://x/"}}`, "http.host", "invalid_name", "with a port if needed"},
		{"a host may be an address", m, `{"http":{"host":"[2001:db8::1]:8080"}}`, "", "", ""},
		{"an IPv6 host needs brackets", m, `{"http":{"host":"2001:db8::1"}}`, "http.host", "invalid_name", "give a host name"},
		{"a host's port is a number", m, `{"http":{"host":"x.example:web"}}`, "http.host", "invalid_name", "give a host name"},
		{"a status has three digits", m, `{"http":{"expect_status":["20"]}}`, "http.expect_status[0]", "invalid_status", "write 204 or 200-399"},
		{"a status range goes up", m, `{"http":{"expect_status":["399-200"]}}`, "http.expect_status[0]", "invalid_status", "write 204 or 200-399"},
		{"statuses are at most 100", m, `{"http":{"expect_status":` + quoted(101, func(i int) string { return fmt.Sprint(200 + i) }) + `}}`, "http.expect_status", "too_many", "at most 100"},
		{"an expected body is short", m, `{"http":{"expect_body":` + text(4097) + `}}`, "http.expect_body", "too_long", "shorten it"},
		{"a header has a legal name", m, `{"http":{"headers":{"X A":"b"}}}`, "http.headers", "invalid_header", "not a legal header"},
		{"a header has one line", m, `{"http":{"headers":{"X-A":"b\r\nX-B: c"}}}`, "http.headers", "invalid_header", "one line"},
		{"a header stands once in any case", m, `{"http":{"headers":{"X-A":"b","x-a":"c"}}}`, "http.headers", "duplicate", "do not differ by case"},
		{"the Host header has its own field", m, `{"http":{"headers":{"Host":"x"}}}`, "http.headers", "invalid_header", "field host"},
		{"headers are at most 50", m, `{"http":{"headers":{"X":"y"` + manyLabels(50) + `}}}`, "http.headers", "too_many", "at most 50"},
		{"http has no server name", m, `{"http":{"sni":"x.example"}}`, "http.sni", "wrong_protocol", "belongs to https"},
		{"http verifies nothing", m, `{"http":{"verify":true}}`, "http.verify", "wrong_protocol", "belongs to https"},
		{"http has no certificate that ends", m, `{"http":{"min_days_left":1}}`, "http.min_days_left", "wrong_protocol", "belongs to https"},
		{"https has all three", m, `{"protocol":"https","https":{"sni":"x.example","verify":false,"min_days_left":14}}`, "", "", ""},
		{"a server name is not an address", m, `{"protocol":"https","https":{"sni":"192.0.2.1"}}`, "https.sni", "invalid_name", "not a host name"},
		{"a server name is a name", m, `{"protocol":"https","https":{"sni":"a b"}}`, "https.sni", "invalid_name", "character"},
		{"a certificate ends within ten years", m, `{"protocol":"https","https":{"min_days_left":3651}}`, "https.min_days_left", "out_of_range", "0 to 3650"},

		// Addresses.
		{"an address may be IPv6", a, `{"address":"2001:DB8::1"}`, "", "", ""},
		{"an address may be a domain name", a, `{"address":"lb.example.net."}`, "", "", ""},
		{"an address may be an internationalised name", a, `{"address":"münchen.example"}`, "", "", ""},
		{"an address needs an endpoint", a, `{"address":""}`, "address", "invalid_address", "give an IPv4 address, an IPv6 address or a domain name"},
		{"octets end at 255", a, `{"address":"300.1.2.3"}`, "address", "invalid_address", "0 to 255"},
		{"octets have no leading zero", a, `{"address":"10.0.0.01"}`, "address", "invalid_address", "not an IP address"},
		{"three octets are no address", a, `{"address":"10.0.1"}`, "address", "invalid_address", "not an IP address"},
		{"an address has no port", a, `{"address":"192.0.2.1:80"}`, "address", "invalid_address", "not an IP address"},
		{"an address has no zone", a, `{"address":"fe80::1%eth0"}`, "address", "invalid_address", "has a zone"},
		{"IPv4 is written as IPv4", a, `{"address":"::ffff:192.0.2.1"}`, "address", "invalid_address", "write 192.0.2.1"},
		{"nobody answers at 0.0.0.0", a, `{"address":"0.0.0.0"}`, "address", "invalid_address", "not the address of an endpoint"},
		{"a multicast group is no endpoint", a, `{"address":"ff02::1"}`, "address", "invalid_address", "not the address of an endpoint"},
		{"broadcast is no endpoint", a, `{"address":"255.255.255.255"}`, "address", "invalid_address", "not the address of an endpoint"},
		{"a single label is no endpoint", a, `{"address":"localhost"}`, "address", "invalid_address", "not a full host name"},
		{"a wildcard is no endpoint", a, `{"address":"*.example.net"}`, "address", "invalid_address", "not a full host name"},
		{"a mode is one of three", a, `{"mode":"manual"}`, "mode", "invalid_value", "manual_available"},
		{"a judgement is one of five", a, `{"judgement":"p40_ok"}`, "judgement", "invalid_value", "p30_ok"},
		{"a task needs a template", a, `{"tasks":[{"port":80}]}`, "tasks[0].template", "required", "name a probe template"},
		{"a port has 16 bits", a, `{"tasks":[{"template":"web","port":65536}]}`, "tasks[0].port", "out_of_range", "1 to 65535"},
		{"one template may probe two ports", a, `{"tasks":[{"template":"web","port":80},{"template":"web","port":81}]}`, "", "", ""},
		{"a task stands once, enabled or not", a, `{"tasks":[{"template":"web","port":80},{"template":"web","port":80,"enabled":false}]}`, "tasks[1]", "duplicate", "remove one"},
		{"tasks are at most 50", a, `{"tasks":` + members(51, "template") + `}`, "tasks", "too_many", "at most 50"},
		{"the poles are places", a, `{"location":{"latitude":-90,"longitude":180}}`, "", "", ""},
		{"beyond the pole is no place", a, `{"location":{"latitude":90.1,"longitude":0}}`, "location", "out_of_range", "-90 to 90"},

		// Pools.
		{"a pool may be empty", p, `{"members":[]}`, "", "", ""},
		{"a pool has a type", p, `{"type":"A"}`, "type", "invalid_value", "IPv4, IPv6 or domain"},
		{"a policy is one of four", p, `{"policy":"latency"}`, "policy", "invalid_value", "proximity, sequential, round_robin or weighted"},
		{"non_preemptive is for sequential", p, `{"policy":"sequential","mode":"non_preemptive"}`, "", "", ""},
		{"a mode is for sequential only", p, `{"mode":"preemptive"}`, "mode", "wrong_policy", "remove it"},
		{"a mode is one of two", p, `{"policy":"sequential","mode":"nonPreemptive"}`, "mode", "invalid_value", "preemptive or non_preemptive"},
		{"an order is for proximity", p, `{"policy":"proximity","order":"distance"}`, "", "", ""},
		{"an order is for proximity only", p, `{"order":"serial"}`, "order", "wrong_policy", "remove it"},
		{"an order is one of two", p, `{"policy":"proximity","order":"random"}`, "order", "invalid_value", "serial or distance"},
		{"a weighted pool answers up to 16", p, `{"policy":"weighted","answers":16}`, "", "", ""},
		{"not 17", p, `{"policy":"weighted","answers":17}`, "answers", "out_of_range", "1 to 16"},
		{"round_robin may be capped", p, `{"answers":2}`, "", "", ""},
		{"sequential answers one", p, `{"policy":"sequential","answers":1}`, "answers", "wrong_policy", "remove it"},
		{"a domain pool answers one CNAME", p, `{"type":"domain","policy":"weighted","answers":2}`, "answers", "out_of_range", "exactly one CNAME"},
		{"a judgement of a pool is one of five", p, `{"judgement":"most"}`, "judgement", "invalid_value", "all_ok"},
		{"a member names an address", p, `{"members":[{"address":""}]}`, "members[0].address", "required", "name an address"},
		{"a member stands once", p, `{"members":[{"address":"a"},{"address":"b"},{"address":"a"}]}`, "members[2].address", "duplicate", "remove one"},
		{"a weight is 1 to 100", p, `{"members":[{"address":"a","weight":101}]}`, "members[0].weight", "out_of_range", "1 to 100"},
		{"a weight of nothing is refused", p, `{"members":[{"address":"a","weight":0}]}`, "members[0].weight", "out_of_range", "1 to 100"},
		{"a serial is positive", p, `{"members":[{"address":"a","serial":-1}]}`, "members[0].serial", "out_of_range", "1 to 10000"},
		{"a line stands once", p, `{"members":[{"address":"a","lines":["cn","cn"]}]}`, "members[0].lines[1]", "duplicate", "remove one"},
		{"not even under its alias", p, `{"members":[{"address":"a","lines":["telecom:cn-gd","cn_telecom_guangdong"]}]}`, "members[0].lines[1]", "duplicate", "remove one"},
		{"a line has a name", p, `{"members":[{"address":"a","lines":["cn",""]}]}`, "members[0].lines[1]", "required", "name a line"},
		{"a member has at most 1000 lines", p, `{"members":[{"address":"a","lines":` + quoted(1001, ip) + `}]}`, "members[0].lines", "too_many", "at most 1000"},
		{"a pool has up to 1000 members", p, `{"members":` + members(1000, "address") + `}`, "", "", ""},
		{"not more", p, `{"members":` + members(1001, "address") + `}`, "members", "too_many", "at most 1000"},

		// Zones.
		{"a zone may be the root", z, `{"name":"."}`, "", "", ""},
		{"a zone may be internationalised", z, `{"name":"中国.example"}`, "", "", ""},
		{"a zone has a legal name", z, `{"name":"a..b"}`, "name", "invalid_name", "empty label"},
		{"a zone is no wildcard", z, `{"name":"*.example.com"}`, "name", "invalid_name", "plain name"},
		{"a classless reverse zone is a zone", z, `{"name":"0/25.2.0.192.in-addr.arpa"}`, "", "", ""},
		{"a zone whose record keys could be another's is refused", z, `{"name":"a/b.a"}`, "name", "invalid_name", "without"},
		{"a zone's own nameservers are checked too", z, `{"nameservers":["ns1.x","ns1.x"]}`, "nameservers[1]", "duplicate", "remove one"},
		{"and its SOA", z, `{"soa":{"negative_ttl":90000}}`, "soa.negative_ttl", "out_of_range", "at most 86400"},

		// Records.
		{"a record may live for 0 seconds", c, `{"ttl":0}`, "", "", ""},
		{"a TTL has 31 bits", c, `{"ttl":2147483647}`, "", "", ""},
		{"a record is in its zone", c, `{"name":"www.example.net."}`, "name", "out_of_zone", "not in zone example.com"},
		{"a record has a legal owner", c, `{"name":"a b"}`, "name", "invalid_name", "character"},
		{"a record has data", c, `{"data":[]}`, "data", "required", "at least one record"},
		{"data fits the type", c, `{"data":["2001:db8::1"]}`, "data[0]", "invalid_rdata", "2001:db8::1"},
		{"an RRset holds no two equal records", c, `{"data":["192.0.2.1","192.0.2.1"]}`, "data[1]", "duplicate", "remove one"},
		{"not even spelled differently", c, `{"type":"AAAA","data":["2001:db8::1","2001:DB8:0::1"]}`, "data[1]", "duplicate", "remove one"},
		{"a type without a name is generic", c, `{"type":"type65280","data":["\\# 4 0a000001"]}`, "", "", ""},
		{"an unknown type is refused", c, `{"type":"FOO"}`, "type", "invalid_value", "TYPE65280"},
		{"a query type is no record", c, `{"type":"ANY"}`, "type", "invalid_value", "not a type of records"},
		{"nor is its number", c, `{"type":"TYPE255"}`, "type", "invalid_value", "not a type of records"},
		{"the SOA is made from the zone", c, `{"type":"SOA","data":["a. b. 1 2 3 4 5"]}`, "type", "managed_type", "soa fields"},
		{"also by its number", c, `{"type":"TYPE6","data":["a. b. 1 2 3 4 5"]}`, "type", "managed_type", "soa fields"},
		{"signatures are made by the server", c, `{"type":"RRSIG","data":["x"]}`, "type", "managed_type", "by the server"},
		{"the apex NS records are the zone's nameservers", c, `{"type":"NS","name":"@","data":["ns1.x."]}`, "type", "managed_type", "set them there"},
		{"a CNAME is one record", c, `{"type":"CNAME","data":["a.example.","b.example."]}`, "data", "too_many", "alone at its name"},
		{"a CNAME by its number too", c, `{"type":"TYPE5","data":["a.example.","b.example."]}`, "data", "too_many", "alone at its name"},
		{"a long TXT is a few strings", c, `{"type":"TXT","data":["` + strings.Repeat(`\"aaaaaaaaaaaaaaaaaaaa\" `, 500) + `"]}`, "", "", ""},
		{"an RRset fits a message", c, `{"data":` + quoted(3900, ip) + `}`, "data", "too_long", "split it over several names"},
		{"a huge RRset is refused unread", c, `{"data":` + quoted(100_000, ip) + `}`, "data", "too_many", "cannot carry more"},
		{"a huge record is refused unread", c, `{"type":"TXT","data":[` + text(1<<20) + `]}`, "data[0]", "too_long", "65535 bytes"},

		// Access domains.
		{"an access domain may be a wildcard", d, `{"name":"*.example.com"}`, "", "", ""},
		{"its TTL is at least a second", d, `{"ttl":0}`, "ttl", "out_of_range", "1 to 86400"},
		{"and at most a day", d, `{"ttl":86401}`, "ttl", "out_of_range", "1 to 86400"},
		{"a day is a TTL", d, `{"ttl":86400}`, "", "", ""},
		{"its type is one of three", d, `{"type":"MX"}`, "type", "invalid_value", "A, AAAA or CNAME"},
		{"a type may be written small", d, `{"type":"aaaa"}`, "", "", ""},
		{"its name is legal", d, `{"name":"a..b"}`, "name", "invalid_name", "empty label"},
		{"unmatched is one of two", d, `{"unmatched":"drop"}`, "unmatched", "invalid_value", "fallback or nodata"},
		{"all_down is one of two", d, `{"all_down":"refuse"}`, "all_down", "invalid_value", "serve_all or nodata"},
		{"its policy is one of four", d, `{"policy":""}`, "policy", "invalid_value", "weighted"},
		{"a pool has a name", d, `{"pools":[{"pool":""}]}`, "pools[0].pool", "required", "name a pool"},
		{"a pool stands once", d, `{"pools":[{"pool":"a"},{"pool":"a"}]}`, "pools[1].pool", "duplicate", "remove one"},
		{"a pool's weight is checked too", d, `{"pools":[{"pool":"a","weight":-1}]}`, "pools[0].weight", "out_of_range", "1 to 100"},
		{"pools are at most 1000", d, `{"pools":` + members(1001, "pool") + `}`, "pools", "too_many", "at most 1000"},

		// Assertions.
		{"an assertion may expect an address", e, `{"expect":{"address":"hz-1"}}`, "", "", ""},
		{"it expects something", e, `{"expect":{}}`, "expect", "required", "exactly one"},
		{"it expects one thing", e, `{"expect":{"pool":"a","address":"b"}}`, "expect", "required", "exactly one"},
		{"it is about a type that is steered", e, `{"type":"MX"}`, "type", "invalid_value", "A, AAAA or CNAME"},
		{"it is about a legal name", e, `{"name":""}`, "name", "invalid_name", "is empty"},
	} {
		t.Run(string(row.kind)+"/"+row.name, func(t *testing.T) {
			t.Parallel()
			o := with(t, row.kind, row.patch)
			r := (&Report{}).For(o.Key())
			o.Check(r)
			if row.words == "" {
				if !r.OK() {
					t.Fatalf("refused: %v", r.Err())
				}
				return
			}
			if len(r.Errors) != 1 {
				t.Fatalf("%d errors, want one: %.2000v", len(r.Errors), r.Err())
			}
			got := r.Errors[0]
			if got.Field != row.field || got.Code != row.code || !strings.Contains(got.Message, row.words) {
				t.Errorf("got %s (%s) %s\nwant %s (%s) …%s…", got.Field, got.Code, got.Message, row.field, row.code, row.words)
			}
			if got.Kind != row.kind {
				t.Errorf("the error is about a %s, want %s", got.Kind, row.kind)
			}
		})
	}
}

func manyLabels(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":"v"`, i)
	}
	return b.String()
}

// TestDefaults: what a user leaves out is what the contract says.
func TestDefaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind     Kind
		in, want string
	}{
		{KindSettings, `{}`, `{"nameservers":["ns1.meridian.invalid"],"soa":{"contact":"hostmaster.meridian.invalid","ttl":3600,"refresh":86400,"retry":7200,"expire":3600000,"negative_ttl":60},"enabled":true}`},
		{KindLine, `{"name":"a","cidrs":["192.0.2.1"],"labels":{}}`, `{"name":"a","cidrs":["192.0.2.1/32"],"enabled":true}`},
		{KindTemplate, `{"name":"a","protocol":"ping"}`, `{"name":"a","protocol":"ping","ip_version":"IPv4","interval":"1m0s","timeout":"2s","evaluation_count":2,"recovery_count":0,"failure_rate":50,"vantages":[],"ping":{"packets":5,"loss_rate":80},"enabled":true}`},
		{KindTemplate, `{"name":"a","protocol":"http","http":{"headers":{}}}`, `{"name":"a","protocol":"http","ip_version":"IPv4","interval":"1m0s","timeout":"2s","evaluation_count":2,"recovery_count":0,"failure_rate":50,"vantages":[],"http":{"path":"/","method":"GET","expect_status":["200-399"]},"enabled":true}`},
		{KindAddress, `{"name":"a","address":"2001:DB8:0::1","tasks":[{"template":"t"}]}`, `{"name":"a","address":"2001:db8::1","mode":"auto","judgement":"any_ok","tasks":[{"template":"t","enabled":true}],"enabled":true}`},
		{KindPool, `{"name":"a","type":"IPv4","members":[{"address":"x"},{"address":"y","enabled":false}]}`, `{"name":"a","type":"IPv4","policy":"round_robin","judgement":"any_ok","members":[{"address":"x","serial":1,"weight":1,"lines":["default"],"enabled":true},{"address":"y","serial":2,"weight":1,"lines":["default"],"enabled":false}],"enabled":true}`},
		{KindPool, `{"name":"a","type":"IPv4","policy":"weighted"}`, `{"name":"a","type":"IPv4","policy":"weighted","answers":1,"judgement":"any_ok","members":[],"enabled":true}`},
		{KindPool, `{"name":"a","type":"IPv4","policy":"sequential"}`, `{"name":"a","type":"IPv4","policy":"sequential","mode":"preemptive","judgement":"any_ok","members":[],"enabled":true}`},
		{KindPool, `{"name":"a","type":"IPv4","members":[{"address":"x","lines":["cn_telecom_guangdong","cn"]}]}`, `{"name":"a","type":"IPv4","policy":"round_robin","judgement":"any_ok","members":[{"address":"x","serial":1,"weight":1,"lines":["telecom:cn-gd","cn"],"enabled":true}],"enabled":true}`},
		{KindZone, `{"name":"Example.COM."}`, `{"name":"example.com","soa":{},"enabled":true}`},
		{KindRecord, `{"zone":"Example.com","name":"WWW","type":"type1","data":["192.0.2.1"]}`, `{"zone":"example.com","name":"www.example.com.","type":"A","ttl":300,"data":["192.0.2.1"],"enabled":true}`},
		{KindRecord, `{"zone":"example.com","name":"@","type":"mx","data":["10   mail.example.com."]}`, `{"zone":"example.com","name":"example.com.","type":"MX","ttl":300,"data":["10 mail.example.com."],"enabled":true}`},
		{KindAccessDomain, `{"name":"GTM.example.com.","type":"a","policy":"proximity","pools":[{"pool":"x"}]}`, `{"name":"gtm.example.com","type":"A","ttl":60,"policy":"proximity","order":"serial","unmatched":"fallback","all_down":"serve_all","pools":[{"pool":"x","serial":1,"weight":1,"lines":["default"],"enabled":true}],"enabled":true}`},
		{KindAssertion, `{"name":"gtm.example.com","expect":{"pool":"x"}}`, `{"name":"gtm.example.com","type":"A","line":"default","expect":{"pool":"x"},"enabled":true}`},
	} {
		o, err := Decode(c.kind, []byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
		} else if got := string(Encode(o)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

// TestNewHasTheDefaultsOfDecode: an object built in code and one read from an empty
// body are equal, so the API, the file and the code agree on defaults.
func TestNewHasTheDefaultsOfDecode(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds {
		made := New(k)
		made.Normalize()
		read, err := Decode(k, []byte(`{}`))
		if err != nil || !reflect.DeepEqual(made, read) {
			t.Errorf("%s: New gives %s, Decode of {} %s, %v", k, Encode(made), Encode(read), err)
		}
	}
	if New("cat") != nil {
		t.Error("New made an object of an unknown kind")
	}
	if _, err := Decode("cat", []byte(`{}`)); err == nil {
		t.Error("Decode read an object of an unknown kind")
	}
	if _, err := Decode(KindPool, []byte(`{"members":{}}`)); err == nil || !strings.Contains(err.Error(), "decode pool") {
		t.Errorf("a body of the wrong shape: %v", err)
	}
	if o, err := Decode(KindPool, []byte(`{"name":"a","type":"IPv4","from_a_newer_release":1}`)); err != nil || o.Key().Name != "a" {
		t.Errorf("a field of a newer release: %v, %v", o, err)
	}
}

// TestChecksWithoutNormalize: Check reports on any object and never panics.
func TestChecksWithoutNormalize(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds {
		New(k).Check(&Report{})
	}
	for _, p := range []Protocol{Ping, TCP, HTTP, HTTPS} {
		(&Template{Name: "a", Protocol: p}).Check(&Report{})
	}
}

// TestHeaderValues: secrets by reference keep their reference and nothing else.
func TestHeaderValues(t *testing.T) {
	t.Parallel()
	var h map[string]Value
	in := `{"a":"text","b":{"value_from":{"file":"/run/secret"}}}`
	if err := json.Unmarshal([]byte(in), &h); err != nil {
		t.Fatal(err)
	}
	if h["a"] != (Value{Text: "text"}) || h["b"] != (Value{File: "/run/secret"}) {
		t.Errorf("read %+v", h)
	}
	if out, _ := json.Marshal(h); !bytes.Equal(out, []byte(in)) {
		t.Errorf("wrote %s", out)
	}
	for _, bad := range []string{`{"a":1}`, `{"a":{"value_from":{}}}`, `{"a":{"file":"x"}}`, `{"a":["x"]}`} {
		if err := json.Unmarshal([]byte(bad), &h); err == nil || !strings.Contains(err.Error(), "value_from") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{`"5"`, `5`, `""`, `"5 s"`, `"1d"`} {
		if _, err := Decode(KindTemplate, []byte(`{"interval":`+bad+`}`)); err == nil {
			t.Errorf("interval %s was read", bad)
		}
	}
	o, err := Decode(KindTemplate, []byte(`{"interval":"90s"}`))
	if err != nil || o.(*Template).Interval.String() != "1m30s" {
		t.Errorf("90s: %v, %v", o, err)
	}
}
