package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
)

// contract is the example of the outer contract, every field of it.
const contract = `apiVersion: meridian/v1
settings: {nameservers: [ns1.example.net., ns2.example.net.], soa: {contact: hostmaster.example.net., negative_ttl: 60}}
lines:
  - {name: office, cidrs: [198.51.100.0/24, "2001:db8:5::/48"]}
templates:
  - name: web
    protocol: http
    ip_version: IPv4
    interval: 5s
    timeout: 2s
    evaluation_count: 2
    failure_rate: 50
    vantages: []
    http: {host: www.example.com, path: /healthz, method: GET, expect_status: ["200-399"], expect_body: "ok", follow_redirects: false, headers: {}}
addresses:
  - name: hz-1
    address: 203.0.113.10
    mode: auto
    judgement: any_ok
    tasks: [{template: web, port: 80}]
    location: {latitude: 30.27, longitude: 120.15}
pools:
  - name: hangzhou
    type: IPv4
    policy: weighted
    answers: 1
    judgement: any_ok
    members: [{address: hz-1, serial: 1, weight: 1, lines: [default]}]
zones:
  - name: example.com
    records:
      - {name: www, type: CNAME, ttl: 300, data: [gtm.example.com.]}
access_domains:
  - name: gtm.example.com
    type: A
    ttl: 30
    policy: proximity
    unmatched: fallback
    all_down: serve_all
    pools: [{pool: hangzhou, serial: 1, weight: 1, lines: [cn, default]}]
assertions:
  - {name: gtm.example.com, type: A, line: "telecom", expect: {pool: hangzhou}}
`

