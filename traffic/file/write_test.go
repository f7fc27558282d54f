package file_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
	"pgregory.net/rapid"
)

func TestWriteIsShort(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := file.Write(&b, parse(t, contract).Objects...); err != nil {
		t.Fatal(err)
	}
	const want = `apiVersion: meridian/v1
settings:
  nameservers: [ns1.example.net, ns2.example.net]
  soa: {contact: hostmaster.example.net, ttl: 3600, refresh: 86400, retry: 7200, expire: 3600000, negative_ttl: 60}
lines:
  - name: office
    cidrs: [198.51.100.0/24, '2001:db8:5::/48']
templates:
  - name: web
    protocol: http
    interval: 5s
    http: {host: www.example.com, path: /healthz, expect_status: [200-399], expect_body: ok}
addresses:
  - name: hz-1
    address: 203.0.113.10
    tasks:
      - {template: web, port: 80}
    location: {latitude: 30.27, longitude: 120.15}
pools:
  - name: hangzhou
    type: IPv4
    policy: weighted
    answers: 1
    members:
      - {address: hz-1}
zones:
  - name: example.com
    records:
      - {name: www, type: CNAME, data: [gtm.example.com.]}
access_domains:
  - name: gtm.example.com
    type: A
    ttl: 30
    policy: proximity
    order: serial
    pools:
      - {pool: hangzhou, lines: [cn, default]}
assertions:
  - name: gtm.example.com
    type: A
    line: telecom
    expect: {pool: hangzhou}
`
	if b.String() != want {
		t.Errorf("wrote\n%s\nwant\n%s", b.String(), want)
	}
	if err := file.Write(&b, &traffic.Record{Zone: "example.com", Name: "a.example.com."}); err == nil || !strings.Contains(err.Error(), "need the zone") {
		t.Errorf("records without their zone: %v", err)
	}
}