func parse(t *testing.T, text string) *file.Set {
	t.Helper()
	s, err := file.Parse("x.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContractExample(t *testing.T) {
	t.Parallel()
	s := parse(t, contract)
	var keys []string
	for _, o := range s.Objects {
		keys = append(keys, o.Key().String())
	}
	want := []string{"settings settings", "line office", "template web", "address hz-1", "pool hangzhou", "zone example.com",
		"record example.com/www.example.com/CNAME", "access_domain gtm.example.com/A", "assertion gtm.example.com/A@telecom"}
	if !slices.Equal(keys, want) {
		t.Errorf("objects are\n%q, want\n%q", keys, want)
	}
	if !slices.Equal(s.Whole, []string{"example.com"}) {
		t.Errorf("whole zones are %q", s.Whole)
	}
	if tpl := s.Get(traffic.Key{Kind: traffic.KindTemplate, Name: "web"}).(*traffic.Template); time.Duration(tpl.Interval) != 5*time.Second ||
		tpl.HTTP.Host != "www.example.com" || !tpl.Enabled || tpl.FailureRate != 50 {
		t.Errorf("template is %+v", tpl)
	}
	if p := s.Get(traffic.Key{Kind: traffic.KindPool, Name: "hangzhou"}).(*traffic.Pool); !p.Members[0].Enabled || p.Members[0].Weight != 1 {
		t.Errorf("pool is %+v", p)
	}
	d := traffic.NewDraft(traffic.NewModel())
	for _, o := range s.Objects {
		d.Put(o)
	}
	if r := d.Check(); !r.OK() {
		t.Errorf("the contract's example is refused: %v", r.Err())
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const v = "apiVersion: meridian/v1\n"
	for _, row := range []struct {
		says string
		text string
		want string // the whole first finding
	}{
		{"an empty file says what to begin with", "", "x.yaml: is empty; begin it with apiVersion: meridian/v1"},
		{"a document without version is not guessed at", "pools: []\n", "x.yaml:1:1: apiVersion is missing; begin the document with apiVersion: meridian/v1"},
		{"a newer version is refused", "apiVersion: meridian/v2\n", `x.yaml:1:13: apiVersion is "meridian/v2"; this release reads meridian/v1`},
		{"a list is not a document", "- a\n", "x.yaml:1:1: is a list, but must be a mapping that begins with apiVersion: meridian/v1"},
		{"broken YAML names the line", v + "pools: [\n", "x.yaml:2: is not YAML: did not find expected node content"},
		{"a broken document is not about the object before it", v + "pools: [{name: a}]\n---\npools: [\n", "x.yaml:4: is not YAML: did not find expected node content"},
		{"an unknown section is compared with the known", v + "pool: []\n", "x.yaml:2:1: pool is not a field here; did you mean pools?"},
		{"a section must be a list", v + "pools: {name: a}\n", "x.yaml:2:8: pools is a mapping, but must be a list"},
		{"an unknown field is compared with the known", v + "pools:\n  - name: a\n    polcy: weighted\n", "x.yaml:4:5: pool a: polcy is not a field here; did you mean policy?"},
		{"a hyphen for an underscore is found", v + "templates:\n- name: a\n  evaluation-count: 2\n", "x.yaml:4:3: template a: evaluation-count is not a field here; did you mean evaluation_count?"},
		{"an unknown field like no other lists the known", v + "lines:\n- name: a\n  xyzzy: 2\n", "x.yaml:4:3: line a: xyzzy is not a field here; known are name, cidrs, enabled, labels, remark"},
		{"a nested field has its path", v + "pools:\n- {name: a, members: [{address: b, wieght: 3}]}\n", "x.yaml:3:36: pool a: members[0].wieght is not a field here; did you mean weight?"},
		{"a number must be whole", v + "pools:\n- {name: a, members: [{address: b, weight: 1.5}]}\n", `x.yaml:3:44: pool a: members[0].weight is "1.5", but must be a whole number`},
		{"a number is not text", v + "pools:\n- {name: a, answers: many}\n", `x.yaml:3:22: pool a: answers is "many", but must be a whole number`},
		{"true is not text", v + "pools:\n- {name: a, remark: true}\n", "x.yaml:3:21: pool a: remark is true, but must be text; write it in quotes"},
		{"yes is not a boolean", v + "pools:\n- {name: a, enabled: yes}\n", `x.yaml:3:22: pool a: enabled is "yes", but must be true or false`},
		{"a duration needs its unit", v + "templates:\n- {name: a, interval: 5}\n", `x.yaml:3:23: template a: interval "5" is not a duration; write for example 5s, 500ms or 1m30s`},
		{"a list is wanted", v + "lines:\n- {name: a, cidrs: 192.0.2.0/24}\n", `x.yaml:3:20: line a: cidrs is "192.0.2.0/24", but must be a list`},
		{"text is wanted", v + "lines:\n- {name: a, cidrs: [[192.0.2.0/24]]}\n", "x.yaml:3:21: line a: cidrs[0] is a list, but must be text"},
		{"an item must not be empty", v + "lines:\n- \n", "x.yaml:3:2: lines[0] is empty; remove the item or fill it"},
		{"a TTL is not negative", v + "access_domains:\n- {name: a.example, ttl: -1}\n", "x.yaml:3:26: access_domain a.example: ttl is -1, which is out of range"},
		{"a key stands once", v + "pools:\n- name: a\n  type: IPv4\n  type: IPv6\n", "x.yaml:5:3: pool a: type stands twice; it is already in line 4"},
		{"an object stands once", v + "pools:\n- name: a\n- name: a\n", "x.yaml:4:3: pool a: is declared twice; it is already in x.yaml:3"},
		{"two spellings are one object", v + "zones:\n- name: Example.COM.\n- name: example.com\n", "x.yaml:4:3: zone example.com: is declared twice; it is already in x.yaml:3"},
		{"managed fields are the server's", v + "zones:\n- {name: example.com, serial: 7}\n", "x.yaml:3:23: zone example.com: serial is set by the server; remove it"},
		{"a record has its zone from its place", v + "zones:\n- {name: example.com, records: [{zone: x, name: a, type: A, data: [192.0.2.1]}]}\n", "x.yaml:3:40: zone example.com: records[0].zone is given by the place of the record; remove it"},
		{"a record needs a name", v + "zones:\n- {name: example.com, records: [{type: A, data: [192.0.2.1]}]}\n", "x.yaml:3:33: zone example.com: records[0].name is missing; write @ for the apex"},
		{"an RRset stands once", v + "zones:\n- name: example.com\n  records:\n  - {name: a, type: A, data: [192.0.2.1]}\n  - {name: a.example.com., type: a, data: [192.0.2.2]}\n",
			"x.yaml:6:5: record example.com/a.example.com/A: is declared twice; it is already in x.yaml:5"},
		{"records and a master file exclude each other", v + "zones:\n- {name: example.com, records: [], file: x}\n", "x.yaml:3:42: zone example.com: file stands beside records; give one of them"},
		{"a secret is text or a file", v + "templates:\n- {name: a, protocol: http, http: {headers: {A: {value_from: {}}}}}\n", "x.yaml:3:49: template a: http.headers.A is neither text nor {value_from: {file: PATH}}"},
		{"a mapping has plain keys", v + "pools:\n- {name: a, labels: {[x]: y}}\n", "x.yaml:3:22: pool a: labels has a key that is not a plain word"},
		{"an alias that contains itself is found", v + "pools:\n- {name: a, members: &m [*m]}\n", "x.yaml:3:22: pool a: members[0] is a list, but must be fields, written as a mapping"},
	} {
		t.Run(row.says, func(t *testing.T) {
			t.Parallel()
			s, err := file.Parse("x.yaml", []byte(row.text))
			var invalid *file.Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, %v; want findings", s, err)
			}
			if got := invalid.Problems[0].String(); got != row.want {
				t.Errorf("said\n%s\nwant\n%s", got, row.want)
			}
		})
	}
}

func TestAcceptances(t *testing.T) {
	t.Parallel()
	const v = "apiVersion: meridian/v1\n"
	for _, row := range []struct {
		says  string
		text  string
		check func(*file.Set) bool
	}{
		{"several documents are one set", v + "pools: [{name: a}]\n---\n" + v + "pools: [{name: b}]\n", func(s *file.Set) bool { return len(s.Objects) == 2 }},
		{"a document of comments only is nothing", "# made by a tool\n---\n" + v + "pools: [{name: a}]\n---\n# end\n", func(s *file.Set) bool { return len(s.Objects) == 1 }},
		{"an empty section is nothing", v + "pools:\n", func(s *file.Set) bool { return len(s.Objects) == 0 }},
		{"a field left empty has its default", v + "pools: [{name: a, policy: }]\n", func(s *file.Set) bool { return s.Objects[0].(*traffic.Pool).Policy == traffic.RoundRobin }},
		{"a status code may be a number", v + "templates: [{name: a, protocol: http, http: {expect_status: [200, 204]}}]\n",
			func(s *file.Set) bool {
				return slices.Equal(s.Objects[0].(*traffic.Template).HTTP.ExpectStatus, []string{"200", "204"})
			}},
		{"a name may look like a number", v + "pools: [{name: 007}]\n", func(s *file.Set) bool { return s.Objects[0].Key().Name == "007" }},
		{"a label may look like a date", v + "pools: [{name: a, labels: {since: 2026-11-22}}]\n", func(s *file.Set) bool { return s.Objects[0].(*traffic.Pool).Labels["since"] == "2026-11-22" }},
		{"anchors and merge keys save writing", v + "pools:\n- &base {name: a, policy: weighted, answers: 2}\n- {<<: *base, name: b}\n", func(s *file.Set) bool {
			b := s.Objects[1].(*traffic.Pool)
			return b.Name == "b" && b.Policy == traffic.Weighted && b.Answers == 2
		}},
		{"a secret may come from a file", v + "templates: [{name: a, protocol: http, http: {headers: {Authorization: {value_from: {file: /run/token}}, X: 1}}}]\n", func(s *file.Set) bool {
			h := s.Objects[0].(*traffic.Template).HTTP.Headers
			return h["Authorization"].File == "/run/token" && h["X"].Text == "1"
		}},
		{"a zone without records says nothing about them", v + "zones: [{name: example.com}]\n", func(s *file.Set) bool { return len(s.Whole) == 0 }},
		{"an empty list of records empties the zone", v + "zones: [{name: example.com, records: []}]\n", func(s *file.Set) bool { return len(s.Whole) == 1 }},
		{"a partial zone keeps its other records", v + "zones: [{name: example.com, partial: true, records: [{name: '@', type: A, data: [192.0.2.1]}]}]\n",
			func(s *file.Set) bool { return len(s.Whole) == 0 && len(s.Objects) == 2 }},
		{"names are canonical", v + "access_domains: [{name: GTM.Example.com., type: aaaa}]\n", func(s *file.Set) bool { return s.Objects[0].Key().Name == "gtm.example.com/AAAA" }},
	} {
		t.Run(row.says, func(t *testing.T) {
			t.Parallel()
			if s := parse(t, row.text); !row.check(s) {
				t.Errorf("got %+v, whole %v", s.Objects, s.Whole)
			}
		})
	}
}

// TestAliasBomb: nine levels of nine aliases would be 387 million values.
func TestAliasBomb(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("apiVersion: meridian/v1\nlines:\n- name: a\n  cidrs: &a0 [x,x,x,x,x,x,x,x,x]\n")
	b.WriteString("- name: b\n  labels: &l0 {a: b}\n")
	b.WriteString("pools:\n")
	prev := "{<<: *l0}"
	for i := range 9 {
		b.WriteString("- {name: p" + string(rune('0'+i)) + ", labels: &m" + string(rune('0'+i)) + " {<<: [" + strings.Repeat(prev+",", 9) + "]}}\n")
		prev = "*m" + string(rune('0'+i))
	}
	start := time.Now()
	_, err := file.Parse("bomb.yaml", []byte(b.String()))
	var invalid *file.Invalid
	if !errors.As(err, &invalid) || !strings.Contains(err.Error(), "do not nest aliases") {
		t.Errorf("got %.200v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestManyFindings: a file of another kind gives a bounded answer.
func TestManyFindings(t *testing.T) {
	t.Parallel()
	_, err := file.Parse("x.yaml", []byte("apiVersion: meridian/v1\npools:\n"+strings.Repeat("- {nme: a}\n", 5000)))
	var invalid *file.Invalid
	if !errors.As(err, &invalid) || len(invalid.Problems) != 100 {
		t.Errorf("got %d findings, want 100", len(invalid.Problems))
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "b.yaml", "apiVersion: meridian/v1\npools: [{name: b}]\n")
	write(t, dir, "a.yml", "apiVersion: meridian/v1\npools: [{name: a}]\n")
	write(t, dir, "notes.txt", "not ours")
	write(t, dir, ".hidden.yaml", "not ours")
	s, err := file.Load(dir)
	if err != nil || len(s.Objects) != 2 || s.Objects[0].Key().Name != "a" {
		t.Fatalf("got %v, %v", s, err)
	}
	write(t, dir, "c.yaml", "apiVersion: meridian/v1\npools: [{name: a}]\n")
	want := filepath.Join(dir, "c.yaml") + ":2:9: pool a: is declared twice; it is already in " + filepath.Join(dir, "a.yml") + ":2"
	if _, err = file.Load(dir); err == nil || err.Error() != want {
		t.Errorf("said\n%v\nwant\n%s", err, want)
	}
	if _, err = file.Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no *.yaml file") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err = file.Load(filepath.Join(dir, "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err = file.Load(); err == nil {
		t.Error("no path at all is accepted")
	}
}

func TestMasterFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "example.com.zone", `$TTL 300
@	IN SOA ns1.example.net. hostmaster.example.net. 2026010101 7200 3600 1209600 120
	IN NS ns1.example.net.
	IN NS ns2
www	600 IN A 192.0.2.1
www	300 IN A 192.0.2.2
*.dev	IN TXT "a b" "c"
`)
	yaml := write(t, dir, "x.yaml", "apiVersion: meridian/v1\nzones:\n- {name: example.com, file: example.com.zone, soa: {contact: me.example.net.}}\n")
	s, err := file.Load(yaml)
	if err != nil {
		t.Fatal(err)
	}
	z := s.Get(traffic.Key{Kind: traffic.KindZone, Name: "example.com"}).(*traffic.Zone)
	if !slices.Equal(z.Nameservers, []string{"ns1.example.net", "ns2.example.com"}) {
		t.Errorf("nameservers are %q", z.Nameservers)
	}
	if z.SOA.Contact != "me.example.net" || z.SOA.Refresh != 0 || z.Serial != 0 {
		t.Errorf("the YAML's soa should stand for the whole: %+v", z)
	}
	www, ok := s.Get(traffic.Key{Kind: traffic.KindRecord, Name: "example.com/www.example.com/A"}).(*traffic.Record)
	if !ok || www.TTL != 300 || len(www.Data) != 2 {
		t.Errorf("www is %+v; the smallest TTL of an RRset counts", www)
	}
	if !slices.Equal(s.Whole, []string{"example.com"}) || len(s.Objects) != 3 {
		t.Errorf("whole %v, objects %v", s.Whole, s.Objects)
	}

	write(t, dir, "example.com.zone", "www IN A 192.0.2.999\n")
	if _, err = file.Load(yaml); err == nil || !strings.Contains(err.Error(), "x.yaml:3:29: zone example.com: file example.com.zone: line 1:") {
		t.Errorf("a bad line of the master file: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "example.com.zone")); err != nil {
		t.Fatal(err)
	}
	if _, err = file.Load(yaml); err == nil || !strings.Contains(err.Error(), "example.com.zone: no such file") {
		t.Errorf("a missing master file: %v", err)
	}
	if _, err := file.Parse("x.yaml", []byte("apiVersion: meridian/v1\nzones: [{name: example.com, file: /etc/passwd}]\n")); err == nil || !strings.Contains(err.Error(), "cannot be read from here") {
		t.Errorf("Parse reads a file: %v", err)
	}
}

func TestMasterRefusals(t *testing.T) {
	t.Parallel()
	const soa = "@ 60 IN SOA ns1.example.net. h.example.net. 1 2 3 4 5\n"
	for _, row := range []struct{ says, zone, text, want string }{
		{"a zone has one SOA", "example.com", soa + soa, "2 SOA records"},
		{"the SOA is the apex's", "example.com", "a" + soa[1:], "belongs to a.example.com."},
		{"the zone has a name", "", soa, "is empty"},
		{"an empty file is not an empty zone", "example.com", "; nothing\n", "holds no records of example.com."},
		{"an include would read the disk", "example.com", "$INCLUDE /etc/passwd\n", "$INCLUDE"},
	} {
		if _, err := file.ReadMaster(strings.NewReader(row.text), row.zone); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v", row.says, err)
		}
	}
}

// TestLocate puts a finding of the rules at its line.
func TestLocate(t *testing.T) {
	t.Parallel()
	s := parse(t, "apiVersion: meridian/v1\npools:\n- name: a\n  members:\n  - {address: gone, weight: 500}\n")
	d := traffic.NewDraft(traffic.NewModel())
	for _, o := range s.Objects {
		d.Put(o)
	}
	var got []string
	for _, p := range s.Locate(d.Check().Errors) {
		got = append(got, p.Pos.String()+" "+p.Field)
	}
	if want := []string{"x.yaml:5:15 members[0].address", "x.yaml:5:29 members[0].weight"}; !slices.Equal(got, want) {
		t.Errorf("located at %q, want %q", got, want)
	}
	if p := s.Locate([]traffic.Problem{{Kind: traffic.KindPool, Name: "other", Message: "is x"}}); p[0].String() != "pool other: is x" {
		t.Errorf("an object that the file does not declare: %q", p[0])
	}
	if p := s.Locate([]traffic.Problem{{Kind: traffic.KindPool, Name: "a", Field: "judgement", Message: "is x"}}); p[0].Line != 3 {
		t.Errorf("a field that is not given points at %v, want its object", p[0].Pos)
	}
}