// genObjects draws a set of objects of every kind with any field set to anything that
// the JSON form can hold; they need not be legal together.
func genObjects(t *rapid.T) []traffic.Object {
	word := rapid.OneOf(rapid.StringMatching(`[a-z][a-z0-9.-]{0,8}`), rapid.SampledFrom([]string{"", "true", "null", "~", "7", "1e3", "0x1f", "2026-11-22", "yes",
		"a: b", "# c", "- d", "[e", "'f", "\"g\"", " h", "i ", "<<", "*j", "&k", "!l", "|", ">", "%m", "@", "`n", "{o}", "中国", "\tp", "q\nr", "\n", "\r\n", "\u0085", "\u2028", "\ufeffs", "\x00", "\x7f", "t\\"}))
	name := rapid.StringMatching(`[a-z][a-z0-9-]{0,6}`)
	words := rapid.SliceOfN(word, 0, 3)
	num := rapid.IntRange(-5, 70000)
	meta := func() traffic.Meta {
		m := traffic.Meta{Enabled: rapid.Bool().Draw(t, "enabled"), Remark: word.Draw(t, "remark")}
		if rapid.Bool().Draw(t, "labelled") {
			m.Labels = rapid.MapOfN(word, word, 1, 3).Draw(t, "labels")
		}
		return m
	}
	link := func() traffic.Link {
		return traffic.Link{Serial: num.Draw(t, "serial"), Weight: num.Draw(t, "weight"), Lines: words.Draw(t, "lines"), Enabled: rapid.Bool().Draw(t, "on")}
	}
	steering := func() traffic.Steering {
		return traffic.Steering{Policy: rapid.SampledFrom([]traffic.Policy{traffic.Weighted, traffic.Sequential, traffic.Proximity, traffic.RoundRobin}).Draw(t, "policy"),
			Mode: word.Draw(t, "mode"), Order: word.Draw(t, "order")}
	}
	soa := func() traffic.SOA {
		return traffic.SOA{MName: word.Draw(t, "mname"), Contact: word.Draw(t, "contact"), TTL: rapid.Uint32().Draw(t, "ttl"), NegativeTTL: rapid.Uint32().Draw(t, "negative")}
	}
	var out []traffic.Object
	for i := range rapid.IntRange(1, 6).Draw(t, "objects") {
		n := fmt.Sprintf("%s%d", name.Draw(t, "name"), i)
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0:
			if i == 0 {
				out = append(out, &traffic.Settings{Nameservers: words.Draw(t, "ns"), SOA: soa(), Meta: meta()})
			}
		case 1:
			out = append(out, &traffic.Line{Name: n, CIDRs: words.Draw(t, "cidrs"), Meta: meta()})
		case 2:
			opts := &traffic.HTTPOptions{Host: word.Draw(t, "host"), Path: word.Draw(t, "path"), Method: word.Draw(t, "method"), ExpectStatus: words.Draw(t, "status"),
				ExpectBody: word.Draw(t, "body"), FollowRedirects: rapid.Bool().Draw(t, "follow"), SNI: word.Draw(t, "sni"), MinDaysLeft: num.Draw(t, "days")}
			if rapid.Bool().Draw(t, "verified") {
				v := rapid.Bool().Draw(t, "verify")
				opts.Verify = &v
			}
			if rapid.Bool().Draw(t, "headers") {
				opts.Headers = map[string]traffic.Value{word.Draw(t, "header"): {Text: word.Draw(t, "text")}, "b": {File: name.Draw(t, "file")}}
			}
			out = append(out, &traffic.Template{Name: n, Protocol: rapid.SampledFrom([]traffic.Protocol{"http", "https", "tcp", "ping", "no"}).Draw(t, "protocol"),
				IPVersion: word.Draw(t, "version"), Interval: traffic.Duration(rapid.Int64Range(0, 1e13).Draw(t, "interval")), Timeout: traffic.Duration(rapid.Int64Range(0, 1e13).Draw(t, "timeout")),
				EvaluationCount: num.Draw(t, "evaluation"), RecoveryCount: num.Draw(t, "recovery"), FailureRate: num.Draw(t, "rate"), Vantages: words.Draw(t, "vantages"),
				HTTPS: opts, TCP: &traffic.TCPOptions{Send: word.Draw(t, "send"), Expect: word.Draw(t, "expect")}, Meta: meta()})
		case 3:
			a := &traffic.Address{Name: n, Address: word.Draw(t, "address"), Mode: traffic.Mode(word.Draw(t, "mode")), Judgement: traffic.Judgement(word.Draw(t, "judgement")), Meta: meta()}
			if rapid.Bool().Draw(t, "located") {
				a.Location = &traffic.Location{Latitude: rapid.Float64Range(-1e9, 1e9).Draw(t, "latitude"), Longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude")}
			}
			for range rapid.IntRange(0, 3).Draw(t, "tasks") {
				a.Tasks = append(a.Tasks, traffic.Task{Template: word.Draw(t, "template"), Port: num.Draw(t, "port"), Enabled: rapid.Bool().Draw(t, "on")})
			}
			out = append(out, a)
		case 4:
			p := &traffic.Pool{Name: n, Type: traffic.Family(word.Draw(t, "type")), Steering: steering(), Answers: num.Draw(t, "answers"), Judgement: traffic.Judgement(word.Draw(t, "judgement")), Meta: meta()}
			for range rapid.IntRange(0, 3).Draw(t, "members") {
				p.Members = append(p.Members, traffic.Member{Address: word.Draw(t, "address"), Link: link()})
			}
			out = append(out, p)
		case 5:
			z := &traffic.Zone{Name: n, Nameservers: words.Draw(t, "ns"), SOA: soa(), Meta: meta()}
			out = append(out, z)
			for j := range rapid.IntRange(0, 3).Draw(t, "records") {
				out = append(out, &traffic.Record{Zone: n, Name: rapid.SampledFrom([]string{"@", "a", "*.b", "c." + n + ".", "x"}).Draw(t, "owner"), Type: fmt.Sprintf("TYPE6528%d", j),
					TTL: rapid.Uint32().Draw(t, "ttl"), Data: words.Draw(t, "data"), Meta: meta()})
			}
		case 6:
			d := &traffic.AccessDomain{Name: n + ".example", Type: rapid.SampledFrom([]string{"A", "AAAA", "CNAME"}).Draw(t, "type"), TTL: rapid.Uint32().Draw(t, "ttl"), Steering: steering(),
				Unmatched: word.Draw(t, "unmatched"), AllDown: word.Draw(t, "down"), Meta: meta()}
			for range rapid.IntRange(0, 3).Draw(t, "pools") {
				d.Pools = append(d.Pools, traffic.PoolMember{Pool: word.Draw(t, "pool"), Link: link()})
			}
			out = append(out, d)
		case 7:
			out = append(out, &traffic.Assertion{Name: n + ".example", Type: "A", Line: name.Draw(t, "line"), Expect: traffic.Expect{Pool: word.Draw(t, "pool"), Address: word.Draw(t, "address")}, Meta: meta()})
		}
	}
	return out
}

// stored is the form in which every object of a set lives: normalized, read from JSON.
func stored(t *rapid.T, objects []traffic.Object) []traffic.Object {
	out := make([]traffic.Object, len(objects))
	for i, o := range objects {
		o.Normalize()
		n, err := traffic.Decode(o.Key().Kind, traffic.Encode(o))
		if err != nil {
			t.Fatalf("decode %s: %v", o.Key(), err)
		}
		out[i] = n
	}
	return out
}

func TestLoadOfWrite(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := stored(t, genObjects(t))
		if len(want) == 0 {
			return
		}
		var b bytes.Buffer
		if err := file.Write(&b, want...); err != nil {
			t.Fatal(err)
		}
		set, err := file.Parse("x.yaml", b.Bytes())
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, b.String())
		}
		if len(set.Objects) != len(want) {
			t.Fatalf("%d objects became %d in\n%s", len(want), len(set.Objects), b.String())
		}
		for _, o := range want {
			got := set.Get(o.Key())
			if got == nil {
				t.Fatalf("%s is lost in\n%s", o.Key(), b.String())
			}
			if w, g := traffic.Encode(o), traffic.Encode(got); !bytes.Equal(w, g) {
				t.Fatalf("%s came back as\n%s\nnot\n%s\nthrough\n%s", o.Key(), g, w, b.String())
			}
		}
	})
}

// FuzzParse: whatever is accepted can be written and is then read as the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(contract))
	for _, s := range []string{"", "apiVersion: meridian/v1\n", "apiVersion: meridian/v1\npools: [&a {name: x, members: [{address: b}]}, {<<: *a, name: y}]\n",
		"apiVersion: meridian/v1\nzones: [{name: ., records: [{name: '@', type: TXT, data: ['\"a\"']}, {name: b, type: TYPE65280, data: ['\\# 1 00']}]}]\n",
		"apiVersion: meridian/v1\ntemplates: [{name: a, interval: 1m0s, https: {headers: {A: {value_from: {file: b}}}, verify: false}}]\n---\n# x\n",
		"apiVersion: meridian/v1\naddresses: [{name: a, location: {latitude: -0.0, longitude: 1e-7}, labels: {'': ''}}]\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := file.Parse("fuzz.yaml", text)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := file.Write(&b, set.Objects...); err != nil {
			t.Fatal(err)
		}
		again, err := file.Parse("again.yaml", b.Bytes())
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, b.String())
		}
		if len(again.Objects) != len(set.Objects) {
			t.Fatalf("%d objects became %d through\n%s", len(set.Objects), len(again.Objects), b.String())
		}
		for _, o := range set.Objects {
			got := again.Get(o.Key())
			if got == nil || !bytes.Equal(traffic.Encode(o), traffic.Encode(got)) {
				t.Fatalf("%s changed through\n%s", o.Key(), b.String())
			}
		}
	})
}
